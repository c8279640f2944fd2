"""Batch statistics that belong to their weights: estimated anew for averages, marked, checked."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.identity import data_digest
from neuralopt.engine.objective import Objective


@dataclasses.dataclass(frozen=True)
class Statistics:
    """The statistics of a trained model, with a mark of the parameters that they belong to.

    Attributes
    ----------
    values : tree of numpy arrays
        As the module names them.
    mark : str
        A checksum of the parameters.
    """

    values: Any
    mark: str

    @classmethod
    def of(cls, values: Any, params: Any) -> "Statistics | None":
        """Return statistics marked as those of some parameters; None where there are none."""
        return cls(values, data_digest(params)) if tree.leaves(values) else None

    def check(self, params: Any) -> None:
        """Raise unless these are the statistics of these parameters.

        Parameters
        ----------
        params : tree of numpy arrays

        Raises
        ------
        InvalidArgument
            When they belong to others.
        """
        found = data_digest(params)
        if found != self.mark:
            raise InvalidArgument(
                "batch statistics must belong to the parameters that are evaluated; these belong to others "
                f"(checksums {self.mark[-8:]} and {found[-8:]}). Likely cause: averaged parameters with the "
                "statistics of the trained ones, or the reverse. Take result.params and result.statistics of "
                "one result."
            )


def batch_statistics(objective: Objective, params: Any, like: Any, batch: Any, noise: Any) -> Any:
    r"""Return the statistics of one batch alone, whatever the module's momentum.

    A module gives back :math:`f(s) = m s + (1 - m) b` for old statistics s; then
    :math:`b = f(0) / (1 - m)` with :math:`m = (f(c) - f(0)) / c`, a secant because some modules stop
    gradients there. In training mode nothing else depends on s, so the compiler runs the model once.
    A module whose momentum m is 1 never learns its statistics and keeps them.

    Parameters
    ----------
    objective : Objective
    params : tree
    like : tree
        Any statistics.
    batch : tree of arrays
    noise : key or ()

    Returns
    -------
    tree
        Of the structure of ``like``.
    """

    def f(statistics: Any) -> Any:
        return objective.updated_statistics(params, statistics, batch, noise)

    low = f(tree.map(jnp.zeros_like, like))
    far = tree.map(lambda s: 1 + 100 * jnp.abs(s), low)  # so that the difference keeps its digits

    def alone(low: Any, high: Any, far: Any, old: Any) -> Any:
        rest = 1 - (high - low) / far
        learns = rest > 0
        return jnp.where(learns, low / jnp.where(learns, rest, jnp.ones_like(rest)), old)

    return tree.map(alone, low, f(far), far, like)


def check_moving_averages(objective: Objective, params: Any, statistics: Any, batch: Any, noise: Any) -> None:
    """Raise unless a model's statistics are moving averages, which can be estimated anew.

    Parameters
    ----------
    objective : Objective
    params, statistics : tree
    batch : tree of arrays
        A few rows.
    noise : key or ()
    """
    at = [
        objective.updated_statistics(
            params, tree.map(lambda s, k=k: jnp.full_like(s, k), statistics), batch, noise
        )
        for k in (0, 1, 2)
    ]
    for name, low, mid, high in zip(tree.names(statistics), *map(tree.leaves, at), strict=True):
        scale = np.abs(low) + 1
        if not np.all(np.abs(low - 2 * mid + high) <= 1e-4 * scale):
            raise InvalidArgument(
                "the optimizer averages parameters, so statistics must be moving averages of batches that "
                f"can be estimated anew; {name} is not. Likely cause: spectral normalisation. "
                "Train without averaging, or take batch normalisation."
            )
