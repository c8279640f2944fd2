"""The check that a state belongs to an optimizer and to its parameters."""

from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument

_MOST = 1000
_fitting: set[Any] = set()  # layouts that were found to fit


def check_state(owner: Any, state: Any, params: Any) -> None:
    """Raise unless a state has the names and shapes of the owner's first one for these parameters.

    What was found to fit is remembered, so that a step costs a look at the layout and no more.

    Parameters
    ----------
    owner : Transform
        Whose `update` was called.
    state : NamedTuple
        What it was given.
    params : tree
        The parameters.

    Raises
    ------
    InvalidArgument
        With what does not fit.

    Examples
    --------
    >>> from neuralopt.optimizers import Adam
    >>> check_state(Adam(), Adam().init([np.ones(2)]), [np.ones(2)])
    """
    (leaves, shape), (of, like) = tree.flatten(state), tree.flatten(params)
    try:
        sizes = [leaf.shape for leaf in leaves], [leaf.shape for leaf in of]
        key = (tree.structure(owner), shape, like, *map(tuple, sizes))
        if key in _fitting:
            return
    except (AttributeError, TypeError):  # no arrays; or a switch without a hash, which nothing can compile
        key = None
    _compare(owner, state, tree.abstract(owner.init, params))
    if len(_fitting) >= _MOST:
        _fitting.clear()
    if key is not None:
        _fitting.add(key)


def check_kind(owner: Any, state: Any, params: Any, kind: type) -> None:
    """Raise as `check_state` unless a state is of the owner's kind: enough where parts check themselves."""
    if type(state) is not kind:
        check_state(owner, state, params)


def _compare(owner: Any, state: Any, first: Any) -> None:
    """Raise with the first difference between a state and what `init` gives."""
    given, meant = type(state).__name__, type(first).__name__
    names, ours = tree.names(state), tree.names(first)
    if type(state) is not type(first):
        found = "None" if state is None else f"{given} in place of {meant}"
    elif tree.structure(state) != tree.structure(first):
        more, less = [n for n in names if n not in ours], [n for n in ours if n not in names]
        found = (
            f"one without {less[0]!r}"
            if less
            else f"one with {more[0]!r}"
            if more
            else "one of another structure"
        )
    else:
        pairs = zip(names, tree.leaves(state), tree.leaves(first), strict=True)
        apart = [(n, np.shape(a), b.shape) for n, a, b in pairs if np.shape(a) != b.shape]
        if not apart:
            return
        found = "one whose {!r} has shape {} in place of {}".format(*apart[0])
    name = type(owner).__name__
    raise InvalidArgument(
        f"{name}: update takes the state that init or the last update of {name} gave for these parameters, "
        f"got {found}. "
        "Likely cause: a state of another optimizer or of other parameters. "
        "Begin by state = optimizer.init(params), or go on from another optimizer by warm_start."
    )
