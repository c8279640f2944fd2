"""Strict JSON that keeps what it is given, non-finite numbers included."""

import json
import math
from typing import Any

from neuralopt.core.errors import raise_problems

_TAG = "__float__"
_SPOKEN = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def dumps(value: Any, *, indent: int | None = None, name: str = "value") -> str:
    """Return strict JSON (ASCII, sorted keys) for plain data, so that `loads` gives the same data back.

    JSON has no NaN and no infinity. They are written as ``{"__float__": "NaN"}``, ``"Infinity"`` or
    ``"-Infinity"`` in that form, and restored by `loads`. Finite floats keep every bit.

    Parameters
    ----------
    value : dict, list, tuple, str, int, float, bool or None
        Nested to any depth. Keys are strings. A tuple comes back as a list.
    indent : int, optional
        Spaces for each level; by default one line without spaces.
    name : str, default "value"
        What the error texts call the data.

    Returns
    -------
    str
        The text.

    Raises
    ------
    InvalidArgument
        For every place that holds something else, an array or a NumPy integer for example.

    Examples
    --------
    >>> dumps({"loss": [0.5, float("nan")]})
    '{"loss":[0.5,{"__float__":"NaN"}]}'
    """
    problems: list[str] = []
    plain = _plain(value, name, problems)
    raise_problems(problems)
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(plain, allow_nan=False, sort_keys=True, indent=indent, separators=separators)


def loads(text: str | bytes) -> Any:
    """Return the data that `dumps` wrote.

    Parameters
    ----------
    text : str or bytes
        JSON; the literals ``NaN`` and ``Infinity``, which are not JSON, are refused.

    Returns
    -------
    dict, list, str, int, float, bool or None
        The data.

    Raises
    ------
    ValueError
        When the text is not strict JSON; the caller knows the file and says so.

    Examples
    --------
    >>> loads('{"loss":[0.5,{"__float__":"-Infinity"}]}')
    {'loss': [0.5, -inf]}
    """
    return json.loads(text, parse_constant=_refuse_literal, object_hook=_untag)


def _plain(value: Any, place: str, problems: list[str]) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if type(value) is int:
        return value
    if isinstance(value, float):
        number = float(value)
        return number if math.isfinite(number) else {_TAG: _name(number)}
    if isinstance(value, list | tuple):
        return [_plain(v, f"{place}[{i}]", problems) for i, v in enumerate(value)]
    if isinstance(value, dict):
        if _TAG in value:
            problems.append(f"{place} has the key '{_TAG}', which is kept for NaN and infinity. Rename it.")
        for key in value:
            if not isinstance(key, str):
                problems.append(f"{place} has the key {key!r}, and keys must be strings. Use {str(key)!r}.")
        return {key: _plain(v, f"{place}[{key!r}]", problems) for key, v in value.items()}
    problems.append(
        f"{place} is a {type(value).__module__}.{type(value).__name__}, which JSON cannot keep. "
        "Turn it into a str, int, float, bool, list or dict (a NumPy scalar: .item()), or use an array."
    )
    return None


def _name(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _untag(pairs: dict[str, Any]) -> Any:
    if _TAG not in pairs:
        return pairs
    if len(pairs) != 1 or pairs[_TAG] not in _SPOKEN:
        raise ValueError(f"{pairs!r} is not a tagged number")
    return _SPOKEN[pairs[_TAG]]


def _refuse_literal(literal: str) -> Any:
    raise ValueError(f"{literal} is not JSON")
