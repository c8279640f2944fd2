"""Models as the loop calls them: once in training mode, once in evaluation mode.

All are hashable values without arrays, so that an equal model shares the compiled program.
"""

import abc
import dataclasses
import sys
from typing import Any

import jax

from neuralopt.models import MLP

SWITCHES = {"train": True, "training": True, "deterministic": False}
"""Arguments by which a flax.linen module tells training from evaluation, and their value in training."""


class Forward(abc.ABC):
    """A model without its arrays.

    Attributes
    ----------
    stateful : bool
        Whether it carries statistics of the batches it was trained on.
    noisy : bool
        Whether it has dropout layers of its own; they get a key at every training step.
    units : tuple of int or None
        Widths of the hidden layers that dropout of the engine masks; None where it cannot.
    """

    stateful: bool = False
    noisy: bool = False
    units: tuple[int, ...] | None = None

    @abc.abstractmethod
    def train(self, params: Any, statistics: Any, X: Any, noise: Any) -> tuple[Any, Any]:
        """Return the predictions in training mode, and the statistics with this batch in them.

        Parameters
        ----------
        params, statistics : tree
            Statistics are ``()`` for a model without.
        X : array of shape (n, ...)
        noise : tuple of masks, key, or ()
            As `neuralopt.engine.noise.draw` gave it; ``()`` is none.

        Returns
        -------
        prediction : array of shape (n, k)
        statistics : tree
        """

    @abc.abstractmethod
    def predict(self, params: Any, statistics: Any, X: Any) -> Any:
        """Return the predictions in evaluation mode: nothing dropped, statistics as they are."""


@dataclasses.dataclass(frozen=True)
class PerceptronForward(Forward):
    """An MLP; used where a custom loss is differentiated by JAX."""

    mlp: MLP

    @property
    def units(self) -> tuple[int, ...]:  # type: ignore[override]  # an attribute in the base
        """Widths of the hidden layers."""
        return self.mlp.layer_sizes[1:-1]

    def train(self, params: Any, statistics: Any, X: Any, noise: Any) -> tuple[Any, Any]:
        """Multiply hidden activations by the masks; see `Forward.train`."""
        return self.mlp.forward(params, X, noise), statistics

    def predict(self, params: Any, statistics: Any, X: Any) -> Any:
        """Return the outputs; see `Forward.predict`."""
        return self.mlp.forward(params, X)


@dataclasses.dataclass(frozen=True)
class LinenForward(Forward):
    """A flax.linen module; ``switch`` names its argument among `SWITCHES`, or is None."""

    module: Any
    switch: str | None = None
    stateful: bool = False
    noisy: bool = False

    def mode(self, training: bool) -> dict[str, bool]:
        """Return the argument that sets a mode."""
        return {} if self.switch is None else {self.switch: SWITCHES[self.switch] is training}

    def variables(self, params: Any, statistics: Any) -> dict[str, Any]:
        """Return the collections as flax names them."""
        return {"params": params, "batch_stats": statistics} if self.stateful else {"params": params}

    def train(self, params: Any, statistics: Any, X: Any, noise: Any) -> tuple[Any, Any]:
        """Apply with the training switch on; see `Forward.train`."""
        options: dict[str, Any] = self.mode(True)
        if self.noisy:
            options["rngs"] = {"dropout": noise}
        variables = self.variables(params, statistics)
        if not self.stateful:
            return self.module.apply(variables, X, **options), statistics
        prediction, changed = self.module.apply(variables, X, mutable=["batch_stats"], **options)
        return prediction, changed["batch_stats"]

    def predict(self, params: Any, statistics: Any, X: Any) -> Any:
        """Apply with the training switch off; see `Forward.predict`."""
        return self.module.apply(self.variables(params, statistics), X, **self.mode(False))


@dataclasses.dataclass(frozen=True)
class NNXForward(Forward):
    """A flax.nnx module, split."""

    graph: Any  # compares by value
    streams: Any = None  # structure of the states of its random streams
    keys: tuple[bool, ...] = ()  # which of their leaves are keys; the others are counts
    stateful: bool = False

    @property
    def noisy(self) -> bool:  # type: ignore[override]  # an attribute in the base
        """Whether it holds random streams."""
        return any(self.keys)

    def merge(self, params: Any, statistics: Any, key: Any = None) -> Any:
        """Return the module with its parts put in; without a key the random streams start at 0."""
        parts = [params, statistics] if self.stateful else [params]
        if self.keys:
            key = jax.random.key(0) if key is None else key
            leaves = [
                jax.random.fold_in(key, k) if is_key else jax.numpy.zeros((), "uint32")
                for k, is_key in enumerate(self.keys)
            ]
            parts.append(self.streams.unflatten(leaves))
        # new variables: those of an outer trace cannot be written to
        return sys.modules["flax.nnx"].merge(self.graph, *jax.tree.map(lambda leaf: leaf, parts))

    def train(self, params: Any, statistics: Any, X: Any, noise: Any) -> tuple[Any, Any]:
        """Call after ``module.train()``; see `Forward.train`."""
        module = self.merge(params, statistics, noise if self.noisy else None)
        module.train()
        prediction = module(X)
        if not self.stateful:
            return prediction, statistics
        nnx = sys.modules["flax.nnx"]
        return prediction, nnx.state(module, nnx.BatchStat)

    def predict(self, params: Any, statistics: Any, X: Any) -> Any:
        """Call after ``module.eval()``; see `Forward.predict`."""
        module = self.merge(params, statistics)
        module.eval()
        return module(X)


class Frozen:
    """A hashable handle on a tree: equal to an equal tree, or only to itself where it holds arrays."""

    def __init__(self, held: Any) -> None:
        self.held = held
        leaves, structure = jax.tree.flatten(held)
        try:
            self._key: Any = (tuple(leaves), structure)
            hash(self._key)
        except TypeError:
            self._key = id(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frozen) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return repr(self.held)


@dataclasses.dataclass(frozen=True)
class EquinoxForward(Forward):
    """An equinox module of one row; ``rest`` is all of it but the trained arrays."""

    rest: Frozen
    noisy: bool = False

    def train(self, params: Any, statistics: Any, X: Any, noise: Any) -> tuple[Any, Any]:
        """Call with a key for every row; see `Forward.train`."""
        module = sys.modules["equinox"].combine(params, self.rest.held)
        if not self.noisy:
            return jax.vmap(module)(X), statistics
        keys = jax.random.split(noise, X.shape[0])
        return jax.vmap(lambda row, key: module(row, key=key))(X, keys), statistics

    def predict(self, params: Any, statistics: Any, X: Any) -> Any:
        """Call with all ``inference`` flags on; see `Forward.predict`."""
        eqx = sys.modules["equinox"]
        return jax.vmap(eqx.nn.inference_mode(eqx.combine(params, self.rest.held)))(X)
