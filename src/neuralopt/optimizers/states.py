"""Optimizer states by name: take one out, put one in."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.namespace import namespace

_WRAPPED = re.compile(r"^(?:inner/|stages/\d+/)+")


class LoadedState(NamedTuple):
    """A state put together from saved arrays."""

    state: Any  # as the optimizer's own
    loaded: tuple[str, ...]  # names that were found
    missing: tuple[str, ...]  # names that keep their first value
    unexpected: tuple[str, ...]  # saved names that were not used


def state_by_name(state: Any) -> dict[str, np.ndarray]:
    """Return a state as a flat dict of NumPy arrays.

    Parameters
    ----------
    state : NamedTuple
        From an optimizer's ``init`` or ``update``.

    Returns
    -------
    dict of str to array
        Names such as ``"count"`` or ``"mu/layer/kernel"``: the field, then the parameter's own
        path. ``numpy.savez`` and safetensors take it as it is.

    Examples
    --------
    >>> from neuralopt.optimizers import Adam
    >>> list(state_by_name(Adam().init({"w": np.ones(2)})))
    ['count', 'learning_rate', 'mu/w', 'nu/w']
    """
    return {name: np.asarray(leaf) for name, leaf in zip(tree.names(state), tree.leaves(state), strict=True)}


def load_state(optimizer: Any, params: Any, saved: Mapping[str, Any], *, strict: bool = True) -> LoadedState:
    """Return an optimizer's state with the values that were saved, each found by its name.

    The order in which parameters were saved does not matter.

    Parameters
    ----------
    optimizer : Transform
        Whose state it is.
    params : tree
        The parameters; they say what the state must hold.
    saved : mapping of str to array
        As from `state_by_name`.
    strict : bool, default True
        Whether every name must be there and none may be left over. With False, what is missing
        keeps its first value. A new parameter then starts with empty moments at the saved count,
        and its first steps are longer, up to ``(1 - b1) / sqrt(1 - b2)`` = 3.2 times for Adam;
        a group of its own in `Partition` counts from 0 and avoids that.

    Returns
    -------
    LoadedState
        The state, and which names were loaded, missing and unexpected.

    Raises
    ------
    InvalidArgument
        For a shape or kind of number that does not fit, and in strict mode for names that do not.

    Examples
    --------
    >>> from neuralopt.optimizers import Adam
    >>> opt, params = Adam(), {"a": np.ones(2), "b": np.ones(1)}
    >>> _, state = opt.update(params, opt.init(params), params)
    >>> saved = state_by_name(state)
    >>> permuted = dict(reversed(saved.items()))
    >>> load_state(opt, params, permuted).state.mu["a"]
    array([0.1, 0.1])
    >>> del saved["nu/b"]
    >>> load_state(opt, params, saved)
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: the saved state does not fit Adam: 'nu/b' is missing. ...
    """
    if not isinstance(saved, Mapping):
        raise InvalidArgument(
            f"load_state takes a mapping of names to arrays, as state_by_name returns it, got "
            f"{type(saved).__name__}. Likely cause: the state itself: load_state(optimizer, params, "
            "state_by_name(state))."
        )
    first = optimizer.init(params)
    names = tree.names(first)
    found = {name: saved[name] for name in names if name in saved}
    loaded = filled(optimizer, first, found, unexpected=tuple(n for n in saved if n not in set(names)))
    if strict and (loaded.missing or loaded.unexpected):
        raise InvalidArgument(_misfit(optimizer, loaded))
    return loaded


def state_by_bare_name(state: Any) -> dict[str, np.ndarray]:
    """Return a state by name as `state_by_name`, the names without the wrappers and chains around.

    Parameters
    ----------
    state : NamedTuple
        The state of an optimizer, chain or wrapper.

    Returns
    -------
    dict of str to array
        Where two stages have one name, such as ``count``, that of the innermost: it belongs to the moments,
        while a wrapper around also counts the steps that it skips or only gathers.

    Examples
    --------
    >>> from neuralopt.optimizers import AdamW
    >>> list(state_by_bare_name(AdamW().init({"w": np.ones(2)})))
    ['count', 'learning_rate', 'mu/w', 'nu/w']
    """
    found: dict[str, np.ndarray] = {}
    named = state_by_name(state)
    for name, value in sorted(named.items(), key=lambda item: len(bare(item[0])) - len(item[0])):
        found.setdefault(bare(name), value)
    return found


def fill_state(optimizer: Any, params: Any, found: Mapping[str, Any]) -> LoadedState:
    """Return an optimizer's state with values found by their bare names, the rest as at first.

    Parameters
    ----------
    optimizer : Transform
        Whose state it is; may be wrapped.
    params : tree
        The parameters.
    found : mapping of str to array
        By names as `state_by_bare_name` gives them.

    Returns
    -------
    LoadedState
        Not complete if something is missing: the caller judges.

    Raises
    ------
    InvalidArgument
        For a shape or kind of number that does not fit.

    Examples
    --------
    >>> from neuralopt.optimizers import Adam
    >>> fill_state(Adam(), {"w": np.ones(2)}, {"count": 3}).loaded
    ('count',)
    """
    first = optimizer.init(params)
    own = {name: found[bare(name)] for name in tree.names(first) if bare(name) in found}
    used = {bare(name) for name in own}
    return filled(optimizer, first, own, unexpected=tuple(name for name in found if name not in used))


def complete(optimizer: Any, loaded: LoadedState, library: str) -> LoadedState:
    """Return the loaded state, or raise when something but the learning rate in force is missing.

    Parameters
    ----------
    optimizer : Transform
        Whose state it is.
    loaded : LoadedState
        What was found in another library's state.
    library : str
        For the error.

    Returns
    -------
    LoadedState
        The same.

    Raises
    ------
    InvalidArgument
        With all that is missing.

    Examples
    --------
    >>> from neuralopt.optimizers import SGD
    >>> opt, params = SGD(), {"w": np.ones(2)}
    >>> complete(opt, fill_state(opt, params, {"count": 3}), "optax").missing
    ('learning_rate',)
    """
    missing = [name for name in loaded.missing if not name.endswith("learning_rate")]
    if missing:
        raise InvalidArgument(
            f"the {library} state does not fill {type(optimizer).__name__}: {', '.join(missing)} not found. "
            "Likely cause: another method, other switches such as momentum, or other names of parameters."
        )
    return loaded


def filled(optimizer: Any, first: Any, found: Mapping[str, Any], unexpected: tuple[str, ...]) -> LoadedState:
    """Return a first state with the found values in place of its own, each checked and converted."""
    names, leaves = tree.names(first), tree.leaves(first)
    made = [
        _fitted(optimizer, name, leaf, found[name]) if name in found else leaf
        for name, leaf in zip(names, leaves, strict=True)
    ]
    loaded = tuple(sorted(found))
    missing = tuple(sorted(set(names) - set(found)))
    return LoadedState(tree.structure(first).unflatten(made), loaded, missing, unexpected)


def _fitted(optimizer: Any, name: str, leaf: Any, value: Any) -> Any:
    value = np.asarray(value)
    kinds = "iub" if np.issubdtype(np.dtype(leaf.dtype), np.integer) else "iubfV"  # V: bfloat16 in NumPy
    if value.shape != leaf.shape or value.dtype.kind not in kinds:
        raise InvalidArgument(
            f"the saved state does not fit {type(optimizer).__name__}: {name!r} must have shape {leaf.shape} "
            f"and dtype {leaf.dtype}, got shape {value.shape} and dtype {value.dtype}. "
            "Likely cause: it was saved for another network."
        )
    if name.rpartition("/")[2] == "count" and kinds == "iub" and (value < 0).any():
        raise InvalidArgument(
            f"the saved state does not fit {type(optimizer).__name__}: {name!r} must satisfy 0 <= {name}, "
            f"got {value.min()}."
        )
    if value.dtype.kind == "f" and np.isnan(value).any() and not name.endswith("learning_rate"):
        raise InvalidArgument(
            f"the saved state does not fit {type(optimizer).__name__}: {name!r} holds NaN, which would "
            "spread to the parameters. Likely cause: it was saved after the run had diverged."
        )
    # a copy: what was saved may be changed in place by whoever saved it
    return namespace(leaf).asarray(value.copy(), dtype=leaf.dtype)


def _misfit(optimizer: Any, loaded: LoadedState) -> str:
    owner = type(optimizer).__name__
    names = (*loaded.loaded, *loaded.missing)
    if loaded.missing:
        name = loaded.missing[0]
        hint = did_you_mean(name, loaded.unexpected)
        what = f"{name!r} is missing{_others(loaded.missing)}.{hint}"
    else:
        name = loaded.unexpected[0]
        what = f"{name!r} is unexpected{_others(loaded.unexpected)}.{did_you_mean(name, names)}"
    return (
        f"the saved state does not fit {owner}: {what} "
        "Load what there is with strict=False, or a state of another optimizer with warm_start."
    )


def _others(names: tuple[str, ...]) -> str:
    return f", and {len(names) - 1} more" if len(names) > 1 else ""


def bare(name: str) -> str:
    """Return a name without the wrappers and chains around it."""
    return _WRAPPED.sub("", name)
