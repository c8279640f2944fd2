"""Joint training on simulated and real rows: its error beside every candidate's and the usual baselines'."""

import statistics
from typing import Any

from harness import DEFAULTS, Target, check, figure, main, number, table
from joint_peers import coral, l2_sp, tradaboost, weighted_pooling

TITLE = "Joint training: relative error on seven pairs of a simulator and reality"
SETTINGS = DEFAULTS
_TASKS = {  # real rows, the pair's dial, the relative error to reach
    "borehole": (20, None, 0.006),
    "currin": (12, None, 0.045),
    "branin-toal, a = 0": (12, 0.0, 0.050),
    "branin-toal, a = 0.75": (20, 0.75, 0.075),
    "paciorek": (20, None, 0.050),
    "park-a": (20, None, 0.012),
    "branin-dong": (20, None, 0.060),
}
_BY_DEFAULT, _SELECTED = "joint training, stack", "joint training, select"
TARGETS = (
    *(
        Target(f"{task}, {rows} real rows: relative error, median of the designs", task, "<=", limit, "")
        for task, (rows, _, limit) in _TASKS.items()
    ),
    Target("pairs with at most half the error of a readout refitted from zero", "twice", ">=", 4, ""),
    Target("error over that of the better of real only and simulator, worst pair", "worst", "<=", 1.10, ""),
    Target("fit of 1000 simulated and 20 real rows, 64 units, selection included", "seconds", "<=", 10, "s"),
)


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`."""
    designs = 3 if quick else 10
    errors: dict[str, dict[str, list[float]]] = {}
    seconds, chosen = [], {}
    for task, (rows, dial, _) in _TASKS.items():
        found = [_design(task.partition(",")[0], rows, dial, seed) for seed in range(designs)]
        names = list(dict.fromkeys(name for design, _, _ in found for name in design))
        errors[task] = {name: [design[name] for design, _, _ in found] for name in names}
        seconds += [took for _, took, _ in found]
        picks = [pick for _, _, pick in found]
        chosen[task] = ", ".join(f"{p} {picks.count(p)}" for p in sorted(set(picks), key=picks.count)[::-1])
        print(f"    {task}: {statistics.median(errors[task][_BY_DEFAULT]):.4f} ({chosen[task]})", flush=True)
    middle = {task: {n: statistics.median(v) for n, v in found.items()} for task, found in errors.items()}
    ours = {task: found[_BY_DEFAULT] for task, found in middle.items()}
    apart = {task: ours[task] / min(found["real only"], found["simulator"]) for task, found in middle.items()}
    refit = {task: found["refit"] / ours[task] for task, found in middle.items()}
    names = list(next(iter(middle.values())))
    return {
        "figures": {
            **{task: figure(found[_BY_DEFAULT]) for task, found in errors.items()},
            "twice": figure([sum(ratio >= 2 for ratio in refit.values())]),
            "worst": figure([max(apart.values())]),
            "seconds": figure(seconds),
        },
        "checks": [
            check(
                "every model gave numbers",
                all(v < float("inf") for found in middle.values() for v in found.values()),
                f"{designs} designs, {len(names)} models",
            )
        ],
        "tables": [
            table(
                f"Root-mean-square error over the real standard deviation, median of {designs} designs",
                ["model", *_TASKS],
                [[name, *(number(middle[task][name]) for task in _TASKS)] for name in names],
            ),
            table(
                "What was chosen, and how it compares",
                ["pair", "chosen", "over the better of real only and simulator", "refit from zero over it"],
                [[task, chosen[task], number(apart[task]), number(refit[task])] for task in _TASKS],
            ),
        ],
        "notes": [
            "1000 simulated rows without noise, 2000 real rows to test on; a design is a Latin hypercube of "
            "each kind and a first network. The candidates share one network of 64 tanh units, and a second "
            "of three layers of 32 for fine-tuning (deep). By default they are mixed (stack).",
            "Weighted pooling and CORAL: kernel ridge, width and weight of the real rows by three folds. "
            "L2-SP: all weights of the same network by L-BFGS, pull by three folds. TrAdaBoost.R2: 30 trees.",
        ],
    }


def _design(name: str, rows: int, dial: float | None, seed: int) -> tuple[dict[str, float], float, str]:
    """Return every model's relative error on one design, the seconds of the fit, what was chosen."""
    import time

    import numpy as np

    from neuralopt.datasets import make_pair
    from neuralopt.joint import JointOptimizer
    from neuralopt.joint.candidates import fit_candidates

    pair = make_pair(name, 1000, rows, seed=seed, a=dial)
    joint = JointOptimizer(input_dim=pair.X_sim.shape[1], hidden_dim=64, output_dim=1, seed=seed)
    begin = time.perf_counter()
    joint.fit(pair.X_sim, pair.y_sim, pair.X_real, pair.y_real)
    took = time.perf_counter() - begin
    scaled, targets = joint.scale_.apply, joint.target_scale_
    y_sim, y_real = (targets.apply(y[:, None]) for y in (pair.y_sim, pair.y_real))
    X_sim, X_real, X = scaled(pair.X_sim), scaled(pair.X_real), scaled(pair.X_test)
    select = fit_candidates(
        joint.base_, X_sim, y_sim, X_real, y_real, final="select", seed=seed, deep=joint.deep_
    )

    def error(found: Any) -> float:
        off = targets.undo(np.asarray(found).reshape(-1, 1))[:, 0] - pair.y_test
        return float(np.sqrt(np.mean(off**2)) / np.std(pair.y_test))

    simulated, real = (X_sim, y_sim[:, 0]), (X_real, y_real[:, 0])
    plain = np.asarray(joint.predict(pair.X_test)).ravel() - pair.y_test
    return (
        {
            _BY_DEFAULT: float(np.sqrt(np.mean(plain**2)) / np.std(pair.y_test)),
            _SELECTED: error(select.predict(X)),
            **{each: error(select.predict_by(each, X)) for each in select.table.names},
            "weighted pooling": error(weighted_pooling(simulated, real, X)),
            "fine-tuning with L2-SP": error(l2_sp(joint.base_, real, X)),
            "TrAdaBoost.R2": error(tradaboost(simulated, real, X, seed)),
            "CORAL": error(coral(simulated, real, X)),
        },
        took,
        joint.selection_.chosen,
    )


if __name__ == "__main__":
    main(measure)
