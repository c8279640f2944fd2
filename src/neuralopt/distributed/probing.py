"""What collectives cost between workers that are there: measured, with a model's own steps between them."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import method, switch
from neuralopt.core.scalars import check_count
from neuralopt.distributed.backends import get_backend
from neuralopt.distributed.data_parallel import DataParallel
from neuralopt.distributed.exchanges.base import Exchange, Parts
from neuralopt.distributed.exchanges.collectives import Collective, all_reduce, gather, mean, scatter
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.network import MeasuredNetwork
from neuralopt.engine import Callback, Report, train

_KINDS = 5
_EPOCH_SECONDS, _MOST_STEPS, _MOST_BYTES = 0.15, 256, 64e6


@method
class Probe(Exchange):
    """Send in one epoch nothing, in the next ones little by each kind of collective, then a whole gradient.

    All agree on zeros, so that parameters stay where they are.

    Attributes
    ----------
    steps : int
        Of an epoch.
    """

    steps: int = switch(32)

    def init(self, layout: Layout) -> Parts:
        """Return zeros that the compiler does not know for such; see `Exchange.init`."""
        return Parts(layout.zeros(1), layout.zeros())

    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return zeros; see `Exchange.apply`."""
        # of all entries, and kept: XLA leaves out what nobody reads
        total = jnp.sum(vector)
        little = jnp.broadcast_to(total, (layout.workers,))
        ways = (
            lambda: total,
            lambda: jnp.sum(mean(little)),
            lambda: jnp.sum(scatter(little, layout.workers)),
            lambda: jnp.sum(gather(little)),
            lambda: jnp.max(mean(vector)),
        )
        found = jax.lax.switch(step // self.steps % _KINDS, ways)
        return state.shared, Parts(found[None], state.shared)

    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return nothing: what is sent is not training's; see `Exchange.collectives`."""
        return ()


class Times(NamedTuple):
    """Seconds of a step, by what is sent in it."""

    nothing: float
    all_reduce: float
    all_to_all: float
    all_gather: float
    gradient: float  # by an all-reduce


def measure_network(
    model: Any,
    data: Any,
    *,
    backend: Any = "processes",
    workers: int = 2,
    batch_size: int = 256,
    loss: Any = "squared_error",
    optimizer: Any = "adam",
    rounds: int = 8,
) -> MeasuredNetwork:
    """Measure what collectives take between real workers that compute a model's steps.

    The workers are started once. They compute gradients as they would in training; in one epoch nothing is
    sent, in others one collective of each kind, in turn. The same is done by one worker alone, and taken off.

    Parameters
    ----------
    model : MLP, Network, flax module or equinox module
        Whose steps are computed.
    data : (X, y)
        Rows to compute with, at least a batch.
    backend : {"processes"}, Processes or RayCluster, default "processes"
        Where the workers are.
    workers : int >= 2, default 2
        How many are started.
    batch_size : int >= 1, default 256
        Of all workers together.
    loss : str or Loss, default "squared_error"
        As for `train`.
    optimizer : str or Transform, default "adam"
        As for `train`.
    rounds : int >= 2, default 8
        How often each kind has its turn; the fastest tenth counts, for others may share the machine.

    Returns
    -------
    MeasuredNetwork
        For `simulate` and `plan`.

    Raises
    ------
    InvalidArgument
        For fewer than two workers, or simulated ones.

    Notes
    -----
    Takes the start of the workers and about a second for each round.
    """
    check_count("workers", workers, low=2)
    check_count("rounds", rounds, low=2)
    if get_backend(backend) is None:
        raise InvalidArgument(
            'simulated workers send nothing that could be measured. Take backend="processes" or a RayCluster.'
        )
    common = {"loss": loss, "optimizer": optimizer, "rounds": rounds}
    share = max(1, batch_size // workers)
    alone, _ = _times(model, data, share, DataParallel(workers=1), steps=8, **common)
    row_bytes = sum(np.asarray(leaf[:1]).nbytes for leaf in tree.leaves(data))
    most = max(8, min(_MOST_STEPS, int(_MOST_BYTES / (row_bytes * batch_size))))
    steps = max(8, min(most, int(_EPOCH_SECONDS / alone.nothing)))
    together = DataParallel(workers=workers, backend=backend)
    times, layout = _times(model, data, share * workers, together, steps=steps, **common)

    def beyond(kind: str) -> float:
        return max(0.0, getattr(times, kind) - times.nothing - (getattr(alone, kind) - alone.nothing))

    waits = {kind: beyond(kind) for kind in ("all_reduce", "all_to_all", "all_gather")}
    moving = max(1e-9, beyond("gradient") - waits["all_reduce"])
    whole = all_reduce(layout, layout.size, layout.itemsize).bytes
    return MeasuredNetwork(**waits, bandwidth=whole / moving, workers=workers, step_seconds=times.nothing)


def _times(
    model: Any, data: Any, batch_size: int, strategy: DataParallel, *, steps: int, rounds: int, **given: Any
) -> tuple[Times, Layout]:
    """Return the seconds of a step of each kind, and the layout of what was sent."""
    rows = np.arange(steps * batch_size) % len(tree.leaves(data)[0])
    result = train(
        model,
        tree.map(lambda leaf: np.asarray(leaf)[rows], data),
        epochs=_KINDS * (rounds + 1),
        batch_size=batch_size,
        divergence=np.inf,
        callbacks=[_EachEpoch()],
        distribute=dataclasses.replace(strategy, exchange=Probe(steps)),
        **given,
    )
    # in the first round buffers and threads are new
    seconds = result.history["seconds"].reshape(-1, _KINDS)[1:] / steps
    return Times(*np.quantile(seconds, 0.1, axis=0).tolist()), Layout.of(result.params, strategy.workers)


class _EachEpoch(Callback):
    """Look after every epoch, so that each is timed for itself."""

    every = 1

    def on_chunk(self, report: Report) -> None:
        """See `Callback.on_chunk`; nothing is to be done."""
