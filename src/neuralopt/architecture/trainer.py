"""Training a candidate: one compiled epoch of the largest network for all architectures of a space."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from neuralopt import optimizers
from neuralopt.architecture.data import SearchData
from neuralopt.architecture.space import Genes, Space
from neuralopt.core import tree
from neuralopt.core.tree import apply_updates
from neuralopt.engine.batches import plan_batches
from neuralopt.engine.precision import use_compilation_cache
from neuralopt.models import METRICS

Weights = tuple[Any, Any]  # parameters and statistics of the largest network
_BLOCK = 512  # validation rows that are run at once


@dataclasses.dataclass(frozen=True)
class Curves:
    """A candidate's training, one value for each epoch."""

    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    validation_metric: tuple[float, ...]


class Trainer:
    """Trains any architecture of a space on the same data in the same compiled program.

    All candidates see the same batches in the same order, at a constant learning rate: a short training is
    the beginning of a long one.

    Parameters
    ----------
    space : Space
    data : SearchData
    batch_size : int
    optimizer : Optimizer
    seed : int
        Of the order of rows and of fresh weights.
    """

    def __init__(self, space: Space, data: SearchData, batch_size: int, optimizer: Any, seed: int) -> None:
        use_compilation_cache()
        self.space, self.seed = space, seed
        self._optimizer = optimizers.get(optimizer)
        X, y = data.train
        self._plan = plan_batches(len(X), batch_size, full_batch=False, weighted=False, dtype=np.float32)
        self._train = (jnp.asarray(space.prepare(X)), jnp.asarray(y))
        self._validation = (jnp.asarray(space.prepare(data.validation[0])), jnp.asarray(data.validation[1]))
        self._loss, self._metric = data.loss, METRICS[data.metric]
        self._init = jax.jit(self._optimizer.init)
        self._epoch = jax.jit(self._compiled, donate_argnums=(0,))

    def fresh(self, genes: Genes, number: int) -> Weights:
        """Return newly drawn weights for a candidate; the same for the same seed and number."""
        drawn = self.space.draw(genes, np.random.default_rng([self.seed, number]))
        return tree.map(lambda leaf: np.asarray(leaf, np.float32), drawn)

    def train(
        self, genes: Genes, start: Weights, epochs: int, stopped: Callable[[], bool] = lambda: False
    ) -> tuple[Curves, Weights] | None:
        """Train a candidate.

        Parameters
        ----------
        genes : tuple of int
        start : (params, statistics)
            From `fresh` or `Space.inherited`.
        epochs : int
        stopped : callable
            Asked after every epoch.

        Returns
        -------
        curves : Curves
        weights : (params, statistics)
            Trained, NumPy arrays. None in place of both when it was stopped.
        """
        masks = tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), self.space.masks(genes))
        params, statistics = tree.map(jnp.asarray, start)
        carry = (params, statistics, self._init(params))
        rows = []
        for epoch in range(epochs):
            if stopped():
                return None
            order = jnp.asarray(self._plan.order(self.seed, epoch))
            carry, row = self._epoch(carry, masks, order, self._train, self._validation)
            rows.append(row)
        columns = np.asarray(jax.device_get(rows), np.float64).T
        curves = Curves(*(tuple(map(float, column)) for column in columns))
        return curves, tree.map(np.asarray, carry[:2])

    def _compiled(self, carry: Any, masks: Any, order: Any, train: Any, validation: Any) -> Any:
        X, y = train

        def step(carry: Any, rows: Any) -> Any:
            params, statistics, state = carry

            def loss(params: Any) -> Any:
                out, after = self.space.forward(params, statistics, masks, X[rows], True)
                return self._loss.value(out, y[rows]), after

            (value, after), grads = jax.value_and_grad(loss, has_aux=True)(params)
            updates, state = self._optimizer.update(grads, state, params)
            return (apply_updates(params, updates), after, state), value

        carry, losses = lax.scan(step, carry, order)
        out = self._outputs(carry, masks, validation[0])
        after = (self._loss.value(out, validation[1]), self._metric(out, validation[1]))
        return carry, (jnp.mean(losses), *after)

    def _outputs(self, carry: Any, masks: Any, X: Any) -> Any:
        count = len(X)
        blocks = -(-count // _BLOCK)
        size = -(-count // blocks)
        padded = jnp.concatenate([X, jnp.zeros((blocks * size - count, *X.shape[1:]), X.dtype)])

        def run(rows: Any) -> Any:
            return self.space.forward(carry[0], carry[1], masks, rows, False)[0]

        out = lax.map(run, padded.reshape(blocks, size, *X.shape[1:]))
        return out.reshape(blocks * size, -1)[:count]
