"""Loops and branches on data, written once for NumPy and JAX.

A kernel has no ``if`` on data. Where it cannot do without one, as a line search
cannot, it asks here: plain Python runs on NumPy, ``jax.lax`` on JAX arrays.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from neuralopt.core import tree
from neuralopt.core.namespace import namespace


def while_loop(condition: Callable[[Any], Any], body: Callable[[Any], Any], state: Any) -> Any:
    """Return the state after repeating ``body`` as long as ``condition`` holds.

    Parameters
    ----------
    condition : callable
        Takes the state, returns a bool of shape ``()``.
    body : callable
        Takes the state, returns the next one; structure, shapes and dtypes stay as they are.
    state : tree of arrays
        The first state; with a JAX array anywhere in it the loop is ``jax.lax.while_loop``.

    Returns
    -------
    tree of arrays
        The first state for which the condition does not hold.

    Examples
    --------
    >>> import numpy as np
    >>> int(while_loop(lambda x: x < 100, lambda x: 3 * x, np.asarray(1)))
    243
    """
    if _is_jax(state):
        return jax.lax.while_loop(condition, body, state)
    while bool(condition(state)):
        state = body(state)
    return state


def cond(predicate: Any, yes: Callable[..., Any], no: Callable[..., Any], *args: Any) -> Any:
    """Return ``yes(*args)`` where the predicate holds, else ``no(*args)``; only one of them runs.

    Under ``vmap`` over the predicate both run, as JAX must.

    Parameters
    ----------
    predicate : bool array
        Of shape ``()``.
    yes, no : callable
        Take ``args``; their results have one structure, the same shapes and dtypes.
    *args : tree of arrays
        With a JAX array anywhere in them, or as the predicate, the branch is ``jax.lax.cond``.

    Returns
    -------
    tree of arrays
        The result of the branch that ran.

    Examples
    --------
    >>> import numpy as np
    >>> cond(np.asarray(False), lambda x: x + 1, lambda x: x - 1, np.asarray(5.0))
    np.float64(4.0)
    """
    if _is_jax((predicate, args)):
        return jax.lax.cond(predicate, yes, no, *args)
    return yes(*args) if bool(predicate) else no(*args)


def _is_jax(arrays: Any) -> bool:
    return namespace(*tree.leaves(arrays)) is jnp
