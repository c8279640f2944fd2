"""What makes two runs the same run: settings, functions and data as text."""

import dataclasses
import functools
import re
import types
import zlib
from typing import Any

import jax
import numpy as np

from neuralopt.core import tree

_WHOLE_BYTES, _SAMPLED_ROWS, _DEEPEST = 2**30, 65_536, 24


def fingerprint(**parts: Any) -> dict[str, str]:
    """Return what must be the same for a run to be resumed, as text.

    Parameters
    ----------
    **parts
        Settings, models, losses, optimizers. A function is known by its name, its code and what it
        closes over, so that two lambdas differ and the same one is found again in another process.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> fingerprint(seed=1)
    {'seed': '1'}
    """
    return {name: describe(value) for name, value in parts.items()}


def describe(value: Any, depth: int = 0, seen: set[int] | None = None) -> str:
    """Return a value as text that is the same in every process.

    Of a function these count: its code, what it closes over, and what it names of its own module: functions,
    numbers, strings and arrays.
    """
    if depth > _DEEPEST:
        return "..."
    seen = set() if seen is None else seen

    def inner(part: Any) -> str:
        return describe(part, depth + 1, seen)

    if isinstance(value, types.FunctionType):
        name = f"{value.__qualname__}#{_code(value.__code__):08x}"
        if id(value) in seen:  # it may call itself
            return name
        seen.add(id(value))
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        held = [part for part in (*cells, value.__defaults__, value.__kwdefaults__) if part is not None]
        held += [value.__globals__[name] for name in _names(value.__code__) if _own(value, name)]
        return f"{name}{inner(held) if held else ''}"
    if isinstance(value, np.ndarray | jax.Array):
        return data_digest([np.asarray(value)])
    if callable(wrapped := getattr(value, "__wrapped__", None)):
        return f"{type(value).__name__}({inner(wrapped)})"
    if isinstance(value, types.MethodType):
        return f"{inner(value.__self__)}.{value.__func__.__name__}"
    if isinstance(value, functools.partial):
        return f"partial({inner(value.func)}, {inner(value.args)}, {inner(value.keywords)})"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f"{f.name}={inner(getattr(value, f.name, None))}" for f in dataclasses.fields(value)]
        return f"{type(value).__name__}({', '.join(fields)})"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(inner, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {inner(part)}" for key, part in value.items()) + "}"
    call = vars(type(value)).get("__call__")
    if isinstance(call, types.FunctionType) and not isinstance(value, type):
        held = {} if id(value) in seen else getattr(value, "__dict__", {})
        seen.add(id(value))
        return f"{type(value).__qualname__}({inner(held)}){inner(call)}"
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))


def _names(code: types.CodeType) -> list[str]:
    """Return the names that a function and those inside it ask for."""
    inside = [_names(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return sorted({*code.co_names, *(name for names in inside for name in names)})


def _own(function: types.FunctionType, name: str) -> bool:
    """Return whether a name stands for something of a function's own module that can be told apart."""
    if "site-packages" in function.__code__.co_filename or function.__module__.startswith("neuralopt."):
        return False  # a library's; its version says enough
    found = function.__globals__.get(name)
    if isinstance(found, types.FunctionType):
        return found.__module__ == function.__module__
    return isinstance(found, bool | int | float | complex | str | np.ndarray | jax.Array)


def _code(code: types.CodeType) -> int:
    """Return a checksum of what a function does, whatever file it stands in."""
    parts = [code.co_code, repr(code.co_names).encode()]
    for constant in code.co_consts:
        parts.append(
            str(_code(constant)).encode() if isinstance(constant, types.CodeType) else repr(constant).encode()
        )
    return zlib.crc32(b"|".join(parts))


def data_digest(arrays: Any) -> str:
    """Return shapes, dtypes and a checksum of a tree of arrays; of evenly spaced rows beyond a gigabyte."""
    parts = []
    for array in tree.leaves(arrays):
        step = 1 if array.nbytes <= _WHOLE_BYTES else max(1, len(array) // _SAMPLED_ROWS)
        rows = np.ascontiguousarray(array[::step] if array.ndim else array)
        parts.append(f"{array.dtype}{list(array.shape)}:{zlib.crc32(rows.view(np.uint8).data):08x}")
    return " ".join(parts)
