"""Two processes of this machine against one: bytes off the sockets, losses, kills, and what was predicted."""

import dataclasses
import os
import signal
import time
import warnings
from typing import Any

from harness import Target, check, figure, main, number, table
from killed_trials import killed_trials

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
    Target("runs with three kills that end with the same bits", "same bits", ">=", 1.0, "of all"),
    Target("from a kill to the end of the next chunk", "restart", "<=", 15, "s"),
    Target("predicted step time off the measured one", "prediction", "<=", 0.2, ""),
    Target("tuning, processes: complete trials of 32, three killed", "tuned by processes", ">=", 32, ""),
    Target("tuning, Ray: complete trials of 32, three killed", "tuned on Ray", ">=", 32, ""),
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
    synchronous = small.run(DataParallel(**sides), Adam(3e-3))
    local = small.run(DiLoCo(period=256, exchange=Int8(), **sides), Adam(3e-3))
    full, one = found["fp32"], found["one process"]
    predicted = _predicted(large, ways, one, found)
    same, restarts = _killed(1 if quick else 5)
    tuned = {name: killed_trials(name) for name in ("processes", "Ray")}
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
        "DiLoCo speed": [one.step / found["DiLoCo H=15, int8"].step],
        "same bits": [sum(same) / len(same)],
        "restart": restarts,
        "prediction": [max(abs(1 - p / m) for p, m in predicted.values())],
        "tuned by processes": [tuned["processes"].complete],
        "tuned on Ray": [tuned["Ray"].complete],
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
            *(
                check(
                    f"tuning by {name}: values of the study without kills",
                    end.same and end.kills == 3,
                    f"{end.kills} workers killed, {end.seconds:.1f} s",
                )
                for name, end in tuned.items()
            ),
        ],
        "tables": [
            table(
                "784-512-512-10, 669,706 parameters, batch 256, two workers",
                ["what", "ms/step", "bytes/step", "train loss", "test loss", "test accuracy"],
                [
                    [
                        name,
                        number(1e3 * part.step),
                        f"{part.wire:,.0f}",
                        number(part.train, 4),
                        number(part.test, 4),
                        number(part.score, 4),
                    ]
                    for name, part in shown
                ],
            ),
            table(
                "Step time predicted from one worker's step and two loopback figures",
                ["what", "predicted ms", "measured ms"],
                [[name, number(1e3 * p), number(1e3 * m)] for name, (p, m) in predicted.items()],
            ),
        ],
        "notes": [
            f"{rows} rows, {steps} steps; a step's time is that of the fastest epoch. "
            "Two workers, NPROC=1 each."
        ],
    }


@dataclasses.dataclass(frozen=True)
class Found:
    """What one run gave."""

    step: float  # seconds
    wire: float  # bytes a step of the first worker, off its sockets
    steady: float  # bytes a step as computed, after any warm-up
    first: float
    train: float
    test: float
    score: float


@dataclasses.dataclass(frozen=True)
class Task:
    """A teacher's data and a network."""

    sizes: tuple[int, ...]
    rows: int
    epochs: int

    @property
    def batch(self) -> int:
        """Rows of a batch of both workers."""
        return 256 if self.sizes[-1] > 1 else 64

    @property
    def steps(self) -> int:
        """Of the whole run."""
        return self.rows // self.batch * self.epochs

    def data(self) -> tuple[Any, Any]:
        """Return rows to train on and rows to test on."""
        import numpy as np

        random, inputs, outputs = np.random.default_rng(123), self.sizes[0], self.sizes[-1]
        X = random.standard_normal((self.rows + 4096, inputs)).astype(np.float32)
        first = random.standard_normal((inputs, 32)).astype(np.float32) / np.sqrt(inputs)
        taught = np.tanh(2 * X @ first) @ random.standard_normal((32, outputs)).astype(np.float32)
        noise = 0.05 * random.standard_normal((len(X), outputs)).astype(np.float32)
        y = taught.argmax(1) if outputs > 1 else taught / taught.std() + noise
        return (X[: self.rows], y[: self.rows]), (X[self.rows :], y[self.rows :])

    def run(self, distribute: Any, optimizer: Any) -> Found:
        """Train, and read off what it took."""
        import numpy as np

        import neuralopt
        from neuralopt.distributed import Layout

        train, test = self.data()
        classes = self.sizes[-1] > 1
        loss = "cross_entropy" if classes else "squared_error"
        net = neuralopt.MLP(self.sizes, "relu" if classes else "tanh")
        result = neuralopt.train(
            net,
            train,
            optimizer=optimizer,
            loss=loss,
            epochs=self.epochs,
            batch_size=self.batch,
            validation=test,
            metrics=["accuracy"] if classes else ["r2"],
            distribute=distribute,
        )
        history, per_epoch = result.history, self.rows // self.batch
        losses = neuralopt.models.get_loss(loss)
        figures = [float(losses.value(net.forward(result.params, X[:4096]), y[:4096])) for X, y in (train,)]
        begin = float(losses.value(net.forward(net.init(0), train[0][:4096]), train[1][:4096]))
        wire = history["bytes_on_wire"].mean() / per_epoch if "bytes_on_wire" in history else 0.0
        layout = Layout.of(result.params, 2)
        steady = 0.0 if distribute is None else distribute.exchange.bytes_per_step(layout)
        return Found(
            float(np.min(history["seconds"])) / per_epoch,
            float(wire),
            float(steady),
            begin,
            *figures,
            float(history["validation_loss"][-1]),
            float(history["validation_accuracy" if classes else "validation_r2"][-1]),
        )


def _predicted(task: Task, ways: Any, one: Found, found: Any) -> dict[str, tuple[float, float]]:
    """Return predicted and measured step times; the loopback is read off the runs of fp32 and int8."""
    import neuralopt
    from neuralopt.distributed import Fp32, Layout, Network, simulate
    from neuralopt.distributed.planning import measure_step
    from neuralopt.optimizers import Adam

    net = neuralopt.MLP(task.sizes, "relu")
    train, _ = task.data()
    data = (train[0][:4096], train[1][:4096])
    common = {"batch_size": task.batch // 2, "loss": "cross_entropy", "optimizer": Adam(1e-3), "seconds": 2.0}
    layout = Layout.of(net.init(0), 2)
    alone = measure_step(net, data, exchange=Fp32(), **common)
    # all that fp32 takes beyond computing is the loopback's: a bandwidth, the latency being small beside it
    latency = 1e-4
    beyond = max(found["fp32"].step - alone - 2 * latency, 1e-5)
    network = Network(latency, Fp32().bytes_per_step(layout) / beyond)
    rows = {}
    for name in ("int8", "PowerSGD rank 4", "DiLoCo H=15, int8"):
        distribute = ways[name][0]
        extra = measure_step(net, data, exchange=distribute.exchange, **common) - alone
        clock = simulate(
            distribute,
            layout,
            step_seconds=alone,
            exchange_seconds=max(0.0, extra),
            network=network,
            steps=task.steps,
        )
        rows[name] = (clock.step_seconds, found[name].step)
    return rows


def _killed(repeats: int) -> tuple[list[bool], list[float]]:
    """Return whether runs with three kills had the bits of an undisturbed one, and how long restarts took."""
    import random

    import numpy as np

    import neuralopt
    from neuralopt.distributed import DataParallel, Int8
    from neuralopt.distributed.gang import Gang

    gangs: list[Any] = []
    before = Gang.start

    def start(self: Any, states: Any) -> None:
        before(self, states)
        gangs.append([worker.process for worker in self.workers])

    Gang.start = start
    dice = random.Random(0)

    class Kill(neuralopt.Callback):
        """Kill a worker after some epochs."""

        every = 1

        def __init__(self, epochs: Any) -> None:
            self.epochs, self.begin, self.seconds = epochs, 0.0, []

        def on_chunk(self, report: Any) -> None:
            """Kill, and look how long it took."""
            if self.begin:
                self.seconds.append(time.perf_counter() - self.begin)
                self.begin = 0.0
            if report.epoch in self.epochs:
                self.begin = time.perf_counter()
                os.kill(gangs[-1][dice.randrange(2)].pid, signal.SIGKILL)

    task = Task((10, 64, 1), 4096, 20)
    train, _ = task.data()

    def run(epochs: Any) -> tuple[bytes, list[float]]:
        kill = Kill(epochs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            result = neuralopt.train(
                neuralopt.MLP(task.sizes),
                train,
                epochs=task.epochs,
                batch_size=64,
                callbacks=[kill],
                distribute=DataParallel(exchange=Int8(), backend="processes"),
            )
        return b"".join(np.asarray(a).tobytes() for pair in result.params for a in pair), kill.seconds

    whole, _ = run(())
    same, seconds = [], []
    for _ in range(repeats):
        bits, took = run(dice.sample(range(1, 19), 3))
        same.append(bits == whole)
        seconds += took
    Gang.start = before
    return same, seconds


if __name__ == "__main__":
    main(measure)
