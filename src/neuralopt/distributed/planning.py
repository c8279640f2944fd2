"""Which exchange pays: the step measured here, the network computed."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count, check_number
from neuralopt.distributed.backends import get_backend
from neuralopt.distributed.data_parallel import DataParallel
from neuralopt.distributed.exchanges.bf16 import Bf16
from neuralopt.distributed.exchanges.dgc import DGC
from neuralopt.distributed.exchanges.fp32 import Fp32
from neuralopt.distributed.exchanges.int8 import Int8
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.exchanges.momentum_1bit import Momentum1Bit
from neuralopt.distributed.exchanges.power_sgd import PowerSGD
from neuralopt.distributed.measuring import measure_step
from neuralopt.distributed.network import AnyNetwork, MeasuredNetwork, Network
from neuralopt.distributed.periodic import DiLoCo
from neuralopt.distributed.plan_table import PlanRow, TrainingPlan
from neuralopt.distributed.probing import measure_network
from neuralopt.distributed.shares import check_rows
from neuralopt.distributed.simulate import Stragglers, simulate
from neuralopt.distributed.strategy import Strategy
from neuralopt.optimizers import SGD


def default_strategies() -> tuple[Strategy, ...]:
    """Return the ways that `plan` compares unless it is told."""
    exchanges = (Fp32(), Bf16(), Int8(), PowerSGD(4), Momentum1Bit(), DGC())
    return (*(DataParallel(exchange=exchange) for exchange in exchanges), DiLoCo(period=64, exchange=Int8()))


def plan(
    model: Any,
    data: Any,
    *,
    workers: int | Sequence[int] = (2, 4, 8),
    network: Any = None,
    batch_size: int = 256,
    loss: Any = "squared_error",
    optimizer: Any = "adam",
    strategies: Iterable[Strategy] | None = None,
    stragglers: Stragglers | None = None,
    seconds: float = 0.5,
) -> TrainingPlan:
    """Say for a model and a network which exchange pays.

    What one worker computes is measured here, each share of the batch by itself. What is sent is computed for
    a network that need not be there, or measured between workers that are started for it.

    Parameters
    ----------
    model : MLP, Network, flax module or equinox module
        What would be trained.
    data : (X, y)
        Rows to measure with, at least a batch.
    workers : int or sequence of int >= 1, default (2, 4, 8)
        Numbers of workers to look at.
    network : Network, MeasuredNetwork, "processes", Processes or RayCluster, optional
        By default one gigabit with 50 microseconds. A backend is measured, for each number of workers, by
        `measure_network`.
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
    It holds for machines like this one, with NPROC as it is here. Workers on one machine share its memory
    and caches, and wait for its scheduler: that is in the prediction only where the network was measured.
    """
    counts = (workers,) if isinstance(workers, int) else tuple(workers)
    network = Network() if network is None else network
    if isinstance(network, MeasuredNetwork) and set(counts) != {network.workers}:
        raise InvalidArgument(
            f"the network was measured between {network.workers} workers, got workers={counts!r}. "
            "Measure it for each number: give the backend itself for the network."
        )
    if not isinstance(network, AnyNetwork) and (backend := get_backend(network)) is not None:
        backend.check(max(counts))
    if not counts:
        raise InvalidArgument("workers must name at least one number of workers, got none. Try (2, 4).")
    for count in counts:
        check_count("workers", count)
        check_rows(batch_size, count)
    check_number("seconds", seconds, low_open=True)
    chosen = tuple(strategies) if strategies is not None else default_strategies()
    for strategy in chosen:
        if not isinstance(strategy, Strategy):
            raise InvalidArgument(f"strategies are DataParallel, LocalSGD or DiLoCo, got {strategy!r}.")
    if (rows := len(tree.leaves(data)[0])) < batch_size:
        raise InvalidArgument(
            f"plan measures steps of whole batches: data must have batch_size={batch_size} rows, got {rows}."
        )
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

    one, found, networks, layout = measured(batch_size, Fp32()), [], [], None
    for count in counts:
        share = max(1, batch_size // count)
        layout = _layout(model, data, batch_size, loss, count)
        alone = measured(share, Fp32())
        links = _links(network, model, data, count, batch_size=batch_size, loss=loss, optimizer=optimizer)
        base = links.step_seconds if isinstance(links, MeasuredNetwork) else alone
        full = Fp32().bytes_per_step(layout)
        plain = base + links.seconds(Fp32(), layout)
        rows = []
        for strategy in chosen:
            exchange = steady(strategy.exchange)
            own = dataclasses.replace(strategy, workers=count, network=links, exchange=exchange)
            extra = max(0.0, measured(share, exchange) - alone)
            clock = simulate(
                own,
                layout,
                step_seconds=base,
                exchange_seconds=extra,
                stragglers=stragglers,
                steps=1024,
                first=exchange.steady_from * getattr(own, "period", 1),
            )
            sent = clock.bytes_per_step
            delay = clock.step_seconds - sent / links.bandwidth - (plain - full / links.bandwidth)
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
        networks.append(links)
        found += sorted(rows, key=lambda row: row.step_seconds)
    return TrainingPlan(tuple(found), one, 0 if layout is None else layout.size, tuple(networks))


def _links(network: Any, model: Any, data: Any, workers: int, **given: Any) -> AnyNetwork:
    """Return the network between so many workers; a backend is measured."""
    if isinstance(network, AnyNetwork) or workers == 1:
        return network if isinstance(network, AnyNetwork) else Network()
    return measure_network(model, data, backend=network, workers=workers, **given)


def label(strategy: Strategy) -> str:
    """Return what a table calls a way to train."""
    exchange = type(strategy.exchange).__name__
    rank = getattr(strategy.exchange, "rank", None)
    exchange += f" rank {rank}" if rank else ""
    if period := getattr(strategy, "period", None):
        return f"{type(strategy).__name__} every {period}, {exchange}"
    return exchange


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
