"""Annealed gradient noise."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.kernels import finish, scalars, work
from neuralopt.core.method import hyper, method, value_at
from neuralopt.core.namespace import namespace
from neuralopt.transforms.base import CountState, Transform, zero_count


@method
class AnnealedNoise(Transform):
    r"""Add Gaussian noise to the gradient that dies away.

    .. math:: g_t \leftarrow g_t + \mathcal N(0, \sigma_t^2), \qquad \sigma_t^2 = \frac{\eta}{(1+t)^\gamma}

    with t counted from 0. Every entry has its own noise, a function of the seed,
    the step and the place in the tree: a run that is resumed goes on exactly,
    and NumPy and JAX see the same noise.

    Parameters
    ----------
    eta : float >= 0 or schedule, default 0.01
        Variance of the first step's noise; the paper tries 0.01, 0.3 and 1.
    gamma : float >= 0 or schedule, default 0.55
        How fast the variance falls.
    seed : int >= 0, default 0
        Another seed, other noise. A leaf like any number: a sweep by ``vmap`` over seeds
        draws for each run; one over anything else gives all runs the same noise.

    Notes
    -----
    Memory: none. Differs from ``optax.add_noise`` in the draw alone: that keeps a key in its state.

    References
    ----------
    Neelakantan et al., 2015, arXiv:1511.06807, equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> noise, params = AnnealedNoise(0.01), [np.zeros(10_000)]
    >>> updates, state = noise.update(params, noise.init(params), params)
    >>> round(float(np.std(updates[0])), 2)
    0.1
    """

    eta: Any = hyper(0.01, low=0)
    gamma: Any = hyper(0.55, low=0)
    seed: Any = hyper(0, low=0, high=2**31 - 1, whole=True)

    def init(self, params: Any) -> CountState:
        """Return the count; see `Transform.init`."""
        return CountState(zero_count(params))

    def update(
        self, grads: Any, state: CountState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, CountState]:
        """Add this step's noise; see `Transform.update`."""
        now = [value_at(h, state.count) for h in (self.eta, self.gamma)]
        places = itertools.count()

        def leaf(g: Any) -> Any:
            _, eta, gamma, t = scalars(g, *now, state.count)
            xp = namespace(g, state.count, self.seed)
            deviation = xp.sqrt(eta / (1 + t) ** gamma)  # eq. 1
            drawn = self._normal(next(places), state.count, g.shape)
            # other libraries take jax's arrays by way of NumPy
            drawn = xp.asarray(drawn if xp is jnp else np.asarray(drawn), dtype=deviation.dtype)
            return finish(work(g) + deviation * drawn, g)

        return tree.map(leaf, grads), CountState(state.count + 1)

    def _normal(self, place: int, count: Any, shape: tuple[int, ...]) -> Any:
        """Return standard normal noise for one leaf at one step.

        Kernels draw nothing, noise comes in as an argument: that was the plan. But the one
        signature of ``update`` has no place for it, and a draw that counts, from (seed, place,
        step) alone, is as pure as an argument would be.
        """
        count = count if isinstance(count, jax.Array) else np.asarray(count)
        # the generator is named, since jax lets a user change the default one
        key = jax.random.key(self.seed, impl="threefry2x32")
        key = jax.random.fold_in(jax.random.fold_in(key, place), count)
        return jax.random.normal(key, shape, dtype="float32")
