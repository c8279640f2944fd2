"""Implicit training: features that serve simulated and real rows, differentiated through both solutions."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.engine.precision import use_compilation_cache
from neuralopt.joint.alignment import real_head
from neuralopt.joint.base import Base
from neuralopt.joint.descent import descend
from neuralopt.joint.projection import Projected
from neuralopt.joint.record import Record
from neuralopt.joint.variable_projection import PENALTY, features_of, solved
from neuralopt.models import MLP
from neuralopt.models.mlp import Params
from neuralopt.readout import fit, loo_loss

_PULL = 1e-9  # on the features' weights


def implicit_loss(
    hidden: Params, log_lambda: Any, data: Any, weights: tuple[float, float, float], network: MLP
) -> Any:
    r"""Return the loss of the features, with both readouts at their optima.

    .. math:: (1 - \beta) L_{sim} + \beta L_{LOO} + \alpha\, \overline{c\, |\rho f + b - t|^2}

    Lambda of the real rows' ridge, whose prior is the scaled readout of the simulated ones, is one of
    the unknowns: the leave-one-out loss is smooth in it. Here the gradient does need the adjoint of
    both solutions, for the losses are not those that the readouts minimise; JAX takes it through
    `readout.fit` and `readout.loo_loss`.

    Parameters
    ----------
    hidden : list of (W, b)
        The features' parameters.
    log_lambda : array of shape ()
        Logarithm of lambda.
    data : (X_sim, Y_sim, X_real, Y_real, s, t, c)
        Scaled rows, weights of the real ones, targets of the neighbours and the trust in them.
    weights : (float, float, float)
        Of the supervised, the leave-one-out and the neighbours' term, in sum one.
    network : MLP
        The features.

    Returns
    -------
    array of shape ()
        The loss.
    """
    X, Y, X_real, Y_real, s, t, c = data
    H, R = network.forward(hidden, X), network.forward(hidden, X_real)
    W, b = fit(H, Y, PENALTY)
    f, g = H @ W + b[None, :], R @ W + b[None, :]
    share = s / jnp.sum(s)
    F, T = g - (share @ g)[None, :], Y_real - (share @ Y_real)[None, :]
    rho = jnp.sum(share[:, None] * F * T) / jnp.sum(share[:, None] * F * F)
    shift = share @ Y_real - rho * (share @ g)
    k = Y.shape[1]
    spread = jnp.sum(share[:, None] * T * T) / k
    left_out = loo_loss(R, Y_real, jnp.exp(log_lambda), s, rho * W) / (jnp.sum(s) * k)
    near = jnp.mean(c * jnp.mean(jnp.square(rho * f + shift[None, :] - t), axis=1))
    simulated = jnp.mean(jnp.square(f - Y))
    return weights[0] * simulated + weights[1] * left_out / spread + weights[2] * near


@functools.lru_cache(maxsize=8)
def _compiled(network: MLP, weights: tuple[float, float, float]) -> Any:
    def loss(x: Any, like: Any, data: Any) -> Any:
        hidden = tree.unravel(x[:-1], like)
        return implicit_loss(hidden, x[-1], data, weights, network) + _PULL * jnp.sum(jnp.square(x[:-1]))

    return jax.jit(jax.value_and_grad(loss))


def by_implicit(
    base: Base, data: Any, weights: tuple[float, float, float], steps: int, record: Record
) -> tuple[Base, bool]:
    """Go on from a trained network by L-BFGS on `implicit_loss`, compiled, in float64.

    Parameters
    ----------
    base : Base
        Where to start, trained on the simulated rows.
    data : tuple of arrays
        See `implicit_loss`.
    weights : (float, float, float)
        Of the three terms.
    steps : int >= 1
        At most.
    record : Record
        Told of every step.

    Returns
    -------
    (Base, bool)
        The network, and whether the descent had settled.
    """
    use_compilation_cache()
    X, Y, X_real, Y_real, s = data[:5]
    like, network, mlp = base.params[:-1], features_of(base.mlp), base.mlp
    lam = real_head(base, X_real, Y_real, "loo", s).reg_lambda
    total = sum(weights)
    loss = _compiled(network, tuple(w / total for w in weights))

    def value_and_grad(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, grad = loss(x, like, data)
        return float(value), np.asarray(grad)

    def to_base(x: np.ndarray) -> Base:
        return solved(mlp, tree.unravel(x[:-1], like), X, Y)

    def watch(x: np.ndarray, value: float) -> None:
        H = network.forward(tree.unravel(x[:-1], like), X)
        record.add(lambda: to_base(x), float(Projected(PENALTY).value(H, Y)), 1.0, value, walked=True)

    begin = np.append(tree.ravel(like), np.log(lam))
    with jax.enable_x64(True):
        found = descend(value_and_grad, begin, steps, None, watch, record.replay)
    return to_base(found.x), found.settled
