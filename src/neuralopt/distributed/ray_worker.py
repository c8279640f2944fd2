"""What one worker of a parameter server computes: a gradient, for parameters and a batch it is told."""

import os
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.versions import versions
from neuralopt.distributed.codec import decode, encode
from neuralopt.engine.loop import Point
from neuralopt.engine.precision import precision, use_compilation_cache
from neuralopt.engine.program import drawn


class GradientWorker:
    """Computes gradients; keeps nothing between two calls, so that it may die and be started anew.

    Parameters
    ----------
    job : bytes
        What `ServerRunner` has packed.
    """

    def __init__(self, job: bytes) -> None:
        use_compilation_cache()
        held = pickle.loads(job)
        self._source, self._plan, self._seed = held["source"], held["plan"], held["seed"]
        self._like = held["like"]
        self._dtype = np.dtype(self._source.dtype)
        objective, exchange, layout = held["objective"], held["exchange"], held["layout"]

        def gradient(vector: Any, rows: Any, weights: Any, step: Any, residual: Any, noise: Any) -> Any:
            point = tree.unravel(vector, self._like)
            batch = tree.map(lambda a: a[rows], self._data)
            masks = drawn(objective, noise, step, Point(point, (), ()), batch)
            (loss, _), grads = objective.value_and_grad(point, (), batch, weights, masks)
            wanted = tree.ravel(grads)
            if residual is None:
                return loss, encode(exchange, wanted, layout), None
            wanted += residual
            message = encode(exchange, wanted, layout)
            return loss, message, wanted - decode(exchange, message, layout)

        with precision(self._dtype):
            self._data = tree.map(jnp.asarray, self._source.arrays)
            self._gradient = jax.jit(gradient)

    def gradient(self, vector: Any, batch: int, residual: Any, noise: Any) -> tuple[Any, Any]:
        """Return the loss and the gradient's message for a batch, and the next residual.

        Parameters
        ----------
        vector : array
            The parameters, as they were when the batch was leased.
        batch : int
            Its number, counted over all epochs; its rows follow from it.
        residual : array or None
            That this worker's last message left over; None for an exact exchange.
        noise : Noise or None
            What masks are drawn from.

        Returns
        -------
        (loss, message), residual
        """
        plan, (epoch, step) = self._plan, divmod(batch, self._plan.steps)
        rows = np.arange(plan.rows, dtype=np.int32) if plan.full else plan.order(self._seed, epoch)[step]
        weights = None if plan.weights is None else plan.weights[step]
        with precision(self._dtype):
            number = np.int32(batch)
            found = self._gradient(np.array(vector), rows, weights, number, residual, noise)
            loss, message, residual = jax.device_get(found)
        return (float(loss), message), residual

    def versions(self) -> dict[str, str]:
        """Return the versions that bits depend on."""
        return versions()

    def process_id(self) -> int:
        """Return the id of the process."""
        return os.getpid()
