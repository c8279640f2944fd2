"""What is minimised: a model with a loss, or a plain function of parameters and batch.

Objectives are hashable values without arrays, so that two runs of the same
shapes share one compiled program.
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from neuralopt.engine.forwards import Forward
from neuralopt.models import METRICS, MLP, Loss


class Objective(abc.ABC):
    """A loss as a function of parameters and batch, with its gradient.

    Attributes
    ----------
    weighted : bool
        Whether rows can be weighted; then a short last batch is padded, otherwise it is left out.
    metrics : tuple of str
        Evaluated beside the loss on held-out data.
    stateful, noisy, units
        As for `Forward`.
    """

    weighted: bool
    metrics: tuple[str, ...] = ()
    stateful: bool = False
    noisy: bool = False
    units: tuple[int, ...] | None = None

    @abc.abstractmethod
    def value_and_grad(
        self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any
    ) -> tuple[tuple[Any, Any], Any]:
        """Return the loss of a batch, shape (), with the statistics after it, and its gradient.

        Parameters
        ----------
        params, statistics : tree
        batch : tree of arrays
        weights : array of shape (n,) or None
            Of the rows.
        noise : tuple of masks, key, or ()
            As for `Forward.train`.

        Returns
        -------
        (loss, statistics) : (array, tree)
        grads : tree
            Like ``params``.
        """

    @abc.abstractmethod
    def value(self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any) -> Any:
        """Return the loss of a batch, shape (), in training mode."""

    def updated_statistics(self, params: Any, statistics: Any, batch: Any, noise: Any) -> Any:
        """Return the statistics after a batch in training mode."""
        return statistics

    @abc.abstractmethod
    def evaluate(self, params: Any, statistics: Any, data: Any) -> dict[str, Any]:
        """Return the figures on held-out data: ``validation_loss`` and the metrics."""

    def drawn_rows(self, rows: int) -> int:
        """Return how many rows of masks to draw for a batch of so many rows."""
        return rows

    def merged(self, losses: Any, shares: Any, each: bool) -> Any:
        """Return the losses of an epoch's batches, of all workers where several share them.

        Parameters
        ----------
        losses, shares : array of shape (steps,)
            Shares of the epoch's rows; they sum to one.
        each : bool
            Whether every loss counts, and not just the first and the mean by shares.

        Returns
        -------
        array of shape (steps,)
        """
        return losses


def _metrics(names: tuple[str, ...], prediction: Any, target: Any) -> dict[str, Any]:
    return {f"validation_{name}": METRICS[name](prediction, target) for name in names}


@dataclasses.dataclass(frozen=True)
class NetworkObjective(Objective):
    """An MLP with a loss, differentiated by hand; runs on NumPy and JAX."""

    mlp: MLP
    loss: Loss
    metrics: tuple[str, ...] = ()

    weighted = True

    @property
    def units(self) -> tuple[int, ...]:  # type: ignore[override]  # an attribute in the base
        """Widths of the hidden layers."""
        return self.mlp.layer_sizes[1:-1]

    def value_and_grad(
        self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any
    ) -> tuple[tuple[Any, Any], Any]:
        """Return loss and gradient; see `Objective.value_and_grad`."""
        X, y = batch
        value, grads = self.mlp.value_and_grad(params, X, y, self.loss, weights, noise)
        return (value, statistics), grads

    def value(self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any) -> Any:
        """Return the loss; see `Objective.value`."""
        X, y = batch
        return self.loss.value(self.mlp.forward(params, X, noise), y, weights)

    def evaluate(self, params: Any, statistics: Any, data: Any) -> dict[str, Any]:
        """Return loss and metrics on held-out data; see `Objective.evaluate`."""
        X, y = data
        prediction = self.mlp.forward(params, X)
        return {"validation_loss": self.loss.value(prediction, y), **_metrics(self.metrics, prediction, y)}


@dataclasses.dataclass(frozen=True)
class ModelObjective(Objective):
    """Any model with any loss, differentiated by JAX."""

    forward: Forward
    loss: Any  # a Loss, or a callable of (prediction, target)
    metrics: tuple[str, ...] = ()

    @property
    def weighted(self) -> bool:  # type: ignore[override]  # an attribute in the base
        """Whether no row has a say in another's loss: a custom loss may mix them, batch statistics do."""
        return isinstance(self.loss, Loss) and not self.forward.stateful

    @property
    def stateful(self) -> bool:  # type: ignore[override]  # an attribute in the base
        """Whether the model carries statistics."""
        return self.forward.stateful

    @property
    def noisy(self) -> bool:  # type: ignore[override]  # an attribute in the base
        """Whether the model has dropout layers of its own."""
        return self.forward.noisy

    @property
    def units(self) -> tuple[int, ...] | None:  # type: ignore[override]  # an attribute in the base
        """Widths of the hidden layers that can be masked."""
        return self.forward.units

    def value_and_grad(
        self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any
    ) -> tuple[tuple[Any, Any], Any]:
        """Return loss and gradient; see `Objective.value_and_grad`."""
        return jax.value_and_grad(self._value, has_aux=True)(params, statistics, batch, weights, noise)

    def value(self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any) -> Any:
        """Return the loss; see `Objective.value`."""
        return self._value(params, statistics, batch, weights, noise)[0]

    def _value(self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any) -> tuple[Any, Any]:
        X, y = batch
        prediction, statistics = self.forward.train(params, statistics, X, noise)
        return self._reduce(prediction, y, weights), statistics

    def updated_statistics(self, params: Any, statistics: Any, batch: Any, noise: Any) -> Any:
        """Return what the model's forward pass gives; see `Objective.updated_statistics`."""
        return self.forward.train(params, statistics, batch[0], noise)[1]

    def _reduce(self, prediction: Any, y: Any, weights: Any) -> Any:
        if isinstance(self.loss, Loss):
            return self.loss.value(prediction, y, weights)
        return jnp.mean(self.loss(prediction, y))

    def evaluate(self, params: Any, statistics: Any, data: Any) -> dict[str, Any]:
        """Return loss and metrics on held-out data; see `Objective.evaluate`."""
        X, y = data
        prediction = self.forward.predict(params, statistics, X)
        return {"validation_loss": self._reduce(prediction, y, None), **_metrics(self.metrics, prediction, y)}


@dataclasses.dataclass(frozen=True)
class FunctionObjective(Objective):
    """A plain function ``loss(params, batch)``, differentiated by JAX."""

    function: Callable[[Any, Any], Any]

    weighted = False

    def value_and_grad(
        self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any
    ) -> tuple[tuple[Any, Any], Any]:
        """Return loss and gradient; see `Objective.value_and_grad`."""
        value, grads = jax.value_and_grad(self.function)(params, batch)
        return (value, statistics), grads

    def value(self, params: Any, statistics: Any, batch: Any, weights: Any, noise: Any) -> Any:
        """Return the loss; see `Objective.value`."""
        return self.function(params, batch)

    def evaluate(self, params: Any, statistics: Any, data: Any) -> dict[str, Any]:
        """Return the loss on held-out data; see `Objective.evaluate`."""
        return {"validation_loss": self.function(params, data)}
