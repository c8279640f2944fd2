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

from neuralopt.models import METRICS, MLP, Loss


class Objective(abc.ABC):
    """A loss as a function of parameters and batch, with its gradient.

    Attributes
    ----------
    weighted : bool
        Whether rows can be weighted; then a short last batch is padded, otherwise it is left out.
    metrics : tuple of str
        Evaluated beside the loss on held-out data.
    """

    weighted: bool
    metrics: tuple[str, ...] = ()

    @abc.abstractmethod
    def value_and_grad(self, params: Any, batch: Any, weights: Any) -> tuple[Any, Any]:
        """Return the loss of a batch, shape (), and its gradient, like ``params``."""

    @abc.abstractmethod
    def value(self, params: Any, batch: Any, weights: Any) -> Any:
        """Return the loss of a batch, shape ()."""

    @abc.abstractmethod
    def evaluate(self, params: Any, data: Any) -> dict[str, Any]:
        """Return the figures on held-out data: ``validation_loss`` and the metrics."""


def _metrics(names: tuple[str, ...], prediction: Any, target: Any) -> dict[str, Any]:
    return {f"validation_{name}": METRICS[name](prediction, target) for name in names}


@dataclasses.dataclass(frozen=True)
class NetworkObjective(Objective):
    """An MLP with a loss, differentiated by hand; runs on NumPy and JAX."""

    mlp: MLP
    loss: Loss
    metrics: tuple[str, ...] = ()

    weighted = True

    def value_and_grad(self, params: Any, batch: Any, weights: Any) -> tuple[Any, Any]:
        """Return loss and gradient; see `Objective.value_and_grad`."""
        X, y = batch
        return self.mlp.value_and_grad(params, X, y, self.loss, weights)

    def value(self, params: Any, batch: Any, weights: Any) -> Any:
        """Return the loss; see `Objective.value`."""
        X, y = batch
        return self.loss.value(self.mlp.forward(params, X), y, weights)

    def evaluate(self, params: Any, data: Any) -> dict[str, Any]:
        """Return loss and metrics on held-out data; see `Objective.evaluate`."""
        X, y = data
        prediction = self.mlp.forward(params, X)
        return {"validation_loss": self.loss.value(prediction, y), **_metrics(self.metrics, prediction, y)}


@dataclasses.dataclass(frozen=True)
class ModelObjective(Objective):
    """Any model with any loss, differentiated by JAX."""

    forward: Callable[[Any, Any], Any]
    loss: Any  # a Loss, or a callable of (prediction, target)
    metrics: tuple[str, ...] = ()

    # the ignore: the base declares an attribute, here it follows from the loss
    @property
    def weighted(self) -> bool:  # type: ignore[override]
        """A custom loss may mix rows as it likes, so its rows cannot be weighted."""
        return isinstance(self.loss, Loss)

    def value_and_grad(self, params: Any, batch: Any, weights: Any) -> tuple[Any, Any]:
        """Return loss and gradient; see `Objective.value_and_grad`."""
        return jax.value_and_grad(self.value)(params, batch, weights)

    def value(self, params: Any, batch: Any, weights: Any) -> Any:
        """Return the loss; see `Objective.value`."""
        X, y = batch
        return self._reduce(self.forward(params, X), y, weights)

    def _reduce(self, prediction: Any, y: Any, weights: Any) -> Any:
        if isinstance(self.loss, Loss):
            return self.loss.value(prediction, y, weights)
        return jnp.mean(self.loss(prediction, y))

    def evaluate(self, params: Any, data: Any) -> dict[str, Any]:
        """Return loss and metrics on held-out data; see `Objective.evaluate`."""
        X, y = data
        prediction = self.forward(params, X)
        return {"validation_loss": self._reduce(prediction, y, None), **_metrics(self.metrics, prediction, y)}


@dataclasses.dataclass(frozen=True)
class FunctionObjective(Objective):
    """A plain function ``loss(params, batch)``, differentiated by JAX."""

    function: Callable[[Any, Any], Any]

    weighted = False

    def value_and_grad(self, params: Any, batch: Any, weights: Any) -> tuple[Any, Any]:
        """Return loss and gradient; see `Objective.value_and_grad`."""
        return jax.value_and_grad(self.function)(params, batch)

    def value(self, params: Any, batch: Any, weights: Any) -> Any:
        """Return the loss; see `Objective.value`."""
        return self.function(params, batch)

    def evaluate(self, params: Any, data: Any) -> dict[str, Any]:
        """Return the loss on held-out data; see `Objective.evaluate`."""
        return {"validation_loss": self.function(params, data)}
