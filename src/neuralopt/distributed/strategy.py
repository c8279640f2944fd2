"""What all ways to train with several workers have in common."""

import abc
import dataclasses
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.distributed.backends import Processes, RayCluster, get_backend
from neuralopt.distributed.by_name import get_exchange
from neuralopt.distributed.exchanges.base import Exchange
from neuralopt.distributed.exchanges.fp32 import Fp32
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.gang_runner import GangRunner
from neuralopt.distributed.network import AnyNetwork
from neuralopt.distributed.shares import check_shares
from neuralopt.distributed.simulated_runner import SimulatedRunner
from neuralopt.engine.batches import Plan
from neuralopt.engine.data import Source
from neuralopt.engine.distribution import Distribution
from neuralopt.engine.identity import describe
from neuralopt.engine.loop import Method
from neuralopt.engine.program import Program
from neuralopt.engine.runners import Runner


@dataclasses.dataclass(frozen=True, kw_only=True)
class Strategy(Distribution):
    """What all ways have in common.

    Attributes
    ----------
    workers : int >= 1
    exchange : Exchange or str
        A name is one of `get_exchange`.
    backend : str, Processes or RayCluster
    network : Network, MeasuredNetwork or None
    """

    workers: int = 2
    exchange: Exchange = dataclasses.field(default_factory=Fp32)
    backend: str | Processes | RayCluster = "simulated"
    network: AnyNetwork | None = None

    def __post_init__(self) -> None:
        name = type(self).__name__
        check_count(f"{name}: workers", self.workers)
        if isinstance(self.exchange, str):
            object.__setattr__(self, "exchange", get_exchange(self.exchange))
        if not isinstance(self.exchange, Exchange):
            hint = f" Make one: {self.exchange.__name__}()." if isinstance(self.exchange, type) else ""
            raise InvalidArgument(f"{name}: exchange must be an exchange, got {self.exchange!r}.{hint}")
        if self.network is not None and not isinstance(self.network, AnyNetwork):
            raise InvalidArgument(f"{name}: network must be a Network, got {self.network!r}.")
        get_backend(self.backend)

    @property
    def identity(self) -> str:
        """What must be the same for a run to be resumed."""
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
        """Return what runs the workers."""
        check_shares(plan, self.workers, program.objective.weighted)
        self.check(program, method, source)
        self.check_patience(plan, int(method.limits.patience))
        method = method._replace(optimizer=self.wrapped(method.optimizer, total_steps))
        arguments = (self, program, method, source, validation, plan, seed)
        backend = get_backend(self.backend)
        if backend is None:
            return SimulatedRunner(*arguments)
        backend.check(self.workers)
        return GangRunner(backend, *arguments)

    def check_patience(self, plan: Plan, patience: int) -> None:
        """Raise where a run could be stopped for want of progress before anything was exchanged."""

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
