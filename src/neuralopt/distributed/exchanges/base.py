"""What all exchanges have in common: how K workers agree on one vector, and what that sends."""

import abc
import dataclasses
import math
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.validation import check_count

#: The name of the axis that the workers lie along, mapped over devices or simulated.
AXIS = "workers"


@dataclasses.dataclass(frozen=True)
class Layout:
    """What is exchanged among how many; static, so that shapes follow from it.

    Parameters
    ----------
    shapes : tuple of tuple of int
        Of the arrays that lie one after the other in the vector.
    workers : int >= 1
        K.
    dtype : str
        Of the vector: ``"float32"`` or ``"float64"``.
    """

    shapes: tuple[tuple[int, ...], ...]
    workers: int
    dtype: str = "float32"

    @classmethod
    def of(cls, params: Any, workers: int) -> "Layout":
        """Return the layout of a tree of parameters.

        Parameters
        ----------
        params : tree of float arrays
        workers : int >= 1

        Returns
        -------
        Layout
        """
        shapes = tuple(tuple(leaf.shape) for leaf in tree.leaves(params))
        return cls(shapes, workers, np.dtype(tree.scalar_dtype(params)).name)

    @property
    def size(self) -> int:
        """Numbers in the vector."""
        return sum(math.prod(shape) for shape in self.shapes)

    @property
    def itemsize(self) -> int:
        """Bytes of one number."""
        return np.dtype(self.dtype).itemsize

    def padded(self, unit: int) -> int:
        """Return the size rounded up so that every worker owns the same number of whole units."""
        whole = unit * self.workers
        return -(-self.size // whole) * whole

    def zeros(self, size: int | None = None) -> np.ndarray:
        """Return zeros of the vector's dtype, by default as many as the vector has."""
        return np.zeros(self.size if size is None else size, self.dtype)


class Parts(NamedTuple):
    """What an exchange remembers."""

    own: Any = ()  # tree, of one worker: residuals, momenta
    shared: Any = ()  # tree, the same on all workers


class Exchange(abc.ABC):
    """How K workers turn their K vectors into one that all of them have, bit for bit.

    Attributes
    ----------
    takes_momentum : bool
        Whether it keeps the momentum itself; the optimizer must then be SGD without momentum.
    """

    takes_momentum: ClassVar[bool] = False

    @property
    def steady_from(self) -> int:
        """Exchanges after which every further one sends the same number of bytes."""
        return 0

    def messages(self, layout: Layout) -> int:
        """Return how many messages follow one another in one exchange: each costs the latency once.

        Parameters
        ----------
        layout : Layout

        Returns
        -------
        int
            Of a ring all-reduce, or of an all-to-all with an all-gather after it, 2 (K - 1).
        """
        return 2 * (layout.workers - 1)

    @abc.abstractmethod
    def init(self, layout: Layout) -> Parts:
        """Return the first state of one worker, in NumPy.

        Parameters
        ----------
        layout : Layout

        Returns
        -------
        Parts
        """

    @abc.abstractmethod
    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return what the workers agree on and the next state; to be called with the axis mapped.

        Parameters
        ----------
        vector : array of shape (layout.size,)
            This worker's.
        state : Parts
        layout : Layout
        step : int array of shape ()
            Exchanges done before this one.

        Returns
        -------
        agreed : array of shape (layout.size,)
        state : Parts
        """

    @abc.abstractmethod
    def bytes_per_step(self, layout: Layout, step: int | None = None) -> float:
        """Return the bytes that one worker sends in one exchange, headers of the network not counted.

        Parameters
        ----------
        layout : Layout
        step : int, optional
            Exchanges done before; by default one after any warm-up.

        Returns
        -------
        float
            By the ring and pairwise algorithms: an all-reduce of B bytes sends 2 (K - 1) / K * B, an
            all-to-all (K - 1) / K * B, an all-gather K - 1 times a worker's own bytes.
        """


def all_reduce_bytes(layout: Layout, count: float, itemsize: int) -> float:
    """Return what one worker sends in an all-reduce, or in an all-to-all with an all-gather after it."""
    return 2 * (layout.workers - 1) / layout.workers * count * itemsize


def mean(vector: Any) -> Any:
    """Return the mean over the workers."""
    return jax.lax.pmean(vector, AXIS)


def scatter(rows: Any, workers: int) -> Any:
    """Return the part that this worker owns of every worker's buffer, the workers along the first axis."""
    return jax.lax.all_to_all(rows.reshape(workers, -1, *rows.shape[1:]), AXIS, 0, 0)


def gather(part: Any) -> Any:
    """Return all workers' parts one after the other, the same on every worker."""
    found = jax.lax.all_gather(part, AXIS)
    return found.reshape(-1, *found.shape[2:])


def fit(vector: Any, size: int) -> Any:
    """Return a vector with zeros after it."""
    return jnp.pad(vector, (0, size - vector.shape[0]))


def check_fraction(exchange: Any) -> None:
    """Raise unless the share of the entries that are sent lies in (0, 1]."""
    given = exchange.fraction
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= 1:
        raise InvalidArgument(
            f"{type(exchange).__name__}: fraction must satisfy 0 < fraction <= 1, got {given!r}. "
            "It is the share of the entries that are sent: 0.01 sends one in a hundred."
        )


def check_warmup(exchange: Any, low: int) -> None:
    """Raise unless the number of warm-up steps is a whole number that is large enough."""
    check_count(f"{type(exchange).__name__}: warmup_steps", exchange.warmup_steps, low=low)
