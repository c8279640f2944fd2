"""Local training: an exchange every so many steps."""

import dataclasses
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.distributed.local import Local
from neuralopt.distributed.strategy import Strategy
from neuralopt.engine.batches import Plan
from neuralopt.engine.data import Source
from neuralopt.engine.loop import Method
from neuralopt.engine.program import Program
from neuralopt.optimizers import SGD


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
        """Raise for what cannot be trained alone."""
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

    def check_patience(self, plan: Plan, patience: int) -> None:
        """Raise where a run could be stopped before its first exchange: until then nothing improves."""
        rounds = -(-self.period // plan.steps)
        if patience < rounds:
            raise InvalidArgument(
                f"{type(self).__name__}: what is validated changes at exchanges alone, every period="
                f"{self.period} steps, which are {rounds} epochs here; got EarlyStopping with patience="
                f"{patience}. Give it at least {rounds}, or a shorter period."
            )

    def outer(self) -> Any:
        """Return the optimizer that takes the mean way gone for a gradient."""
        return SGD(1.0)

    def wrapped(self, optimizer: Any, total_steps: int) -> Any:
        """Return the optimizer with exchanges between its steps."""
        total = np.int32(total_steps)
        return Local(optimizer, self.outer(), self.exchange, total, self.period, self.workers)

    def exchanges(self, first: int, last: int, total: int) -> tuple[int, int]:
        """Return the rounds, the last of which ends with the run."""
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
    exchange : Exchange or str, default Fp32()
        How the ways gone are sent.
    backend : {"simulated", "processes"}, Processes or RayCluster, default "simulated"
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
    exchange : Exchange or str, default Fp32()
        How the ways gone are sent.
    backend : {"simulated", "processes"}, Processes or RayCluster, default "simulated"
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
        """Return the outer optimizer."""
        return SGD(self.outer_learning_rate, momentum=self.outer_momentum, nesterov=True)
