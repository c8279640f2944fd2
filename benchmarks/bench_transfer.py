"""Printed digits as the simulator of handwritten ones: does joint training know when they mislead?"""

import statistics
from typing import Any

from harness import DEFAULTS, Target, check, figure, main, number, table

TITLE = "Negative transfer: digits rendered from fonts as simulated, handwritten ones as real"
SETTINGS = DEFAULTS
_REAL = (10, 20, 50, 100)
_SIMULATED = 1000
_OURS = "joint training"
_ALONE = ("real only", "simulator", "logistic, real", "logistic, simulated")
TARGETS = tuple(
    Target(
        f"{rows} handwritten digits: errors over those of the better of real only and simulator",
        str(rows),
        "<=",
        1.10,
        "×",
    )
    for rows in _REAL
)


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`."""
    designs = range(2 if quick else 10)
    wrong: dict[int, dict[str, list[float]]] = {}
    for rows in _REAL:
        found = [_design(rows, seed) for seed in designs]
        wrong[rows] = {name: [each[name] for each in found] for name in found[0]}
    middle = {rows: {n: statistics.median(v) for n, v in found.items()} for rows, found in wrong.items()}
    ratios = {rows: m[_OURS] / min(m["real only"], m["simulator"]) for rows, m in middle.items()}
    return {
        "figures": {str(rows): figure([ratio]) for rows, ratio in ratios.items()},
        "checks": [
            check(
                "every model gave answers",
                all(0 < value < 0.9 for m in middle.values() for value in m.values()),
                f"{len(designs)} designs",
            )
        ],
        "tables": [
            table(
                f"Share of wrong answers on the other handwritten digits, median of {len(designs)} designs",
                ["real rows", _OURS, *_ALONE],
                [[str(rows), *(number(m[name]) for name in (_OURS, *_ALONE))] for rows, m in middle.items()],
            )
        ],
        "notes": [
            f"{_SIMULATED} simulated digits, six fonts; JointClassifier as it is. Real only and simulator "
            "are its own candidates; logistic regression on raw pixels is scikit-learn's.",
        ],
    }


def _design(rows: int, seed: int) -> dict[str, float]:
    """Return the share of wrong answers of every model on one design."""
    import warnings

    import numpy as np
    from sklearn.linear_model import LogisticRegression

    from neuralopt import JointClassifier
    from neuralopt.datasets import make_pair

    pair = make_pair("digits", _SIMULATED, rows, seed=seed)
    with warnings.catch_warnings():
        # pixels that no font sets look as if they were in other units; it is said, and does not matter here
        warnings.simplefilter("ignore", UserWarning)
        model = JointClassifier(random_state=seed).fit(
            pair.X_sim, pair.y_sim, X_real=pair.X_real, y_real=pair.y_real
        )

    def wrong(answers: Any) -> float:
        return float(np.mean(answers != pair.y_test))

    joint = model.joint_
    found = {_OURS: wrong(model.predict(pair.X_test))}
    for name in ("real only", "simulator"):
        found[name] = wrong(joint.classes_[joint.predict_by(name, pair.X_test).argmax(axis=1)])
    for name, X, y in (
        ("real", pair.X_real, pair.y_real),
        ("simulated", pair.X_sim, pair.y_sim),
    ):
        logistic = LogisticRegression(max_iter=2000).fit(X / 16, y)
        found[f"logistic, {name}"] = wrong(logistic.predict(pair.X_test / 16))
    return found


if __name__ == "__main__":
    main(measure)
