"""Which exchange pays: the step measured here, the network computed."""

import dataclasses
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.validation import check_count
from neuralopt.distributed.data_parallel import DataParallel
from neuralopt.distributed.exchanges.base import Layout
from neuralopt.distributed.exchanges.bf16 import Bf16
from neuralopt.distributed.exchanges.dgc import DGC
from neuralopt.distributed.exchanges.fp32 import Fp32
from neuralopt.distributed.exchanges.int8 import Int8
from neuralopt.distributed.exchanges.momentum_1bit import Momentum1Bit
from neuralopt.distributed.exchanges.power_sgd import PowerSGD
from neuralopt.distributed.network import Network
from neuralopt.distributed.periodic import DiLoCo
from neuralopt.distributed.simulate import Stragglers, simulate
from neuralopt.distributed.strategy import Strategy
from neuralopt.engine import Callback, Report, train
from neuralopt.optimizers import SGD

if TYPE_CHECKING:
    import pandas

_EPOCHS = 10_000


@dataclasses.dataclass(frozen=True)
class PlanRow:
    """What one way to train would take.

    Attributes
    ----------
    workers : int
    method : str
    step_seconds : float
        Wall time of one step of all workers.
    speedup : float
        Against one worker that computes the whole batch.
    bytes_per_step : float
        Sent by one worker.
    less_by : float
        How many times fewer bytes than `Fp32`.
    pays_below : float
        Bytes per second of a link below which it is faster than `Fp32`; infinite where it always is, 0
        where it never is.
    waiting : float
        Share of the time in which workers wait for the slowest.
    """

    workers: int
    method: str
    step_seconds: float
    speedup: float
    bytes_per_step: float
    less_by: float
    pays_below: float
    waiting: float


@dataclasses.dataclass(frozen=True)
class TrainingPlan:
    """The table of `plan`.

    Attributes
    ----------
    rows : tuple of PlanRow
        Fastest first, for each number of workers.
    one_worker : float
        Seconds of a step of the whole batch by one worker, as measured.
    parameters : int
    """

    rows: tuple[PlanRow, ...]
    one_worker: float
    parameters: int

    def best(self, workers: int) -> PlanRow:
        """Return the fastest way for so many workers.

        Parameters
        ----------
        workers : int
            One of those that were asked for.

        Returns
        -------
        PlanRow
        """
        return next(row for row in self.rows if row.workers == workers)

    def frame(self) -> "pandas.DataFrame":
        """Return the rows as a table."""
        import pandas

        return pandas.DataFrame([dataclasses.asdict(row) for row in self.rows])


def default_strategies() -> tuple[Strategy, ...]:
    """Return the ways that `plan` compares unless it is told."""
    exchanges = (Fp32(), Bf16(), Int8(), PowerSGD(4), Momentum1Bit(), DGC())
    return (*(DataParallel(exchange=exchange) for exchange in exchanges), DiLoCo(period=64, exchange=Int8()))


def plan(
    model: Any,
    data: Any,
    *,
    workers: Sequence[int] = (2, 4, 8),
    network: Network | None = None,
    batch_size: int = 256,
    loss: Any = "squared_error",
    optimizer: Any = "adam",
    strategies: Iterable[Strategy] | None = None,
    stragglers: Stragglers | None = None,
    seconds: float = 0.5,
) -> TrainingPlan:
    """Say for a model and a network which exchange pays.

    What one worker computes is measured here, each share of the batch by itself; what is sent is computed.

    Parameters
    ----------
    model : MLP, Network, flax module or equinox module
        What would be trained.
    data : (X, y)
        Rows to measure with, at least a batch.
    workers : sequence of int >= 1, default (2, 4, 8)
        Numbers of workers to look at.
    network : Network, optional
        By default one gigabit with 50 microseconds.
    batch_size : int >= 1, default 256
        Of all workers together.
    loss : str or Loss, default "squared_error"
        As for `train`.
    optimizer : str or Transform, default "adam"
        As for `train`; an exchange that keeps the momentum is measured with `SGD`.
    strategies : iterable of DataParallel, LocalSGD or DiLoCo, optional
        What is compared; their workers and network are replaced.
    stragglers : Stragglers, optional
        By default all workers take the same time.
    seconds : float > 0, default 0.5
        To measure each step for, beside compiling.

    Returns
    -------
    TrainingPlan
        Prints as a list of rows; ``frame()`` gives it to pandas.

    Raises
    ------
    InvalidArgument
        For what cannot be trained so.

    Notes
    -----
    Workers on one machine share its memory and caches, which is not in the prediction; and it holds for
    machines like this one, with NPROC as it is here.
    """
    network = network or Network()
    known: dict[Any, float] = {}

    def measured(rows: int, exchange: Any) -> float:
        if (rows, exchange) not in known:
            method = SGD(0.01) if exchange.takes_momentum else optimizer
            known[rows, exchange] = measure_step(
                model, data, batch_size=rows, loss=loss, optimizer=method, exchange=exchange, seconds=seconds
            )
        return known[rows, exchange]

    def steady(exchange: Any) -> Any:
        return (
            dataclasses.replace(exchange, warmup_steps=_least(exchange)) if exchange.steady_from else exchange
        )

    one, found, layout = measured(batch_size, Fp32()), [], None
    chosen = tuple(strategies) if strategies is not None else default_strategies()
    for count in workers:
        check_count("workers", count)
        share = max(1, batch_size // count)
        layout = _layout(model, data, batch_size, loss, count)
        base = measured(share, Fp32())
        full = Fp32().bytes_per_step(layout)
        plain = base + network.seconds(Fp32(), layout)
        rows = []
        for strategy in chosen:
            exchange = steady(strategy.exchange)
            own = dataclasses.replace(strategy, workers=count, network=network, exchange=exchange)
            extra = max(0.0, measured(share, exchange) - base)
            clock = simulate(
                own, layout, step_seconds=base, exchange_seconds=extra, stragglers=stragglers, steps=1024
            )
            sent = clock.bytes_per_step
            delay = clock.step_seconds - sent / network.bandwidth - (plain - full / network.bandwidth)
            gain = full - sent
            pays = 0.0 if gain <= 0 else np.inf if delay <= 0 else gain / delay
            rows.append(
                PlanRow(
                    count,
                    label(strategy),
                    clock.step_seconds,
                    one / clock.step_seconds,
                    sent,
                    full / sent if sent else np.inf,
                    float(pays),
                    clock.waiting,
                )
            )
        found += sorted(rows, key=lambda row: row.step_seconds)
    return TrainingPlan(tuple(found), one, 0 if layout is None else layout.size)


def label(strategy: Strategy) -> str:
    """Return what a table calls a way to train."""
    exchange = type(strategy.exchange).__name__
    rank = getattr(strategy.exchange, "rank", None)
    exchange += f" rank {rank}" if rank else ""
    if period := getattr(strategy, "period", None):
        return f"{type(strategy).__name__} every {period}, {exchange}"
    return exchange


def measure_step(
    model: Any,
    data: Any,
    *,
    batch_size: int,
    loss: Any,
    optimizer: Any,
    exchange: Any,
    seconds: float = 0.5,
) -> float:
    """Return the seconds that one worker computes for a step with an exchange, nothing being sent.

    The fastest tenth of the epochs of so many seconds counts, for others may share the machine.
    """
    result = train(
        model,
        data,
        optimizer=optimizer,
        loss=loss,
        epochs=_EPOCHS,
        batch_size=batch_size,
        divergence=np.inf,
        callbacks=[_Until(seconds)],
        distribute=DataParallel(workers=1, exchange=exchange),
    )
    rows = len(tree.leaves(data)[0])
    steps = -(-rows // batch_size)
    return float(np.quantile(result.history["seconds"][1:], 0.1)) / steps


class _Until(Callback):
    """End a run after some seconds, and two chunks at least."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end, self._chunks = seconds, np.inf, 0

    def on_start(self, epochs: int, steps: int) -> None:
        """See `Callback.on_start`."""
        self._chunks = 0

    def on_chunk(self, report: Report) -> bool:
        """See `Callback.on_chunk`."""
        self._chunks += 1
        if self._chunks == 1:
            self._end = time.monotonic() + self._seconds
        return self._chunks > 2 and time.monotonic() >= self._end


def _least(exchange: Any) -> int:
    """Return the shortest warm-up that an exchange takes."""
    try:
        dataclasses.replace(exchange, warmup_steps=0)
    except InvalidArgument:
        return 1
    return 0


def _layout(model: Any, data: Any, batch_size: int, loss: Any, workers: int) -> Layout:
    """Return the layout of a model's parameters."""
    from neuralopt.engine.adapters import adapt

    trainable = adapt(model, None, loss, (), data, np.dtype(np.float32))
    return Layout.of(trainable.init(0)[0], workers)
