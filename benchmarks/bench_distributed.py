"""Two processes of this machine against one: bytes off the sockets, losses, and what was predicted."""

import dataclasses
from typing import Any

from harness import Target, check, figure, main, number, table
from teacher_task import Task

TITLE = "Several workers: two processes, bytes read off the sockets"
SETTINGS = {"NPROC=1": {"NPROC": "1"}}
TARGETS = (
    Target("int8: bytes of fp32's", "int8 bytes", "<=", 0.26, ""),
    Target("int8: training cross-entropy of fp32's", "int8 loss", "<=", 1.01, ""),
    Target("PowerSGD rank 4: bytes of fp32's", "PowerSGD bytes", "<=", 0.02, ""),
    Target("PowerSGD rank 4: test cross-entropy of fp32's", "PowerSGD loss", "<=", 1.0, ""),
    Target("momentum 1-bit: fewer bytes after the warm-up", "1-bit bytes", ">=", 20, "×"),
    Target("momentum 1-bit: training cross-entropy of fp32's", "1-bit loss", "<=", 1.02, ""),
    Target("DGC: fewer bytes after the warm-up", "DGC bytes", ">=", 270, "×"),
    Target("DGC: test accuracy below momentum SGD's", "DGC accuracy", "<=", 0.5, "points"),
    Target("DiLoCo-int8 H=256, 10-64-1: fewer bytes", "DiLoCo bytes", ">=", 500, "×"),
    Target("DiLoCo-int8 H=256, 10-64-1: test error of synchronous", "DiLoCo loss", "<=", 1.0, ""),
    Target("DiLoCo-int8 H=15: faster than one process", "DiLoCo speed", ">=", 1.3, "×"),
    Target("predicted step time off the measured one", "prediction", "<=", 0.2, ""),
)


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`."""
    from neuralopt.distributed import DGC, DataParallel, DiLoCo, Fp32, Int8, Momentum1Bit, PowerSGD
    from neuralopt.optimizers import SGD, Adam

    rows, epochs = (4096, 2) if quick else (40_960, 1)
    steps = rows // 256 * epochs
    large = Task((784, 512, 512, 10), rows, epochs)
    sides = {"backend": "processes"}
    ways = {
        "one process": (None, Adam(1e-3)),
        "fp32": (DataParallel(exchange=Fp32(), **sides), Adam(1e-3)),
        "int8": (DataParallel(exchange=Int8(), **sides), Adam(1e-3)),
        "PowerSGD rank 4": (DataParallel(exchange=PowerSGD(4), **sides), Adam(1e-3)),
        "momentum 1-bit": (
            DataParallel(exchange=Momentum1Bit(warmup_steps=steps // 5), **sides),
            SGD(1e-3),
        ),
        "DiLoCo H=15, int8": (DiLoCo(period=15, exchange=Int8(), **sides), Adam(1e-3)),
    }
    found = {name: large.run(*way) for name, way in ways.items()}
    long = dataclasses.replace(large, epochs=epochs * (1 if quick else 4))
    warmup = long.steps // 4
    momentum = long.run(DataParallel(**sides), SGD(0.02, momentum=0.9))
    sparse = long.run(DataParallel(exchange=DGC(warmup_steps=warmup), **sides), SGD(0.02))
    found |= {"momentum SGD, 4 times as long": momentum, "DGC, 4 times as long": sparse}
    small = Task((10, 64, 1), 32_768, 2 if quick else 40)
    chosen = {name: small.best_rate(way) for name, way in _small_ways("simulated").items()}
    synchronous, local = (
        small.run(way, Adam(chosen[name])) for name, way in _small_ways("processes").items()
    )
    full = found["fp32"]
    measured = {name: large.step_seconds(*way, epochs=1 if quick else 5) for name, way in ways.items()}
    predicted = _predicted(large, ways, measured)
    figures = {
        "int8 bytes": [found["int8"].wire / full.wire],
        "int8 loss": [found["int8"].train / full.train],
        "PowerSGD bytes": [found["PowerSGD rank 4"].wire / full.wire],
        "PowerSGD loss": [found["PowerSGD rank 4"].test / full.test],
        "1-bit bytes": [full.steady / found["momentum 1-bit"].steady],
        "1-bit loss": [found["momentum 1-bit"].train / full.train],
        "DGC bytes": [momentum.steady / sparse.steady],
        "DGC accuracy": [100 * (momentum.score - sparse.score)],
        "DiLoCo bytes": [synchronous.wire / local.wire],
        "DiLoCo loss": [local.test / synchronous.test],
        "DiLoCo speed": [measured["one process"] / measured["DiLoCo H=15, int8"]],
        "prediction": [max(abs(1 - found / measured[name]) for name, found in predicted.items())],
    }
    shown = [*found.items(), ("10-64-1, fp32", synchronous), ("10-64-1, DiLoCo-int8 H=256", local)]
    return {
        "figures": {name: figure(values) for name, values in figures.items()},
        "checks": [
            check(
                "all learned",
                all(part.train < 0.7 * part.first for _, part in shown),
                f"worst {number(max(part.train / part.first for _, part in shown))} of the first loss",
            ),
        ],
        "tables": [
            table(
                "784-512-512-10, 669,706 parameters, batch 256, two workers",
                ["what", "bytes/step", "train loss", "test loss", "test accuracy"],
                [
                    [
                        name,
                        f"{part.wire:,.0f}",
                        number(part.train, 4),
                        number(part.test, 4),
                        number(part.score, 4),
                    ]
                    for name, part in shown
                ],
            ),
            table(
                "Milliseconds of a step of 784-512-512-10, predicted and measured",
                ["what", "predicted", "measured", "by"],
                [
                    [
                        name,
                        number(1e3 * predicted[name]) if name in predicted else "",
                        number(1e3 * seconds),
                        f"{100 * (predicted[name] / seconds - 1):+.0f} %" if name in predicted else "",
                    ]
                    for name, seconds in measured.items()
                ],
            ),
        ],
        "notes": [
            f"{rows} rows, {steps} steps of 256 rows of both workers together, NPROC=1 each. A step's time "
            "is that of the fastest of five epochs without evaluation. Predicted from the step of one worker "
            "with each exchange and from collectives that `measure_network` measured without any exchange.",
            "10-64-1: each way at the best of the rates 1e-2, 3e-3, 1e-3, 3e-4 on validation rows; test rows "
            f"are others. Rates: {', '.join(f'{name} {rate:g}' for name, rate in chosen.items())}.",
        ],
    }


def _small_ways(backend: str) -> dict[str, Any]:
    from neuralopt.distributed import DataParallel, DiLoCo, Int8

    return {
        "synchronous": DataParallel(backend=backend),
        "DiLoCo": DiLoCo(period=256, exchange=Int8(), backend=backend),
    }


def _predicted(task: Task, ways: Any, measured: dict[str, float]) -> dict[str, float]:
    """Return the predicted step times of the ways with several workers."""
    import neuralopt
    from neuralopt.distributed import Fp32, Layout, measure_network, simulate
    from neuralopt.distributed.measuring import measure_step
    from neuralopt.optimizers import Adam

    net = neuralopt.MLP(task.sizes, "relu")
    X, y = task.data()[0]
    data = (X[:4096], y[:4096])
    common: dict[str, Any] = {"loss": "cross_entropy", "optimizer": Adam(1e-3)}
    layout = Layout(Layout.of(net.init(0), 2).shapes, 2)  # float32, as it is trained
    network = measure_network(net, data, batch_size=task.batch, **common)
    common |= {"batch_size": task.batch // 2, "seconds": 2.0}
    alone = measure_step(net, data, exchange=Fp32(), **common)
    rows = {}
    for name in measured:
        distribute, _ = ways[name]
        if distribute is None or distribute.exchange.takes_momentum:
            continue  # steady only after its warm-up
        extra = measure_step(net, data, exchange=distribute.exchange, **common) - alone
        rows[name] = simulate(
            distribute,
            layout,
            step_seconds=network.step_seconds,
            exchange_seconds=max(0.0, extra),
            network=network,
            steps=task.steps,
        ).step_seconds
    return rows


if __name__ == "__main__":
    main(measure)
