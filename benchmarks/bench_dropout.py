"""Adaptive dropout against fixed rates at equal budget: the gap between test and training loss."""

from typing import Any

from harness import Target, check, figure, main, number, spread, table

TITLE = "Adaptive dropout: 10-128-1, diabetes, 200 training rows"
SETTINGS = {"default threads": {}}
TARGETS = (
    Target("gap with adaptive dropout from 0.1 / gap with 0.1 throughout", "of_fixed", "<=", 1.0, "×"),
)
_FIXED, _START, _HIGH = (0.0, 0.1, 0.25, 0.5), 0.1, 0.7


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. Every run has the same rows, steps and first parameters."""
    import numpy as np
    from sklearn.datasets import load_diabetes

    import neuralopt

    X, y = (np.asarray(a, np.float32) for a in load_diabetes(return_X_y=True))
    X, y = ((a - a.mean(axis=0)) / a.std(axis=0) for a in (X, y))
    seeds, epochs = (5, 60) if quick else (10, 150)
    adaptive = f"adaptive from {_START:g}"
    rates = {f"{rate:g}": rate for rate in _FIXED}
    rates |= {adaptive: neuralopt.schedules.AdaptiveDropout(_START, high=_HIGH)}
    losses: dict[str, list[tuple[float, float]]] = {name: [] for name in rates}
    last = []
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(X))
        training, validation, test = ((X[rows], y[rows]) for rows in np.split(order, [200, 300]))
        for name, rate in rates.items():
            result = neuralopt.train(
                neuralopt.MLP((10, 128, 1), "relu"),
                training,
                optimizer=neuralopt.optimizers.Adam(3e-3),
                epochs=epochs,
                validation=validation,
                dropout=rate,
                seed=seed,
            )
            # both losses without dropout, of the last parameters; the test rows decide nothing
            found = [neuralopt.evaluate(result.model, rows)["loss"] for rows in (training, test)]
            losses[name].append((found[0], found[1]))
        last.append(float(result.history["dropout"][-1]))
    gaps = {name: figure([test - train for train, test in found]) for name, found in losses.items()}
    ratios = {
        name: figure([a / b for a, b in zip(gaps[adaptive]["values"], found["values"], strict=True)])
        for name, found in gaps.items()
    }
    smaller = {name: sum(r < 1 for r in found["values"]) for name, found in ratios.items()}
    rows = [
        [
            name,
            spread(figure([train for train, _ in losses[name]])),
            spread(figure([test for _, test in losses[name]])),
            spread(gaps[name]),
            "" if name == adaptive else f"{spread(ratios[name])}; smaller on {smaller[name]} of {seeds}",
        ]
        for name in rates
    ]
    columns = ["dropout", "training loss", "test loss", "gap", "gap, adaptive / this"]
    return {
        "figures": {"of_fixed": ratios[f"{_START:g}"]},
        "checks": [
            check(
                "every run learned",
                all(test < 1 for found in losses.values() for _, test in found) or quick,
                f"worst test loss {number(max(t for f in losses.values() for _, t in f))}, a constant has 1",
            )
        ],
        "tables": [table(f"{seeds} seeds of {epochs} epochs", columns, rows)],
        "notes": [
            "Adam 3e-3, batch 32; a seed deals 200 training, 100 validation and 142 test rows. Losses are "
            "mean squared errors of the standardised target, without dropout, at the last epoch.",
            f"Adaptive dropout starts from {_START:g}, may reach {_HIGH:g}, and ended at "
            f"{spread(figure(last))}. It sees the validation rows; fixed rates use them for nothing.",
        ],
    }


if __name__ == "__main__":
    main(measure)
