"""Trying a user's function on shapes alone, before long work."""

from collections.abc import Callable
from typing import Any

import jax

from neuralopt.core.errors import InvalidArgument, NeuraloptError


def attempt(call: Callable[..., Any], *args: Any, failure: str, cause: str) -> Any:
    """Return the shapes of what a call gives; nothing is computed.

    Parameters
    ----------
    call : callable
    *args : tree
        Its arguments, arrays or shapes.
    failure : str
        The beginning of the sentence, should it raise.
    cause : str
        Likely cause and cure.

    Returns
    -------
    tree of jax.ShapeDtypeStruct

    Raises
    ------
    InvalidArgument
        With the call's own error.

    Examples
    --------
    >>> attempt(jax.numpy.sum, jax.ShapeDtypeStruct((3,), "float32"), failure="No sum", cause="").shape
    ()
    """
    try:
        return jax.eval_shape(call, *args)
    except NeuraloptError:
        raise
    except Exception as error:
        raise InvalidArgument(f"{failure}: {type(error).__name__}: {error}\n{cause}") from error
