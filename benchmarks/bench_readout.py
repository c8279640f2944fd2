"""The closed-form readout: how exact its leave-one-out and gradients are, and how fast its path is."""

from typing import Any

from harness import (
    Clock,
    Run,
    Target,
    check,
    figure,
    interleave,
    main,
    number,
    per_step,
    ratio,
    spread,
    table,
)

TITLE = "Closed-form readout: 1000 rows, 64 features, leave-one-out of 40 lambdas"
SETTINGS = {
    "default threads": {},
    "NPROC=1": {"NPROC": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
}
TARGETS = (
    Target(
        "refit with the path of 40 lambdas, times faster than scikit-learn RidgeCV",
        "ridge cv",
        ">=",
        4.0,
        "×",
    ),
    Target("adjoint against finite differences, relative", "adjoint", "<=", 1e-6, ""),
    Target("gradient of the leave-one-out loss against finite differences, relative", "loss", "<=", 1e-6, ""),
    Target("leave-one-out against refits by brute force, relative", "loo", "<=", 1e-10, ""),
)
_SHAPES = ((40, 6, 2), (12, 12, 1), (10, 24, 2))


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`."""
    import numpy as np
    from sklearn.linear_model import RidgeCV

    from neuralopt.readout import choose, ridge_path

    random = np.random.default_rng(0)
    H = np.tanh(random.normal(size=(1000, 64)) @ random.normal(size=(64, 64)) / 8)
    y = H @ random.normal(size=64) + 0.3 * random.normal(size=1000)
    lambdas = np.logspace(-4, 4, 40)
    calls, rounds = (5, 3) if quick else (30, 15)

    def timed(fit: Any) -> Any:
        def run(_: int) -> Run:
            with Clock() as clock:
                for _ in range(calls):
                    fit()
            return Run(clock.seconds, calls, None)

        return run

    peers = {
        "neuralopt": lambda: choose(ridge_path(H, y, lambdas)),
        "scikit-learn RidgeCV": lambda: RidgeCV(alphas=lambdas).fit(H, y),
    }
    runs = interleave({name: timed(fit) for name, fit in peers.items()}, rounds)
    times = {name: per_step(found) for name, found in runs.items()}
    faster = ratio(times["scikit-learn RidgeCV"], times["neuralopt"])
    ours, theirs = (fit() for fit in peers.values())
    apart = float(np.max(abs(ours.readout.weights[:, 0] - theirs.coef_)))
    exact = [_exactness(shape) for shape in _SHAPES]
    return {
        "figures": {
            "ridge cv": faster,
            **{name: figure([max(row[name] for row in exact)]) for name in ("adjoint", "loss", "loo")},
        },
        "checks": [
            check(
                "both choose one lambda and one readout",
                ours.reg_lambda == theirs.alpha_ and apart < 1e-9,
                f"lambda {number(ours.reg_lambda)} and {number(theirs.alpha_)}, "
                f"weights {number(apart)} apart",
            )
        ],
        "tables": [
            table(
                "Refit with the choice of lambda",
                ["peer", "µs", "times neuralopt"],
                [
                    [name, spread(found), spread(ratio(found, times["neuralopt"]), "×")]
                    for name, found in times.items()
                ],
            ),
            table(
                "Largest deviation in units of the largest value, float64, with weights, prior and free bias",
                ["rows, features, outputs", "adjoint", "gradient of the LOO loss", "LOO"],
                [
                    [", ".join(map(str, shape)), *(number(row[name]) for name in ("adjoint", "loss", "loo"))]
                    for shape, row in zip(_SHAPES, exact, strict=True)
                ],
            ),
        ],
        "notes": [
            "The same grid for both; both return the readout and the leave-one-out error of its lambda. "
            "neuralopt checks the data, finds the error at every lambda and every row's residual.",
            "Finite differences: central, fourth order, step 1e-5, in every entry of features, targets, "
            "row weights, lambda and prior. Brute force: every row predicted by a refit without it.",
        ],
    }


def _exactness(shape: tuple[int, int, int]) -> dict[str, float]:
    """Return the largest deviations on one problem."""
    import numpy as np

    from neuralopt.readout import choose, fit, loo_gradient, loo_loss, ridge_path, solve_adjoint

    n, m, k = shape
    random = np.random.default_rng(1)
    given = {
        "H": random.normal(size=(n, m)) + 2,
        "Y": random.normal(size=(n, k)),
        "lam": 0.5,
        "weights": random.uniform(0.3, 3, n),
        "prior": random.normal(size=(m, k)),
    }
    dW, db = random.normal(size=(m, k)), random.normal(size=k)

    def loss(**arguments: Any) -> Any:
        W, b = fit(**arguments)
        return np.sum(dW * W) + np.sum(db * b)

    H, Y, lam, s, prior = given.values()
    found = choose(ridge_path(H, Y, [lam], s, prior)).residuals
    return {
        "adjoint": _apart(loss, given, solve_adjoint(**given, dW=dW, db=db)),
        "loss": _apart(loo_loss, given, loo_gradient(**given)),
        "loo": max(
            float(np.max(abs(found[i] - _left_out(H, Y, lam, s, prior, i))) / np.max(abs(found)))
            for i in range(n)
        ),
    }


def _apart(loss: Any, given: dict[str, Any], gradient: Any) -> float:
    """Return how far a gradient is from finite differences, the worst argument's."""
    import numpy as np

    worst = 0.0
    for name, at in given.items():
        at = np.asarray(at, dtype=float)
        wanted = np.empty(at.shape)
        for place in np.ndindex(at.shape):
            values = []
            for step in (-2, -1, 1, 2):
                moved = at.copy()
                moved[place] += 1e-5 * step
                values.append(loss(**{**given, name: moved}))
            wanted[place] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / 12e-5
        worst = max(worst, float(np.max(abs(getattr(gradient, name) - wanted)) / np.max(abs(wanted))))
    return worst


def _left_out(H: Any, Y: Any, lam: float, s: Any, prior: Any, i: int) -> Any:
    """Return the residual of row i by a refit of all other rows, as one least-squares problem."""
    import numpy as np

    n, m = H.shape
    others = np.arange(n) != i
    X, root = np.hstack([H, np.ones((n, 1))]), np.sqrt(s[others])[:, None]
    left = np.vstack([root * X[others], np.sqrt(lam) * np.eye(m, m + 1)])
    right = np.vstack([root * Y[others], np.sqrt(lam) * prior])
    return Y[i] - X[i] @ np.linalg.lstsq(left, right, rcond=None)[0]


if __name__ == "__main__":
    main(measure)
