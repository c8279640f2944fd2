"""Which parameters a transform touches: predicates of name and array."""

import dataclasses
import fnmatch
from collections.abc import Callable
from typing import Any

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.scalars import check_count

Mask = str | Callable[[str, Any], bool]

_NAMED: dict[str, Callable[[str, Any], bool]] = {
    "matrices": lambda name, leaf: leaf.ndim >= 2,
    "all": lambda name, leaf: True,
}


_BY_NAME = " For names of parameters: transforms.by_name('layer/*')."


@dataclasses.dataclass(frozen=True)
class NameMask:
    """A mask by name; made by `by_name`."""

    patterns: tuple[str, ...]

    def __call__(self, name: str, leaf: Any) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns)


@dataclasses.dataclass(frozen=True)
class NDimMask:
    """A mask by number of dimensions; made by `by_ndim`."""

    low: int
    high: int | None

    def __call__(self, name: str, leaf: Any) -> bool:
        return self.low <= leaf.ndim and (self.high is None or leaf.ndim <= self.high)


@dataclasses.dataclass(frozen=True)
class ExcludingMask:
    """A mask without some names; made by `excluding`."""

    excluded: NameMask
    mask: Mask

    def __call__(self, name: str, leaf: Any) -> bool:
        return _predicate(self.mask)(name, leaf) and not self.excluded(name, leaf)


def by_name(*patterns: str) -> NameMask:
    """Return a mask that selects parameters whose name matches any of the patterns.

    Parameters
    ----------
    *patterns : str
        As for file names: ``*`` is any text, slashes included, ``?`` one character, ``[ab]``
        one of some. The whole name must match, in the same case.

    Returns
    -------
    callable
        Equal to any other with the same patterns, so that it compiles nothing anew.

    Examples
    --------
    >>> import numpy as np
    >>> selected(by_name("*/W"), {"first": {"W": np.ones((2, 2)), "b": np.ones(2)}})
    {'first': {'W': True, 'b': False}}
    """
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise InvalidArgument(
            f"by_name takes one pattern or more, as by_name('*/W', 'head/*'), got {patterns!r}."
        )
    return NameMask(patterns)


def by_ndim(low: int, high: int | None = None) -> NDimMask:
    """Return a mask that selects parameters by their number of dimensions.

    Parameters
    ----------
    low : int >= 0
        At least so many.
    high : int >= low, optional
        At most so many; without it there is no end.

    Returns
    -------
    callable
        Equal to any other with the same numbers.

    Examples
    --------
    >>> import numpy as np
    >>> selected(by_ndim(1, 1), {"W": np.ones((2, 2)), "b": np.ones(2)})
    {'W': False, 'b': True}
    """
    low = check_count("by_ndim: low", low, low=0)
    return NDimMask(low, None if high is None else check_count("by_ndim: high", high, low=low))


def excluding(*patterns: str, mask: Mask = "all") -> ExcludingMask:
    """Return a mask without the parameters whose name matches any of the patterns.

    Parameters
    ----------
    *patterns : str
        As for `by_name`.
    mask : mask, default "all"
        What is selected otherwise.

    Returns
    -------
    callable
        Equal to any other made alike.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"head": {"W": np.ones((2, 2))}, "W": np.ones((2, 2)), "b": np.ones(2)}
    >>> selected(excluding("head/*", mask="matrices"), params)
    {'W': True, 'b': False, 'head': {'W': False}}
    """
    check_mask(mask)
    return ExcludingMask(by_name(*patterns), mask)


def _predicate(mask: Mask) -> Callable[[str, Any], bool]:
    return mask if callable(mask) else _NAMED[mask]


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
    if not callable(mask) and not (isinstance(mask, str) and mask in _NAMED):
        hint = did_you_mean(mask, _NAMED) if isinstance(mask, str) else ""
        raise InvalidArgument(
            f"a mask must be one of {', '.join(map(repr, _NAMED))} or a function of (name, array), "
            f"got {mask!r}.{hint}{_BY_NAME if isinstance(mask, str) and not hint else ''}"
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
    predicate = _predicate(mask)
    return tree.map_named(lambda name, leaf: bool(predicate(name, leaf)), params)
