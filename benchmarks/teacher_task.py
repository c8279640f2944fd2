"""A teacher's data and a network that learns from it, alone or by several workers."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Found:
    """What one run gave."""

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

    @property
    def net(self) -> Any:
        """The network."""
        import neuralopt

        return neuralopt.MLP(self.sizes, "relu" if self.sizes[-1] > 1 else "tanh")

    def train(self, distribute: Any, optimizer: Any, **given: Any) -> Any:
        """Return the result of a training."""
        import neuralopt

        return neuralopt.train(
            self.net,
            self.data()[0],
            optimizer=optimizer,
            loss="cross_entropy" if self.sizes[-1] > 1 else "squared_error",
            batch_size=self.batch,
            distribute=distribute,
            **{"epochs": self.epochs, **given},
        )

    def step_seconds(self, distribute: Any, optimizer: Any, epochs: int) -> float:
        """Return the seconds of a step in the fastest epoch."""
        history = self.train(distribute, optimizer, epochs=epochs).history
        return float(min(history["seconds"])) / (self.rows // self.batch)

    def best_rate(self, distribute: Any) -> float:
        """Return the learning rate of Adam that does best on the first half of the held-out rows."""
        from neuralopt.optimizers import Adam

        X, y = self.data()[1]
        half = len(X) // 2

        def error(rate: float) -> float:
            result = self.train(distribute, Adam(rate), validation=(X[:half], y[:half]))
            return result.history["validation_loss"][-1]

        return min((1e-2, 3e-3, 1e-3, 3e-4), key=error)

    def run(self, distribute: Any, optimizer: Any) -> Found:
        """Train, and read off what it took; evaluated on the second half of the held-out rows."""
        import neuralopt
        from neuralopt.distributed import Layout

        train, (X, y) = self.data()
        half, net, classes = len(X) // 2, self.net, self.sizes[-1] > 1
        loss = "cross_entropy" if classes else "squared_error"
        metrics = ["accuracy"] if classes else ["r2"]
        result = self.train(distribute, optimizer, validation=(X[half:], y[half:]), metrics=metrics)
        history, per_epoch = result.history, self.rows // self.batch
        losses = neuralopt.models.get_loss(loss)
        figures = [float(losses.value(net.forward(result.params, X[:4096]), y[:4096])) for X, y in (train,)]
        begin = float(losses.value(net.forward(net.init(0), train[0][:4096]), train[1][:4096]))
        wire = history["bytes_on_wire"].mean() / per_epoch if "bytes_on_wire" in history else 0.0
        layout = Layout.of(result.params, 2)
        steady = 0.0 if distribute is None else distribute.exchange.bytes_per_step(layout)
        return Found(
            float(wire),
            float(steady),
            begin,
            *figures,
            float(history["validation_loss"][-1]),
            float(history["validation_accuracy" if classes else "validation_r2"][-1]),
        )
