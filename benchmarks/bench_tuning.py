"""Hyperparameter optimization: regret on tables, trials per second beside Optuna and torch, pruning."""

import time
from typing import Any

from harness import Target, check, figure, main, number, ratio, spread, table

TITLE = "Tuning: regret, throughput, pruning"
SETTINGS = {"NPROC=1": {"NPROC": "1"}}
TARGETS = (
    Target("Bayesian regret after 50 trials, over TPE's", "regret_to_tpe", "<=", 1.0, "×"),
    Target("Bayesian regret after 50 trials, over random's", "regret_to_random", "<=", 1.0, "×"),
    Target("trials per second, over Optuna + torch eager", "throughput", ">=", 15.0, "×"),
    Target("epochs to the same hypervolume, of those without pruning", "pruned_epochs", "<=", 0.5, "×"),
)
_TRIALS = 50
_SPACE = {
    "learning_rate": ("log_uniform", 1e-4, 3e-2),
    "weight_decay": ("log_uniform", 1e-6, 1e-2),
    "batch_size": [32, 64],
    "hidden": [32, 64],
}


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`."""
    regrets = _regrets(4 if quick else 30)
    speed = _throughput(1 if quick else 3, 16 if quick else 64, 4 if quick else 12)
    pruned = _pruning(2 if quick else 10)
    tests = regrets["tests"]
    return {
        "figures": {
            "regret_to_tpe": figure([regrets["ratios"]["tpe"]]),
            "regret_to_random": figure([regrets["ratios"]["random"]]),
            "throughput": speed["ratio"],
            "pruned_epochs": figure(pruned["shares"]),
        },
        "checks": [
            check(
                "Bayesian is below random (Wilcoxon, paired by table and seed)",
                quick or tests["random"] < 0.01,
                f"one-sided p = {number(tests['random'], 2)}",
            ),
            check(
                "Bayesian is not above TPE (Wilcoxon, paired by table and seed)",
                quick or tests["tpe"] < 0.05,
                f"one-sided p = {number(tests['tpe'], 2)}",
            ),
            check(
                "both sides of the race found trainings as good",
                max(speed["best"]) <= 2 * min(speed["best"]),
                f"best validation losses {', '.join(number(b) for b in speed['best'])}",
            ),
        ],
        "tables": [regrets["table"], speed["table"], pruned["table"]],
        "notes": [
            "Tables: MLPs trained at every configuration of learning rate, weight decay, width, batch size "
            "and optimizer, means over three seeds (`make_tuning_tables.py`). Regret is the loss above the "
            "best of the table, as a share of the median's, clipped at 1.",
            "The race: 10-h-1 tanh nets, 1000 rows, 50 epochs, AdamW, the space "
            f"{', '.join(_SPACE)}; compiled programs are in the cache, compiling has a row of its own.",
        ],
    }


def _regrets(seeds: int) -> dict[str, Any]:
    import numpy as np
    from scipy.stats import wilcoxon
    from tuning_table import NAMES, Table

    found: dict[str, dict[str, Any]] = {}
    methods = ("bayesian", "tpe", "random", "sobol")
    for name in NAMES:
        held = Table(name)
        found[name] = {m: np.array([_curve(held, m, seed) for seed in range(seeds)]) for m in methods}
    ends = {m: np.concatenate([found[name][m][:, -1] for name in NAMES]) for m in methods}
    rows = [
        [name, m, *(f"{found[name][m][:, k - 1].mean():.4f}" for k in (10, 20, 30, 50))]
        for name in NAMES
        for m in methods
    ]
    rows += [
        [
            "all",
            m,
            *(f"{np.mean([found[n][m][:, k - 1].mean() for n in NAMES]):.4f}" for k in (10, 20, 30, 50)),
        ]
        for m in methods
    ]
    ours = ends["bayesian"]
    return {
        "ratios": {m: float(ours.mean() / ends[m].mean()) for m in ("tpe", "random")},
        "tests": {m: float(wilcoxon(ours, ends[m], alternative="less").pvalue) for m in ("tpe", "random")},
        "table": table(
            f"Mean regret over {seeds} seeds, after so many trials",
            ["table", "method", "10", "20", "30", "50"],
            rows,
        ),
    }


def _curve(held: Any, method: str, seed: int) -> Any:
    """Return the regret after every trial; Optuna's TPE is driven as its users drive it, by one study."""
    import numpy as np

    from neuralopt.tuning import Observation
    from neuralopt.tuning.methods import make_sampler

    losses: list[float] = []
    if method == "tpe":
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        axes = held.axes
        for _ in range(_TRIALS):
            trial = study.ask()
            params = {
                "optimizer": trial.suggest_categorical("optimizer", axes["optimizer"]),
                "hidden": trial.suggest_int("hidden", axes["hidden"][0], axes["hidden"][-1], log=True),
                "batch_size": trial.suggest_categorical("batch_size", axes["batch_size"]),
            }
            for name in ("learning_rate", "weight_decay"):
                params[name] = trial.suggest_float(name, axes[name][0], axes[name][-1], log=True)
            losses.append(held.loss(params))
            study.tell(trial, min(losses[-1], 1e30))
    else:
        sampler, known = make_sampler(method), []
        for count in range(_TRIALS):
            params = sampler.propose(held.space, seed, count, known, [])
            losses.append(held.loss(params))
            known.append(Observation(count, params, (losses[-1],)))
    return np.minimum(held.regret(losses), 1.0)


def _throughput(rounds: int, ours: int, theirs: int) -> dict[str, Any]:
    import numpy as np
    import optuna
    import torch

    import neuralopt

    random = np.random.default_rng(0)
    X = random.normal(size=(1250, 10)).astype(np.float32)
    y = (np.sin(2 * X[:, :1]) + X[:, 1:2] * X[:, 2:3]).astype(np.float32)
    data, held = (X[:1000], y[:1000]), (X[1000:], y[1000:])
    epochs, best = 50, []
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(1)

    def compiled(seed: int) -> float:
        begin = time.perf_counter()
        result = neuralopt.tune(
            neuralopt.MLP((10, 64, 1)),
            _SPACE,
            data,
            validation=held,
            epochs=epochs,
            optimizer="adamw",
            max_trials=ours,
            early_stopping_patience=None,
            batch=16,
            seed=seed,
        )
        seconds = time.perf_counter() - begin
        best.append(result.best_value)
        return ours / seconds

    def eager(seed: int) -> float:
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        begin = time.perf_counter()
        study.optimize(lambda trial: _torch_trial(trial, data, held, epochs), n_trials=theirs)
        seconds = time.perf_counter() - begin
        best.append(study.best_value)
        return theirs / seconds

    begin = time.perf_counter()
    compiled(0)
    cold = time.perf_counter() - begin
    best.clear()
    pairs = [(compiled(k + 1), eager(k)) for k in range(rounds)]
    fast, slow = (figure(column) for column in zip(*pairs, strict=True))
    rows = [
        [
            "neuralopt.tune, batches of 16, Gaussian process",
            spread(fast, "trials/s"),
            spread(ratio(fast, slow), "×"),
        ],
        ["Optuna TPE + torch eager, one thread", spread(slow, "trials/s"), "1×"],
        [f"neuralopt.tune, {ours} trials with nothing compiled yet", f"{number(ours / cold)} trials/s", ""],
    ]
    columns = ["what", "rate", "over Optuna + torch"]
    return {"ratio": ratio(fast, slow), "best": best, "table": table("Trials per second", columns, rows)}


def _torch_trial(trial: Any, data: Any, held: Any, epochs: int) -> float:
    import torch

    rate = trial.suggest_float("learning_rate", 1e-4, 3e-2, log=True)
    decay = trial.suggest_float("weight_decay", 1e-6, 1e-2, log=True)
    size = trial.suggest_categorical("batch_size", [32, 64])
    hidden = trial.suggest_categorical("hidden", [32, 64])
    net = torch.nn.Sequential(torch.nn.Linear(10, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1))
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=decay)
    (X, y), (X_held, y_held) = (tuple(map(torch.from_numpy, part)) for part in (data, held))
    best = float("inf")
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for first in range(0, len(X), size):
            rows = order[first : first + size]
            optimizer.zero_grad()
            loss = ((net(X[rows]) - y[rows]) ** 2).mean()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            best = min(best, float(((net(X_held) - y_held) ** 2).mean()))
    return best


def _pruning(seeds: int) -> dict[str, Any]:
    import numpy as np
    from tuning_table import NAMES, Table

    from neuralopt.tuning import ASHA

    rows, shares = [], []
    for name in NAMES:
        held, own = Table(name), []
        for seed in range(seeds):
            whole, fewer = _volumes(held, seed, 60, None), _volumes(held, seed, 240, ASHA())
            reached = [epochs for epochs, volume in fewer if volume >= whole[-1][1] - 1e-12]
            own.append((reached[0] if reached else 2 * fewer[-1][0]) / whole[-1][0])
        shares.append(float(np.median(own)))
        rows.append([name, spread(figure(own)), f"{sum(s <= 0.5 for s in own)} of {seeds}"])
    columns = ["table", "share of the epochs", "at most half"]
    title = "Epochs to the hypervolume (loss, size) of 60 whole trials, with ASHA by dominance"
    return {"shares": shares, "table": table(title, columns, rows)}


def _volumes(held: Any, seed: int, trials: int, pruner: Any) -> list[tuple[int, float]]:
    """Return epochs spent and hypervolume after every trial of random configurations."""
    from tuning_table import front_of, two_objectives

    import neuralopt

    result = neuralopt.tune(
        two_objectives(held),
        held.space,
        directions=("minimize", "minimize"),
        method="random",
        max_trials=trials,
        pruner=pruner,
        early_stopping_patience=None,
        seed=seed,
    )
    return front_of(held, result)


if __name__ == "__main__":
    main(measure)
