"""Synchronous training."""

import dataclasses
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed.strategy import Strategy
from neuralopt.distributed.synchronous import Synchronous
from neuralopt.optimizers import SGD
from neuralopt.transforms import Chain


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataParallel(Strategy):
    """Synchronous training: every worker has its share of each batch, and all take the same step.

    With `Fp32` it is the training of one process with the whole batch, but for rounding.

    Parameters
    ----------
    workers : int >= 1, default 2
        K. ``batch_size`` is that of all together.
    exchange : Exchange or str, default Fp32()
        How gradients are sent.
    backend : {"simulated", "processes"}, Processes or RayCluster, default "simulated"
        Where the workers are: all in this process, with their bytes counted, processes of this machine,
        or processes on the machines of a cluster.
        The history has ``bytes_sent``, computed, and of processes ``bytes_on_wire``, read off the first
        worker's sockets where the system tells.
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
        """Return the optimizer behind an exchange of gradients."""
        if self.exchange.takes_momentum and not _plain(optimizer):
            name = type(self.exchange).__name__
            raise InvalidArgument(
                f"{name} keeps the momentum itself, got {type(optimizer).__name__} beside it. "
                f"Give optimizer=SGD(learning_rate) without momentum; its learning rate is that of {name}'s "
                "direction."
            )
        return Synchronous(optimizer, self.exchange, self.workers)

    def exchanges(self, first: int, last: int, total: int) -> tuple[int, int]:
        """Return the steps."""
        return first, last


def _plain(optimizer: Any) -> bool:
    """Return whether an optimizer keeps no momentum of its own."""
    if isinstance(optimizer, Chain):
        return all(_plain(stage) for stage in optimizer.stages if stage.stage == "optimizer")
    return isinstance(optimizer, SGD) and optimizer.momentum is None
