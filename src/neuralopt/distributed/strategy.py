"""The ways to train with several workers, as values."""

import abc
import dataclasses
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.validation import check_count
from neuralopt.distributed.exchanges.base import Exchange, Layout
from neuralopt.distributed.exchanges.fp32 import Fp32
from neuralopt.distributed.local import Local
from neuralopt.distributed.network import Network
from neuralopt.distributed.shares import check_shares
from neuralopt.distributed.simulated_runner import SimulatedRunner
from neuralopt.distributed.synchronous import Synchronous
from neuralopt.engine.batches import Plan
from neuralopt.engine.data import Source
from neuralopt.engine.distribution import Distribution
from neuralopt.engine.identity import describe
from neuralopt.engine.loop import Method
from neuralopt.engine.program import Program
from neuralopt.engine.runners import Runner
from neuralopt.optimizers import SGD
from neuralopt.transforms import Chain


@dataclasses.dataclass(frozen=True, kw_only=True)
class Strategy(Distribution):
    """What all ways have in common.

    Attributes
    ----------
    workers : int >= 1
    exchange : Exchange
    backend : str
    network : Network or None
    """

    workers: int = 2
    exchange: Exchange = dataclasses.field(default_factory=Fp32)
    backend: str = "simulated"
    network: Network | None = None

    def __post_init__(self) -> None:
        name = type(self).__name__
        check_count(f"{name}: workers", self.workers)
        if not isinstance(self.exchange, Exchange):
            hint = f" Make one: {self.exchange.__name__}()." if isinstance(self.exchange, type) else ""
            raise InvalidArgument(f"{name}: exchange must be an exchange, got {self.exchange!r}.{hint}")
        if self.network is not None and not isinstance(self.network, Network):
            raise InvalidArgument(f"{name}: network must be a Network, got {self.network!r}.")
        if self.backend != "simulated":
            raise InvalidArgument(f"{name}: backend must be 'simulated', got {self.backend!r}.")

    @property
    def identity(self) -> str:
        """What must be the same for a run to be resumed; see `Distribution.identity`."""
        kept = dataclasses.replace(self, backend="simulated", network=None)
        return describe(kept)

    @abc.abstractmethod
    def wrapped(self, optimizer: Any, total_steps: int) -> Any:
        """Return the optimizer as all workers together run it."""

    @abc.abstractmethod
    def exchanges(self, first: int, last: int, total: int) -> tuple[int, int]:
        """Return how many exchanges were done before step ``first``, and before step ``last``."""

    def cost(self, layout: Layout, first: int, last: int, total: int) -> tuple[float, float]:
        """Return the bytes that one worker sends from step ``first`` to ``last``, and their seconds."""
        before, after = self.exchanges(first, last, total)
        steady = max(before, min(after, self.exchange.steady_from))
        steps = [*range(before, steady)]
        bytes_ = sum(self.exchange.bytes_per_step(layout, step) for step in steps)
        bytes_ += (after - steady) * self.exchange.bytes_per_step(layout)
        if self.network is None:
            return bytes_, 0.0
        seconds = sum(self.network.seconds(self.exchange, layout, step) for step in steps)
        return bytes_, seconds + (after - steady) * self.network.seconds(self.exchange, layout)

    def columns(
        self, layout: Layout, plan: Plan, method: Method, first: int, last: int
    ) -> dict[str, np.ndarray]:
        """Return the history's columns of what one worker sends in the epochs from ``first`` to ``last``."""
        total = int(getattr(method.optimizer, "total", 0))
        costs = [
            self.cost(layout, epoch * plan.steps, (epoch + 1) * plan.steps, total)
            for epoch in range(first, last)
        ]
        found = {"bytes_sent": np.array([bytes_ for bytes_, _ in costs], np.float64)}
        if self.network is not None:
            found["network_seconds"] = np.array([seconds for _, seconds in costs], np.float64)
        return found

    def runner(
        self,
        program: Program,
        method: Method,
        source: Source,
        validation: Any,
        plan: Plan,
        seed: int,
        total_steps: int,
    ) -> Runner:
        """Return what runs the workers; see `Distribution.runner`."""
        check_shares(plan, self.workers, program.objective.weighted)
        self.check(program, method, source)
        method = method._replace(optimizer=self.wrapped(method.optimizer, total_steps))
        return SimulatedRunner(self, program, method, source, validation, plan, seed)

    def check(self, program: Program, method: Method, source: Source) -> None:
        """Raise for what cannot be trained by several workers."""
        name, optimizer = type(self).__name__, method.optimizer
        if program.objective.stateful:
            raise InvalidArgument(
                f"{name}: the model carries batch statistics, which would be those of one worker's share. "
                "Take layer normalisation, or train in one process."
            )
        if optimizer.searches:
            raise InvalidArgument(
                f"{name}: {type(optimizer).__name__} searches along a line and asks for the loss many times "
                "a step, each of which would be sent. Take a method without a search."
            )
        if source.streamed:
            raise InvalidArgument(
                f"{name}: the data are larger than the device's share of memory. Raise device_memory."
            )
        if optimizer.guards and not isinstance(self.exchange, Fp32):
            raise InvalidArgument(
                f"{name}: a guard skips steps whose gradient is not finite, but {self.exchange!r} would keep "
                "such a gradient in its residual for ever. Take Fp32() beside a guard."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataParallel(Strategy):
    """Synchronous training: every worker has its share of each batch, and all take the same step.

    With `Fp32` it is the training of one process with the whole batch, but for rounding.

    Parameters
    ----------
    workers : int >= 1, default 2
        K. ``batch_size`` is that of all together.
    exchange : Exchange, default Fp32()
        How gradients are sent.
    backend : {"simulated"}, default "simulated"
        Where the workers are: all in this process, with their bytes counted.
    network : Network, optional
        Its delays are counted beside the bytes, in the history's column ``network_seconds``.

    Raises
    ------
    InvalidArgument
        For arguments that cannot be; by `train` for an optimizer that keeps a momentum beside an exchange
        that does.

    Examples
    --------
    >>> import numpy as np, neuralopt
    >>> from neuralopt.distributed import DataParallel, Int8
    >>> X = np.random.default_rng(0).normal(size=(64, 2)); y = X[:, 0] * X[:, 1]
    >>> result = neuralopt.train(neuralopt.MLP((2, 8, 1)), (X, y), epochs=3,
    ...                          distribute=DataParallel(workers=4, exchange=Int8()))
    >>> result.history["bytes_sent"]
    array([3120., 3120., 3120.])
    """

    def wrapped(self, optimizer: Any, total_steps: int) -> Any:
        """Return the optimizer behind an exchange of gradients; see `Strategy.wrapped`."""
        if self.exchange.takes_momentum and not _plain(optimizer):
            name = type(self.exchange).__name__
            raise InvalidArgument(
                f"{name} keeps the momentum itself, got {type(optimizer).__name__} beside it. "
                f"Give optimizer=SGD(learning_rate) without momentum; its learning rate is that of {name}'s "
                "direction."
            )
        return Synchronous(optimizer, self.exchange, self.workers)

    def exchanges(self, first: int, last: int, total: int) -> tuple[int, int]:
        """Return the steps; see `Strategy.exchanges`."""
        return first, last


@dataclasses.dataclass(frozen=True, kw_only=True)
class Periodic(Strategy):
    """What local training has in common.

    Attributes
    ----------
    period : int >= 1
        H, steps of every worker between two exchanges.
    """

    period: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(f"{type(self).__name__}: period", self.period)
        if self.exchange.takes_momentum:
            raise InvalidArgument(
                f"{type(self).__name__}: {type(self.exchange).__name__} keeps the momentum of gradients, but "
                "what is exchanged here is a way gone. Take Int8(), PowerSGD() or TopK()."
            )

    def check(self, program: Program, method: Method, source: Source) -> None:
        """Raise for what cannot be trained alone; see `Strategy.check`."""
        super().check(program, method, source)
        optimizer = method.optimizer
        for held, why in (
            (optimizer.averages, "is evaluated at an average"),
            (optimizer.guards, "skips steps"),
        ):
            if held:
                raise InvalidArgument(
                    f"{type(self).__name__}: {type(optimizer).__name__} {why}, of which every worker would "
                    "have another. Take DataParallel, or a plain optimizer."
                )

    def outer(self) -> Any:
        """Return the optimizer that takes the mean way gone for a gradient."""
        return SGD(1.0)

    def wrapped(self, optimizer: Any, total_steps: int) -> Any:
        """Return the optimizer with exchanges between its steps; see `Strategy.wrapped`."""
        total = np.int32(total_steps)
        return Local(optimizer, self.outer(), self.exchange, total, self.period, self.workers)

    def exchanges(self, first: int, last: int, total: int) -> tuple[int, int]:
        """Return the rounds, the last of which ends with the run; see `Strategy.exchanges`."""
        extra = int(last == total and total % self.period > 0)
        return first // self.period, last // self.period + extra


@dataclasses.dataclass(frozen=True, kw_only=True)
class LocalSGD(Periodic):
    r"""Every worker takes H steps alone; then all go on from the mean of where they are.

    .. math:: \theta \leftarrow \tfrac1K \sum_k \theta_k \quad\text{after every H steps}

    The history's loss is that of the workers on the way; parameters are evaluated, kept and returned as they
    were after the last exchange, and the last step of a run always ends in one.

    Parameters
    ----------
    workers : int >= 1, default 2
        K.
    exchange : Exchange, default Fp32()
        How the ways gone are sent.
    backend : {"simulated"}, default "simulated"
        As for `DataParallel`.
    network : Network, optional
        As for `DataParallel`.
    period : int >= 1, default 16
        H.

    References
    ----------
    Stich, 2019, arXiv:1805.09767, algorithm 1.

    Examples
    --------
    >>> LocalSGD(period=32).exchanges(0, 100, total=100)
    (0, 4)
    """


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiLoCo(Periodic):
    r"""Every worker takes H steps alone; an outer Nesterov momentum steps along the mean way gone.

    .. math:: \Delta = \tfrac1K \sum_k (\theta - \theta_k), \quad b \leftarrow \mu b + \Delta, \quad
        \theta \leftarrow \theta - \eta\,(\Delta + \mu b)

    The optimizer of `train` is the inner one. Otherwise as `LocalSGD`. Memory: beside the inner
    optimizer's and the exchange's, two numbers per parameter.

    Parameters
    ----------
    workers : int >= 1, default 2
        K.
    exchange : Exchange, default Fp32()
        How the ways gone are sent.
    backend : {"simulated"}, default "simulated"
        As for `DataParallel`.
    network : Network, optional
        As for `DataParallel`.
    period : int >= 1, default 16
        H; the paper takes 500.
    outer_learning_rate : float >= 0, default 0.7
        Eta.
    outer_momentum : 0 <= float < 1, default 0.9
        Mu.

    References
    ----------
    Douillard et al., 2023, arXiv:2311.08105, algorithm 1.

    Examples
    --------
    >>> DiLoCo(period=256).outer()  # doctest: +ELLIPSIS
    SGD(learning_rate=0.7, momentum=0.9, nesterov=True...
    """

    outer_learning_rate: float = 0.7
    outer_momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        self.outer()  # it checks its own numbers

    def outer(self) -> Any:
        """Return the outer optimizer; see `Periodic.outer`."""
        return SGD(self.outer_learning_rate, momentum=self.outer_momentum, nesterov=True)


def _plain(optimizer: Any) -> bool:
    """Return whether an optimizer keeps no momentum of its own."""
    if isinstance(optimizer, Chain):
        return all(_plain(stage) for stage in optimizer.stages if stage.stage == "optimizer")
    return isinstance(optimizer, SGD) and optimizer.momentum is None
