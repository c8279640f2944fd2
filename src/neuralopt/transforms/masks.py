"""Which parameters a decay touches: predicates of name and array."""

from collections.abc import Callable
from typing import Any

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, did_you_mean

Mask = str | Callable[[str, Any], bool]

_NAMED: dict[str, Callable[[str, Any], bool]] = {
    "matrices": lambda name, leaf: leaf.ndim >= 2,
    "all": lambda name, leaf: True,
}


def check_mask(mask: Mask) -> None:
    """Raise unless a mask is one of the named predicates or a callable.

    Parameters
    ----------
    mask : {"matrices", "all"} or callable
        See `selected`.

    Raises
    ------
    InvalidArgument
        With the names there are.

    Examples
    --------
    >>> check_mask("matrices")
    """
    if not callable(mask) and mask not in _NAMED:
        hint = did_you_mean(mask, _NAMED) if isinstance(mask, str) else ""
        raise InvalidArgument(
            f"a mask must be one of {', '.join(map(repr, _NAMED))} or a function of (name, array), "
            f"got {mask!r}.{hint}"
        )


def selected(mask: Mask, params: Any) -> Any:
    """Return a tree of bools: which parameters a mask selects.

    Parameters
    ----------
    mask : {"matrices", "all"} or callable
        ``"matrices"`` selects what has two dimensions or more, which leaves
        out biases and norm scales; a callable gets ``(name, array)``.
    params : tree
        Parameters.

    Returns
    -------
    tree of bool
        Of the structure of ``params``; plain Python bools, so it costs nothing when compiled.

    Examples
    --------
    >>> import numpy as np
    >>> selected("matrices", {"W": np.ones((2, 2)), "b": np.ones(2)})
    {'W': True, 'b': False}
    """
    predicate = mask if callable(mask) else _NAMED[mask]
    return tree.map_named(lambda name, leaf: bool(predicate(name, leaf)), params)
