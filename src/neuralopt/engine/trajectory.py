"""The weights of a run at points of its way, evenly over the epochs and the start included."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.core.scalars import check_count
from neuralopt.engine.callbacks import Callback, Report
from neuralopt.engine.loop import LoopState, evaluation_point
from neuralopt.schedules import settle

POINTS = 30
"""Points of a path at most, the start not counted."""


def stride_for(epochs: int, points: int) -> int:
    """Return every how many epochs a point is kept, so that there are ``points`` of them at most."""
    return -(-epochs // points)


class RecordTrajectory(Callback):
    """Keep the weights of a run at points of its way, for `neuralopt.trajectories`.

    The parameters are kept as they are evaluated, which for a method that averages is the average.

    Parameters
    ----------
    points : int >= 1, default 30
        Points at most, evenly over the epochs; the start and the end are kept besides. A run of
        fewer epochs has a point at every epoch.

    Attributes
    ----------
    epoch : int array of shape (n,)
        Epochs done at every point, 0 first. A run that was resumed has the points since then.
    trajectory : float array of shape (n, parameters)
        The parameters as one vector each, leaf after leaf; the last ones are those of the run's end.
        Memory: n times the parameters.

    Examples
    --------
    >>> import numpy as np, neuralopt
    >>> X = np.random.default_rng(0).normal(size=(64, 2)); y = X[:, 0] * X[:, 1]
    >>> path = neuralopt.RecordTrajectory(points=4)
    >>> _ = neuralopt.train(neuralopt.MLP((2, 8, 1)), (X, y), epochs=10, callbacks=[path])
    >>> path.epoch.tolist(), path.trajectory.shape
    ([0, 3, 6, 9, 10], (5, 33))
    """

    def __init__(self, points: int = POINTS) -> None:
        self._points = check_count("points", points)
        self._kept: dict[int, np.ndarray] = {}

    @property
    def epoch(self) -> np.ndarray:
        """Epochs done at every point."""
        return np.array(list(self._kept), dtype=np.int32)

    @property
    def trajectory(self) -> np.ndarray:
        """The parameters at every point."""
        if not self._kept:
            raise InvalidArgument("there is no trajectory yet: give this callback to neuralopt.train first.")
        return np.stack(list(self._kept.values()))

    def on_start(self, epochs: int, steps: int) -> None:
        """Forget an earlier run and choose the points; see `Callback.on_start`."""
        self._kept, self.every = {}, stride_for(epochs, self._points)

    def on_first(self, report: Report) -> None:
        """Keep the start; see `Callback.on_first`."""
        self._keep(report)

    def on_chunk(self, report: Report) -> None:
        """Keep a point where one is due; see `Callback.on_chunk`."""
        due = report.epoch % (self.every or 1) == 0
        if due or report.epoch == report.epochs or report.status is not Status.RUNNING:
            self._keep(report)

    def _keep(self, report: Report) -> None:
        leaves = [np.asarray(leaf).ravel() for leaf in tree.leaves(report.evaluated())]
        self._kept[report.epoch] = np.concatenate(leaves)  # a copy: the next chunk takes the memory over


class SweepPaths:
    """The paths of the first seed's runs of a sweep, one for each learning rate.

    Parameters
    ----------
    points : int >= 1
        As for `RecordTrajectory`.
    epochs : int
    rates : int
        How many learning rates there are.
    optimizers : tree
        Those of all runs, with a leading axis of runs.
    averages : bool
        Whether what is evaluated differs from what is trained.
    """

    def __init__(self, points: int, epochs: int, rates: int, optimizers: Any, averages: bool) -> None:
        self._stride, self._epochs, self._rates = stride_for(epochs, points), epochs, rates
        self._optimizers, self._averages = optimizers, averages
        self._kept: dict[int, Any] = {}

    def until(self, epoch: int, last: int) -> int:
        """Return the epoch of the next point after this one, or the last."""
        return min(last, epoch - epoch % self._stride + self._stride)

    def stops(self, epoch: int, last: int) -> list[int]:
        """Return the epochs that parts of a chunk begin with, so that each ends at a point or at the last."""
        return [epoch, *range(self.until(epoch, last), last, self._stride)]

    def take(self, epoch: int, states: LoopState) -> None:
        """Keep a point of every run where one is due; NaN after a run has ended.

        Parameters
        ----------
        epoch : int
            Epochs done.
        states : LoopState
            Of all runs, seeds within learning rates, or of the first seed's.
        """
        if epoch % self._stride and epoch < self._epochs:
            return
        every = len(states.epoch) // self._rates
        if self._averages:
            own = tree.map(lambda h: h[:: len(h) // len(states.epoch)], self._optimizers)
            flat = _flat_evaluated(own, states, np.int32(epoch), every)
        else:
            flat = _flat(states.params, states.epoch, np.int32(epoch), every)
        self._kept[epoch] = flat

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the epochs, shape (n,), and the paths, float32 of shape (L, n, parameters)."""
        return np.array(list(self._kept), dtype=np.int32), np.stack(
            [np.asarray(flat) for flat in self._kept.values()], axis=1
        )


@functools.partial(jax.jit, static_argnames="stride")
def _flat(params: Any, done: Any, epoch: Any, stride: int) -> Any:
    """Return every stride-th run's parameters as a row, float32; NaN where fewer epochs are done."""
    leaves = [leaf[::stride] for leaf in tree.leaves(params)]
    flat = jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], axis=1).astype(np.float32)
    return jnp.where((done[::stride] < epoch)[:, None], jnp.full_like(flat, jnp.nan), flat)


@functools.partial(jax.jit, static_argnames="stride")
def _flat_evaluated(optimizers: Any, states: LoopState, epoch: Any, stride: int) -> Any:
    def one(optimizer: Any, state: LoopState) -> Any:
        return evaluation_point(settle(optimizer, state.feedback[0]), state.point, state.estimated)[0]

    first = tree.map(lambda leaf: leaf[::stride], (optimizers, states))
    return _flat(jax.vmap(one)(*first), first[1].epoch, epoch, 1)
