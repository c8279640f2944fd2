"""Asynchronous training at a parameter server."""

import dataclasses
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count, check_number
from neuralopt.distributed.backends import check_address, check_seconds, cores
from neuralopt.distributed.by_name import get_exchange
from neuralopt.distributed.codec import check_codec
from neuralopt.distributed.exchanges.base import Exchange
from neuralopt.distributed.exchanges.fp32 import Fp32
from neuralopt.distributed.server_runner import ServerRunner
from neuralopt.distributed.server_state import Served
from neuralopt.engine.batches import Plan
from neuralopt.engine.data import Source
from neuralopt.engine.distribution import Distribution
from neuralopt.engine.identity import describe
from neuralopt.engine.loop import Method
from neuralopt.engine.program import Program
from neuralopt.engine.runners import Runner


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParameterServer(Distribution):
    r"""Workers on Ray compute gradients of different batches; this process takes a step by each.

    A gradient that was computed at parameters s steps old moves them by less,

    .. math:: \theta \leftarrow \theta + \frac{u}{1 + c\,s},

    u being the optimizer's step. Every batch of an epoch is applied exactly once, also when workers
    die: its lease is then given back, and what an exchange has left over lies in Ray's object store.

    Parameters
    ----------
    workers : int >= 1, default 2
        K. Each takes whole batches of ``batch_size`` rows.
    mode : {"async", "bounded", "sync"}, default "async"
        Steps as gradients come; the same, but none older than ``staleness``; or one step by the mean of
        every K batches, whose bits do not depend on who is slow or dies.
    staleness : int >= 0, optional
        The bound, for "bounded"; by default twice the workers. Below K - 1 fewer workers compute at a time.
    damping : float >= 0, default 0.5
        The factor c.
    exchange : Fp32, Bf16, Int8, TopK or str, default Fp32()
        How gradients are sent, with error feedback.
    address : str, optional
        ``host:port`` of a Ray cluster that runs; by default one is started on this machine for this run.
    threads : int >= 1, default 1
        NPROC of every worker.
    start_timeout : float > 0, default 120
        Seconds in which all workers must be ready, and one that was lost must answer again.
    stuck_after : float > 0, default 120
        Seconds after which a worker that does not answer is killed and started anew.

    Raises
    ------
    InvalidArgument
        For arguments that cannot be; by `train` also for models with batch statistics and line searches.
    MissingDependency
        By `train`, without Ray: ``pip install "neuralopt[cluster]"``.

    Notes
    -----
    The history has ``staleness``, the mean age of an epoch's gradients, and ``bytes_sent`` by one worker.
    Asynchronous runs are not repeatable: the order of steps is that in which gradients came. The checkpoint
    holds what the exchange has left over, so that a resumed run in mode "sync" has the bits of a whole one.

    References
    ----------
    Ho et al., 2013, NeurIPS 26: bounded staleness. Zhang, Gupta, Lian and Liu, 2016, arXiv:1511.05950:
    steps by staleness.

    Examples
    --------
    >>> ParameterServer(mode="bounded", workers=4).staleness
    8
    """

    workers: int = 2
    mode: str = "async"
    staleness: int | None = None
    damping: float = 0.5
    exchange: Exchange = dataclasses.field(default_factory=Fp32)
    address: str | None = None
    threads: int = 1
    start_timeout: float = 120.0
    stuck_after: float = 120.0

    def __post_init__(self) -> None:
        check_count("ParameterServer: workers", self.workers)
        check_seconds(self)
        check_address(self)
        check_count("ParameterServer: threads", self.threads)
        if self.mode not in ("async", "bounded", "sync"):
            raise InvalidArgument(
                f"ParameterServer: mode must be 'async', 'bounded' or 'sync', got {self.mode!r}."
            )
        if self.staleness is not None:
            if self.mode != "bounded":
                raise InvalidArgument(
                    f"ParameterServer: staleness is the bound of mode='bounded', got "
                    f"staleness={self.staleness!r} with mode={self.mode!r}."
                )
            check_count("ParameterServer: staleness", self.staleness, low=0)
        elif self.mode == "bounded":
            object.__setattr__(self, "staleness", 2 * self.workers)
        check_number("ParameterServer: damping", self.damping)
        if isinstance(self.exchange, str):
            object.__setattr__(self, "exchange", get_exchange(self.exchange))
        check_codec(self.exchange)

    @property
    def synchronous(self) -> bool:
        """Whether a step waits for all workers."""
        return self.mode == "sync"

    @property
    def identity(self) -> str:
        """What must be the same for a run to be resumed."""
        where = {"address": None, "threads": 1, "start_timeout": 1.0, "stuck_after": 1.0}
        return describe(dataclasses.replace(self, **where))

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
        optimizer = method.optimizer
        for held, why in (
            (program.objective.stateful, "the model carries batch statistics, which workers would not share"),
            (optimizer.searches, f"{type(optimizer).__name__} asks for the loss many times a step"),
            (optimizer.guards, f"{type(optimizer).__name__} skips steps, which a ledger would not know"),
            (source.streamed, "the data are larger than the device's share of memory"),
        ):
            if held:
                raise InvalidArgument(f"ParameterServer: {why}. Take one process, or DataParallel.")
        if self.address is None and self.workers > cores():
            raise InvalidArgument(
                f"this machine has {cores()} cores, got workers={self.workers}. A worker needs a core of its "
                "own: take fewer, or give the address of a cluster."
            )
        method = method._replace(optimizer=Served(optimizer, self.exchange, self.workers))
        return ServerRunner(self, program, method, source, validation, plan, seed)
