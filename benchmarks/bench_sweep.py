"""Five learning rates by five seeds in one program, against 25 single trainings."""

from typing import Any

from harness import Clock, Run, check, figure, interleave, main, number, ratio, spread, table

TITLE = "Sweep: 5 learning rates x 5 seeds in one program"
SETTINGS = {"default threads": {}, "NPROC=1": {"NPROC": "1"}}
TARGETS = ()
_RATES, _SEEDS = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), (0, 1, 2, 3, 4)


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. The clock is around whole calls, all programs compiled."""
    import numpy as np

    import neuralopt

    random = np.random.default_rng(0)
    X = random.normal(size=(1000, 10)).astype(np.float32)
    y = (np.sin(2 * X[:, :1]) + X[:, 1:2] * X[:, 2:3]).astype(np.float32)
    epochs, rounds = (10, 2) if quick else (60, 5)
    net, common = neuralopt.MLP((10, 64, 1)), {"epochs": epochs, "batch_size": 32}
    steps = len(_RATES) * len(_SEEDS) * epochs * 32

    def solo(_: int) -> Run:
        with Clock() as clock:
            results = [
                neuralopt.train(net, (X, y), optimizer=neuralopt.optimizers.Adam(rate), seed=seed, **common)
                for rate in _RATES
                for seed in _SEEDS
            ]
        inside, compiling = (sum(getattr(r, k) for r in results) for k in ("seconds", "compile_seconds"))
        return Run(
            clock.seconds, steps, [r.params for r in results], {"inside": inside, "compile": compiling}
        )

    def swept(batching: str) -> Any:
        def run(_: int) -> Run:
            with Clock() as clock:
                result = neuralopt.sweep(
                    net,
                    (X, y),
                    optimizer="adam",
                    learning_rates=_RATES,
                    seeds=_SEEDS,
                    batching=batching,
                    **common,
                )
            pairs = [(i, j) for i in range(len(_RATES)) for j in range(len(_SEEDS))]
            params = [result.params(i, j) for i, j in pairs]
            extra = {"inside": result.seconds, "compile": result.compile_seconds}
            return Run(clock.seconds, steps, params, extra)

        return run

    peers = {"sweep, map": swept("map"), "sweep, vmap": swept("vmap"), "25 single trainings": solo}
    cold = {name: peer(0).extra["compile"] for name, peer in peers.items()}
    runs = interleave(peers, rounds)
    times = {name: figure([r.seconds for r in found]) for name, found in runs.items()}
    single = runs["25 single trainings"][0].params
    apart = {name: _differences(found[0].params, single) for name, found in runs.items()}
    rows = [
        [
            name,
            spread(times[name], "s"),
            spread(figure([1e6 * r.extra["inside"] / steps for r in runs[name]]), "µs"),
            spread(ratio(times["25 single trainings"], times[name]), "×"),
            f"{number(cold[name])} s",
        ]
        for name in peers
    ]
    columns = ["what", "whole calls", "per step of one run", "single trainings / this", "compiling"]
    losses = [float(np.mean((np.asarray(net.forward(p, X)) - y) ** 2)) for p in single]
    best = [min(losses[seed :: len(_SEEDS)]) for seed in range(len(_SEEDS))]
    return {
        "figures": {},
        "checks": [
            check(
                "every seed learned at its best rate",
                max(best) <= 0.5 * float(np.var(y)),
                f"worst loss {number(max(best))}, a constant has {number(float(np.var(y)))}",
            ),
            check(
                "a sweep is the same as single runs",
                max(found[0] for found in apart.values()) <= 1e-5,
                f"largest difference of a parameter {number(max(found[0] for found in apart.values()), 2)} "
                f"at learning rate {_RATES[0]}, where rounding is not blown up",
            ),
        ],
        "tables": [
            table(f"25 runs of {epochs * 32} steps", columns, rows),
            table(
                "Largest difference of a parameter from the single runs, by learning rate",
                ["what", *map(str, _RATES)],
                [[name, *(number(d, 2) for d in apart[name])] for name in peers],
            ),
        ],
        "notes": [
            f"10-64-1 net, 1000 rows, batch 32, Adam, {rounds} rounds; the clock is around whole calls."
        ],
    }


def _differences(ours: list, single: list) -> list[float]:
    """Return the largest absolute difference of any parameter, for every learning rate."""
    runs = [
        max(float(abs(a - b).max()) for mine, other in zip(run, alone) for a, b in zip(mine, other))
        for run, alone in zip(ours, single, strict=True)
    ]
    return [max(runs[i : i + len(_SEEDS)]) for i in range(0, len(runs), len(_SEEDS))]


if __name__ == "__main__":
    main(measure)
