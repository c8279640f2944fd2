"""Training by search: seconds of a sweep against the naive loop, and what is reached in a few seconds."""

import contextlib
import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from harness import DEFAULTS, Clock, Target, check, figure, main, number, table
from search_peers import evolution, naive_seconds, random_features, straight_through

TITLE = "Training by search: step nets, 0-1 loss, and a tanh net beside it"
SETTINGS = DEFAULTS
TARGETS = (
    Target("digits 64-64(step)-10, one sweep, naive over NumPy", "digits numpy", ">=", 250, "×"),
    Target("digits 64-64(step)-10, one sweep in NumPy", "digits numpy seconds", "<=", 0.6, "s"),
    Target("digits 64-64(step)-10, one sweep, naive over compiled", "digits compiled", ">=", 3000, "×"),
    Target("10-5-4-1 tanh, N = 1000, 100 values, naive over grid", "tanh grid", ">=", 100, "×"),
    Target("digits step net, test accuracy in 2 s", "digits 2 s", ">=", 0.93, ""),
    Target("digits step net, test accuracy in 20 s", "digits 20 s", ">=", 0.95, ""),
    Target("diabetes, train mean squared error in 2 s", "diabetes train", "<=", 2629, ""),
    Target("diabetes, 5-fold test error over least squares, 30 sweeps", "diabetes test", "<=", 1.03, "×"),
    Target("two spirals, 80 units, seeds of 5 at 100 % in 5 s", "spirals", ">=", 4, ""),
    Target("parity 3 to 5, runs solved from a single start", "parity 3-5", ">=", 0.95, ""),
    Target("parity 6, runs solved in 5 s", "parity 6", ">=", 0.9, ""),
    Target("parity 8, runs solved in 60 s", "parity 8", ">=", 0.5, ""),
    Target("XOR 2-4-1, runs solved in 0.3 s", "xor", ">=", 1, ""),
    Target("0-1 loss with outliers, seeds of 10 at the optimum", "outliers", ">=", 9, ""),
    Target("step nets where the search beats CMA-ES, of 5", "beats CMA-ES", ">=", 5, ""),
    Target("step nets where the search beats Adam, of 5", "beats Adam", ">=", 3, ""),
)
_COUNTED = 5  # of the problems beside peers


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`."""
    figures, tables = {}, []
    for part in (_sweeps, _digits, _diabetes, _small, _outliers, _peers):
        begin = time.perf_counter()
        found, shown = part(quick)
        figures |= found
        tables += shown
        print(f"    {part.__name__[1:]}: {time.perf_counter() - begin:.0f} s", flush=True)
    finite = all(np.isfinite(f["values"]).all() for f in figures.values())
    return {
        "figures": figures,
        "checks": [check("every figure is a number", finite, f"{len(figures)} figures")],
        "tables": tables,
        "notes": [
            "The naive loop is torch, in float64: a full forward pass for every value of every weight; 10 "
            "weights are timed and the sweep reckoned from them.",
            "A sweep sets every weight once, each to its exact optimum over all real numbers; the naive loop "
            "tries 100 values.",
            "CMA-ES is the package cmaes, separable above 500 parameters. Adam gets mini-batches of 64 and "
            "the better of two learning rates by training loss, half the time each, compiling not counted.",
            "Diabetes is a problem on which least squares nearly ties: the test error is of 30 sweeps over "
            "five folds, beside the training error of 30 sweeps on all rows; 2 s are some 70 sweeps.",
        ],
    }


def _digits_rows() -> tuple[Any, Any, Any, Any]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    A, B, a, b = train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
    mean, spread = A.mean(axis=0), np.where(A.std(axis=0) > 0, A.std(axis=0), 1)
    return (A - mean) / spread, (B - mean) / spread, a, b


@contextlib.contextmanager
def _without_compiler() -> Iterator[None]:
    from neuralopt.search import run

    kept = run.compiled
    run.compiled = lambda name, wait: None
    try:
        yield
    finally:
        run.compiled = kept


def _sweeps(quick: bool) -> tuple[dict[str, Any], list[Any]]:
    from neuralopt.search import SearchModel
    from neuralopt.search.kernel import compiled

    assert compiled("loops") is not None
    assert compiled("screen_loops") is not None
    rounds = 2 if quick else 5
    A, _, a, _ = _digits_rows()
    random = np.random.default_rng(0)
    X = random.standard_normal((1000, 10))
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
    seconds: dict[str, list[float]] = {}

    def sweep(name: str, sizes: list[int], rows: Any, targets: Any, **options: Any) -> None:
        first, *hidden, last = sizes
        model = SearchModel(first, hidden, last, **options)
        with Clock() as clock:
            model.search(rows, targets, 1)
        seconds.setdefault(name, []).append(clock.seconds)

    step: dict[str, Any] = {"activation": "step", "directions": ["weights"]}
    for _ in range(rounds):
        naive = naive_seconds([64, 64, 10], A, np.eye(10)[a], "step", 100, 10)
        seconds.setdefault("digits, naive", []).append(naive)
        with _without_compiler():
            sweep("digits, NumPy", [64, 64, 10], A, a, **step)
        sweep("digits, compiled", [64, 64, 10], A, a, **step)
        sweep("digits, compiled, all directions", [64, 64, 10], A, a, activation="step")
        naive = naive_seconds([10, 5, 4, 1], X, y[:, None], "tanh", 100, 10)
        seconds.setdefault("tanh, naive", []).append(naive)
        sweep("tanh, grid", [10, 5, 4, 1], X, y, line="grid", readout="search")
    middle = {name: statistics.median(found) for name, found in seconds.items()}
    rows = [[name, number(found, 3)] for name, found in middle.items()]

    def over(slow: str, fast: str) -> dict[str, Any]:
        return figure([s / f for s, f in zip(seconds[slow], seconds[fast], strict=True)])

    return {
        "digits numpy": over("digits, naive", "digits, NumPy"),
        "digits numpy seconds": figure(seconds["digits, NumPy"]),
        "digits compiled": over("digits, naive", "digits, compiled"),
        "tanh grid": over("tanh, naive", "tanh, grid"),
    }, [table("Seconds of one sweep", ["what", "s"], rows)]


def _digits(quick: bool) -> tuple[dict[str, Any], list[Any]]:
    from neuralopt.search import SearchModel

    A, B, a, b = _digits_rows()
    found: dict[str, list[float]] = {"digits 2 s": [], "digits 20 s": []}
    features = []
    for seed in range(1 if quick else 5):
        for name, budget in (("digits 2 s", 2), ("digits 20 s", 4 if quick else 20)):
            model = SearchModel(64, [64], 10, activation="step", budget_s=budget, seed=seed)
            model.search(A, a, 10**6)
            found[name].append(float(np.mean(model.predict(B) == b)))
        random = random_features(A, np.eye(10)[a], 64, seed)
        features.append(float(np.mean(random(B).argmax(axis=1) == b)))
    rows = [[name, number(statistics.median(v), 4)] for name, v in found.items()]
    rows.append(["random step features + ridge", number(statistics.median(features), 4)])
    shown = table("Digits, 64-64(step)-10: test accuracy", ["what", "median"], rows)
    return {name: figure(values) for name, values in found.items()}, [shown]


def _diabetes(quick: bool) -> tuple[dict[str, Any], list[Any]]:
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import KFold

    from neuralopt.search import SearchModel

    X, y = load_diabetes(return_X_y=True)
    found: dict[str, list[float]] = {"diabetes train": [], "diabetes 30 train": [], "diabetes test": []}
    for seed in range(1 if quick else 5):
        model = SearchModel(10, [5, 4], 1, budget_s=2, seed=seed)
        found["diabetes train"].append(float(model.search(X, y, 10**6)["loss"][-1]))
        model = SearchModel(10, [5, 4], 1, seed=seed)
        found["diabetes 30 train"].append(float(model.search(X, y, 30)["loss"][-1]))
        ours = least = 0.0
        for rows, held in KFold(5, shuffle=True, random_state=0).split(X):
            model = SearchModel(10, [5, 4], 1, seed=seed)
            model.search(X[rows], y[rows], 30)
            ours += float(np.mean((model.predict(X[held]) - y[held]) ** 2))
            line = LinearRegression().fit(X[rows], y[rows])
            least += float(np.mean((line.predict(X[held]) - y[held]) ** 2))
        found["diabetes test"].append(ours / least)
    rows = [[name, number(statistics.median(v), 4), number(max(v), 4)] for name, v in found.items()]
    shown = table("Diabetes, 10-5-4-1 tanh", ["what", "median of seeds", "worst"], rows)
    return {name: figure(values) for name, values in found.items()}, [shown]


def _parity(bits: int) -> tuple[Any, Any]:
    X = np.array(np.meshgrid(*[[-1.0, 1.0]] * bits)).reshape(bits, -1).T
    return X, np.where(X.prod(axis=1) > 0, 1, -1)


def _spirals() -> tuple[Any, Any]:
    i = np.arange(97)
    angle, radius = i * np.pi / 16, (104 - i) / 104
    arm = np.c_[radius * np.sin(angle), radius * np.cos(angle)]
    return np.r_[arm, -arm], np.r_[np.ones(97), -np.ones(97)].astype(int)


def _solved(X: Any, y: Any, hidden: int, runs: int, seconds: float | None, sweeps: int) -> list[float]:
    from neuralopt.search import SearchModel

    found = []
    for seed in range(runs):
        model = SearchModel(
            X.shape[1], [hidden], 1, activation="step", loss="01", seed=seed, budget_s=seconds
        )
        found.append(float(model.search(X, y, sweeps)["loss"][-1] == 0))
    return found


def _small(quick: bool) -> tuple[dict[str, Any], list[Any]]:
    runs = 3 if quick else 20
    single = [s for bits in (3, 4, 5) for s in _solved(*_parity(bits), bits, runs, None, 1000)]
    found = {
        "xor": _solved(*_parity(2), 4, runs, 0.3, 10**6),
        "parity 3-5": single,
        "parity 6": _solved(*_parity(6), 6, runs, 5, 10**6),
        "parity 8": _solved(*_parity(8), 8, 2 if quick else 6, 60, 10**6),
    }
    figures = {name: figure([statistics.mean(values)]) for name, values in found.items()}
    return figures | {"spirals": figure([sum(_solved(*_spirals(), 80, 5, 5, 10**6))])}, []


def _outlying(seed: int) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    y = np.where(np.arange(120) < 60, 1, -1)
    X = random.standard_normal((120, 2))
    X[:, 0] += 1.6 * y
    far = random.permutation(60)[:12]
    X[far] = np.c_[random.standard_normal(12) - 14, random.standard_normal(12) * 3 + 6]
    return X, y


def _fewest(X: Any, y: Any) -> int:
    """Return the fewest errors of any line, by all lines through two points."""
    best = len(y)
    for i in range(len(y)):
        for j in range(i):
            d = X[i] - X[j]
            side = (X - X[i]) @ np.array([-d[1], d[0]])
            off = np.abs(side) > 1e-9
            wrong = int(((side > 0) != (y > 0))[off].sum())
            best = min(best, wrong, int(off.sum()) - wrong)
    return best


def _outliers(quick: bool) -> tuple[dict[str, Any], list[Any]]:
    from sklearn.linear_model import LogisticRegression

    from neuralopt.search import SearchModel

    rows = []
    for seed in range(2 if quick else 10):
        X, y = _outlying(seed)
        model = SearchModel(2, [], 1, loss="01", budget_s=1, seed=seed)
        model.search(X, y, 10**6)
        logistic = int((LogisticRegression(C=10).fit(X, y).predict(X) != y).sum())
        rows.append([seed, int((model.predict(X) != y).sum()), _fewest(X, y), logistic])
    met = sum(found == best for _, found, best, _ in rows) * (10 // len(rows))
    shown = table(
        "0-1 loss with 12 far outliers of 120 points: errors",
        ["seed", "search", "enumerated", "logistic"],
        [[str(cell) for cell in row] for row in rows],
    )
    return {"outliers": figure([met])}, [shown]


def _peers(quick: bool) -> tuple[dict[str, Any], list[Any]]:
    """Compare at equal time on step nets: share of rows wrong, mean over seeds.

    The first five are counted, of digits the test rows; the others can be tied only, or are easier.
    """
    from neuralopt.search import SearchModel

    A, B, a, b = _digits_rows()
    random = np.random.default_rng(1)
    wide = random.standard_normal((400, 10))
    hidden = np.sign(wide @ random.standard_normal((10, 6)))
    deep = np.sign(hidden @ random.standard_normal((6, 4)) + 0.5)
    labels = (deep @ random.standard_normal(4) > 0).astype(int)
    problems = {
        "digits 64-64-10, test rows": (A, a, B, b, [64], 10, "squared_error", 5.0),
        "two spirals, 80 units": (*_spirals() * 2, [80], 1, "01", 5.0),
        "parity 6, 6 units": (*_parity(6) * 2, [6], 1, "01", 5.0),
        "parity 8, 8 units": (*_parity(8) * 2, [8], 1, "01", 5.0),
        "a 10-6-4-1 step net learned by 10-8-8-1": (wide, labels, wide, labels, [8, 8], 1, "01", 5.0),
        "parity 8, 16 units": (*_parity(8) * 2, [16], 1, "01", 5.0),
        "XOR, 4 units": (*_parity(2) * 2, [4], 1, "01", 0.3),
    }
    rows, ahead = [], [0, 0]
    for place, (name, (X, y, T, t, units, outputs, loss, seconds)) in enumerate(problems.items()):
        sizes, errors = [X.shape[1], *units, outputs], []
        real = np.eye(outputs)[y] if outputs > 1 else np.where(y > 0, 1.0, -1.0)[:, None]
        for seed in range(1 if quick else 3):
            ours = SearchModel(
                sizes[0], units, outputs, loss=loss, activation="step", budget_s=seconds, seed=seed
            )
            ours.search(X, y, 10**6)
            models = [
                ours,
                evolution(sizes, X, y, loss, seconds, seed),
                straight_through(sizes, X, y, "cross_entropy", seconds, seed),
            ]
            wrong = [float(np.mean(model.predict(T) != t)) for model in models]
            out = random_features(X, real, units[0], seed)(T)
            guess = out.argmax(axis=1) != t if outputs > 1 else (out[:, 0] > 0) != (t > 0)
            errors.append([*wrong, float(np.mean(guess))])
        mean = np.mean(errors, axis=0)
        rows.append([name, f"{seconds:g}", *(number(e, 3) for e in mean)])
        if place < _COUNTED:
            ahead = [count + int(mean[0] < other) for count, other in zip(ahead, mean[1:3], strict=True)]
    columns = ["problem", "seconds", "search", "CMA-ES", "Adam, straight through", "random features + ridge"]
    shown = table("Share of rows wrong, mean over seeds", columns, rows)
    return {"beats CMA-ES": figure([ahead[0]]), "beats Adam": figure([ahead[1]])}, [shown]


if __name__ == "__main__":
    main(measure)
