"""The space of a study: named dimensions, some of them there only where others have certain values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean, raise_problems
from neuralopt.storage import dumps
from neuralopt.tuning.dimensions import Categorical, Dimension, Int
from neuralopt.tuning.kinds import categorical, integer, log_uniform, uniform

_KINDS = {"uniform": uniform, "log_uniform": log_uniform, "int": integer, "categorical": categorical}


class Space:
    """Named hyperparameters with what they may be.

    Parameters
    ----------
    given : mapping, sequence or Space
        A mapping of names to dimensions, to lists of choices, or to tuples such as
        ``("log_uniform", 1e-5, 1e-1)``; or a sequence of ``(name, kind, ...)``. The last entry of a tuple
        may be a dict of options: ``("momentum", "uniform", 0, 1, {"when": {"optimizer": "sgd"}})``.

    Raises
    ------
    InvalidArgument
        With every dimension that breaks its law.

    Examples
    --------
    >>> space = Space([("learning_rate", "log_uniform", 1e-5, 1e-1), ("batch_size", "categorical", [16, 32])])
    >>> space.params([0.5, 0.9])
    {'learning_rate': 0.001..., 'batch_size': 32}
    >>> Space({"width": integer(8, 64), "activation": ["tanh", "relu"]}).names
    ('width', 'activation')
    """

    def __init__(self, given: Any) -> None:
        if isinstance(given, Space):
            given = given.dimensions
        if isinstance(given, Mapping):
            entries = [(name, (what,)) for name, what in given.items()]
        elif isinstance(given, Sequence) and not isinstance(given, str):
            entries = [_entry(item) for item in given]
        else:
            raise InvalidArgument(
                "a search space is a dict of names to dimensions, or a list of tuples (name, kind, ...), "
                f"got {given!r}."
            )
        problems: list[str] = []
        found: dict[str, Dimension] = {}
        for name, parts in entries:
            if not isinstance(name, str) or not name:
                problems.append(f"a hyperparameter's name is text, got {name!r}.")
                continue
            if name in found:
                problems.append(f"{name!r} stands in the search space twice. Give each name once.")
                continue
            try:
                found[name] = parse_dimension(*parts)
            except (InvalidArgument, TypeError) as error:
                problems.append(f"{name}: {error}")
        raise_problems(problems)
        if not found:
            raise InvalidArgument(
                "the search space is empty: there is nothing to tune. Give at least one hyperparameter, "
                'for example {"learning_rate": log_uniform(1e-4, 1e-1)}.'
            )
        self.dimensions = _parents_first(found)
        self.names = tuple(self.dimensions)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"Space({self.dimensions!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.describe() == other.describe()

    __hash__ = None  # type: ignore[assignment]  # compared by value, and a dict inside

    @property
    def size(self) -> int | None:
        """How many configurations there are, conditions left aside; None for a continuum."""
        count = 1
        for dimension in self.dimensions.values():
            if dimension.levels is None:
                return None
            count *= dimension.levels
        return count

    def active(self, name: str, params: Mapping[str, Any]) -> bool:
        """Return whether a hyperparameter is there, given those before it."""
        when = self.dimensions[name].when
        return when is None or all(
            parent in params and any(params[parent] == v for v in _several(wanted))
            for parent, wanted in when.items()
        )

    def params(self, units: Sequence[float] | np.ndarray) -> dict[str, Any]:
        """Return the configuration at a place in the unit cube.

        Parameters
        ----------
        units : sequence of float in [0, 1]
            One for each hyperparameter; those of absent ones are not looked at.

        Returns
        -------
        dict
        """
        found: dict[str, Any] = {}
        for (name, dimension), unit in zip(self.dimensions.items(), units, strict=True):
            if self.active(name, found):
                found[name] = dimension.value(unit)
        return found

    def units(self, params: Mapping[str, Any]) -> np.ndarray:
        """Return the place of a configuration in the unit cube; NaN for what is absent."""
        return np.array([d.unit(params[n]) if n in params else np.nan for n, d in self.dimensions.items()])

    def snapped(self, units: np.ndarray) -> np.ndarray:
        """Return places, shape (n, d), as those of their configurations; NaN for what is absent."""
        found = np.stack([d.snap(units[:, k]) for k, d in enumerate(self.dimensions.values())], axis=1)
        for k, dimension in enumerate(self.dimensions.values()):
            if dimension.when:
                there = np.ones(len(found), bool)
                for parent, wanted in dimension.when.items():
                    other = self.dimensions[parent]
                    places = found[:, self.names.index(parent)]
                    allowed = [other.unit(v) for v in _several(wanted)]
                    there &= np.isclose(places[:, None], np.array(allowed)[None, :]).any(axis=1)
                found[~there, k] = np.nan
        return found

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return a configuration given by hand or read from a journal, or raise.

        Parameters
        ----------
        params : mapping
            With every hyperparameter that is there, and no other.

        Returns
        -------
        dict
            In the order of the space.

        Raises
        ------
        InvalidArgument
            With everything that does not fit.
        """
        problems = [
            f"{name!r} is not in the search space.{did_you_mean(name, self.names)}"
            for name in params
            if name not in self.names
        ]
        found: dict[str, Any] = {}
        for name, dimension in self.dimensions.items():
            if not self.active(name, found):
                if name in params:
                    problems.append(f"{name!r} is given, but its condition {dimension.when!r} does not hold.")
            elif name not in params:
                problems.append(f"{name!r} is missing.")
            elif not dimension.holds(params[name]):
                problems.append(f"{name}={params[name]!r} is outside of {dimension!r}.")
            else:
                found[name] = dimension.restore(params[name])
        raise_problems([f"the configuration does not fit the search space: {p}" for p in problems])
        return found

    def describe(self) -> list[list[Any]]:
        """Return the space as plain data in its order, from which `Space` makes it again."""
        return [[name, dimension.describe()] for name, dimension in self.dimensions.items()]

    def key(self, params: Mapping[str, Any]) -> str:
        """Return a text that is the same for equal configurations."""
        return dumps(dict(params))


def parse_dimension(*parts: Any) -> Dimension:
    """Return a dimension from what stands for it in a space.

    Parameters
    ----------
    *parts
        A dimension; a list of choices; a kind with its arguments; or a dict with a ``type``.

    Returns
    -------
    Dimension

    Raises
    ------
    InvalidArgument

    Examples
    --------
    >>> parse_dimension("int", 1, 8, {"log": True})
    Int(when=None, low=1, high=8, step=1, log=True)
    """
    if len(parts) == 1:
        (only,) = parts
        if isinstance(only, Dimension):
            return only
        if isinstance(only, Mapping):
            options = dict(only)
            kind = options.pop("type", None)
            return _make(kind, (), options)
        if isinstance(only, tuple) and only and isinstance(only[0], str):
            return parse_dimension(*only)
        if isinstance(only, list | tuple):
            return categorical(list(only))
        raise InvalidArgument(
            f"{only!r} is no dimension. Give uniform(low, high), log_uniform(low, high), integer(low, high), "
            "categorical(choices), or a list of choices."
        )
    kind, *rest = parts
    options = rest.pop() if rest and isinstance(rest[-1], Mapping) else {}
    return _make(kind, tuple(rest), dict(options))


def _make(kind: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Dimension:
    if kind not in _KINDS:
        hint = did_you_mean(kind, _KINDS) if isinstance(kind, str) else ""
        raise InvalidArgument(
            f"unknown kind {kind!r}.{hint} Known: {', '.join(_KINDS)}. Choices stand in a list."
        )
    if kind == "int" and len(arguments) == 3:
        *arguments, options["step"] = arguments  # type: ignore[assignment]  # a list serves as well
    try:
        return _KINDS[kind](*arguments, **options)
    except TypeError as error:
        forms = {
            "uniform": "('uniform', low, high)",
            "log_uniform": "('log_uniform', low, high)",
            "int": "('int', low, high) or ('int', low, high, step)",
            "categorical": "('categorical', [choices])",
        }
        raise InvalidArgument(
            f"{kind} cannot be made of {(*arguments, *([options] if options else []))!r}. "
            f"Write {forms[kind]}, with options such as {{'when': ...}} last."
        ) from error


def _entry(item: Any) -> tuple[Any, tuple[Any, ...]]:
    if not isinstance(item, tuple | list) or len(item) < 2:
        raise InvalidArgument(
            f"an entry of a search space is (name, kind, ...), got {item!r}. "
            "For example ('learning_rate', 'log_uniform', 1e-5, 1e-1)."
        )
    return item[0], tuple(item[1:])


def _several(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, list | tuple | set | frozenset) else [wanted]


def _parents_first(found: dict[str, Dimension]) -> dict[str, Dimension]:
    """Return dimensions in an order in which conditions look back only, or raise."""
    problems = []
    for name, dimension in found.items():
        for parent, wanted in (dimension.when or {}).items():
            if parent not in found:
                problems.append(
                    f"{name}: when= names {parent!r}, which is not in the search space."
                    f"{did_you_mean(str(parent), found)}"
                )
            elif not isinstance(found[parent], Categorical | Int):
                problems.append(f"{name}: when= needs a categorical or whole {parent!r}, got a continuum.")
            else:
                bad = [v for v in _several(wanted) if not found[parent].holds(v)]
                problems += [f"{name}: when= wants {parent}={v!r}, which it never is." for v in bad]
    raise_problems(problems)
    ordered: dict[str, Dimension] = {}
    while len(ordered) < len(found):
        left = [n for n in found if n not in ordered]
        ready = next((n for n in left if set(found[n].when or ()) <= set(ordered)), None)
        if ready is None:
            circle = ", ".join(left)
            raise InvalidArgument(f"the conditions of {circle} wait for each other. Break the circle.")
        ordered[ready] = found[ready]
    return ordered
