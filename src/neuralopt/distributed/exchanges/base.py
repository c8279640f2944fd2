"""What all exchanges have in common: how K workers agree on one vector, and what that sends."""

import abc
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.distributed.exchanges.collectives import Collective
from neuralopt.distributed.exchanges.layout import Layout


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
    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return what is sent in one exchange, one collective after the other.

        Parameters
        ----------
        layout : Layout
        step : int, optional
            Exchanges done before; by default one after any warm-up.

        Returns
        -------
        tuple of Collective
        """

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
        """
        return float(sum(sent.bytes for sent in self.collectives(layout, step)))


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
