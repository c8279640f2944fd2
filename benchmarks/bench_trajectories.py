"""What recording the ways of the optimizers costs their training, and what their analysis costs."""

import dataclasses
from typing import Any

from harness import Clock, Run, Target, check, figure, interleave, main, number, ratio, spread, table

TITLE = "Trajectories: recorded while training, analysed together"
SETTINGS = {"default threads": {}}
TARGETS = (
    Target("recording costs, digits", "digits: recording", "<=", 5.0, "%"),
    Target("recording costs, diabetes", "diabetes: recording", "<=", 5.0, "%"),
    Target("analysis of a task", "analysis", "<=", 3.0, "s"),
)
_RATES, _SEEDS, _METHODS = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), (0, 1, 2, 3, 4), 25


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. A sweep as in `compare`, with and without, compiled."""
    import numpy as np

    import neuralopt
    from neuralopt.benchmark import Budget, make_task
    from neuralopt.benchmark.records import Record, model_arrays
    from neuralopt.benchmark.trajectories import POINTS
    from neuralopt.benchmark.trajectory_analysis import analyse
    from neuralopt.datasets import load_bundled

    rounds, rows, figures, same = (2 if quick else 9), [], {}, 0.0
    for name, target in (("digits", "digit"), ("diabetes", "progression")):
        task, budget = make_task(name, load_bundled(name), target), Budget()
        net, epochs = budget.network(task), 5 if quick else budget.epochs_for(task)

        def swept(points: int | None, task=task, net=net, epochs=epochs) -> Any:
            def run(_: int) -> Run:
                result = neuralopt.sweep(
                    net,
                    (task.train.X, task.train.y),
                    optimizer="adam",
                    learning_rates=_RATES,
                    seeds=_SEEDS,
                    loss=task.loss,
                    epochs=epochs,
                    validation=(task.validation.X, task.validation.y),
                    metrics=[task.metric],
                    trajectory=points,
                )
                return Run(result.seconds, 1, result.params(1, 0))

            return run

        runs = interleave({"plain": swept(None), "recorded": swept(POINTS)}, rounds)
        times = {peer: figure([r.seconds for r in found]) for peer, found in runs.items()}
        costs = ratio(times["recorded"], times["plain"])
        cost = figure([100 * (v - 1) for v in costs["values"]])
        figures[f"{name}: recording"] = cost
        pairs = zip(runs["plain"][0].params, runs["recorded"][0].params, strict=True)
        same = max(same, *(float(np.abs(a - b).max()) for own, its in pairs for a, b in zip(own, its)))
        count = -(-epochs // -(-epochs // POINTS)) + 1
        rows.append(
            [
                f"{name}, {net.parameter_count} parameters, {epochs} epochs",
                str(count),
                spread(times["plain"], "s"),
                spread(times["recorded"], "s"),
                spread(cost, "%"),
            ]
        )
    task, budget = make_task("digits", load_bundled("digits"), "digit"), Budget()
    net, methods = budget.network(task), [f"method-{k}" for k in range(_METHODS)]
    result = neuralopt.sweep(
        net,
        (task.train.X, task.train.y),
        learning_rates=np.logspace(-4, -1.5, _METHODS).tolist(),
        loss=task.loss,
        epochs=5 if quick else budget.epochs_for(task),
        trajectory=POINTS,
    )
    header = {"network": dataclasses.asdict(net), "label": "a method", "seeds": [0]}
    records = {m: Record(header, model_arrays(result.params(k, 0))) for k, m in enumerate(methods)}
    paths = {m: result.path(k) for k, m in enumerate(methods)}
    spent, size = [], 0
    for _ in range(2 if quick else 5):
        with Clock() as clock:
            _, arrays = analyse(paths, records, task)
        spent.append(clock.seconds)
        size = sum(a.nbytes for a in arrays.values())
    figures["analysis"] = figure(spent)
    return {
        "figures": figures,
        "checks": [
            check(
                "recording changes no run",
                same <= 1e-5,
                f"largest difference of a parameter {number(same, 2)}",
            )
        ],
        "tables": [
            table(
                "Adam, 5 learning rates x 5 seeds, the first seed's paths recorded",
                ["task", "points", "without", "with", "cost"],
                rows,
            ),
            table(
                f"Analysis of {_METHODS} paths on digits: embedding from 3 starts, plane, walks, slices",
                ["seconds", "kept"],
                [[spread(figures["analysis"], "s"), f"{size / 1e6:.2f} MB"]],
            ),
        ],
        "notes": ["Training is `SweepResult.seconds`, compilation outside; the analysis runs on one thread."],
    }


if __name__ == "__main__":
    main(measure)
