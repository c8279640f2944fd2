"""A fitted model as plain data and arrays, and back, for the storage container."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.engine import History
from neuralopt.joint.base import Base
from neuralopt.joint.candidates import Selection, Table
from neuralopt.joint.candidates.covariance import Covariance, Rows
from neuralopt.joint.candidates.fitted import Fitted
from neuralopt.joint.candidates.forms import Form, Views
from neuralopt.joint.candidates.kriging import Problem, Solved
from neuralopt.joint.final import Final
from neuralopt.joint.scaling import Scale
from neuralopt.joint.shift import ShiftReport
from neuralopt.models import MLP
from neuralopt.readout import CoMoments
from neuralopt.storage import read_container, write_container

KIND, VERSION = "joint", 1

_CLASSES = {
    cls.__name__: cls
    for cls in (
        *(Base, CoMoments, Covariance, Final, Fitted, Form, MLP, Problem, Rows, Scale, Selection),
        *(ShiftReport, Solved, Table, Views),
    )
}


def write_fitted(path: str | os.PathLike[str], state: dict[str, Any]) -> Path:
    """Write the attributes of a fitted model; losses and optimizers of one's own are kept by their print.

    Parameters
    ----------
    path : str or path-like
        The file.
    state : dict
        Names and values: numbers, text, arrays, and the classes of this room.

    Returns
    -------
    Path
        The file.
    """
    return write_packed(path, *pack(state))


def pack(state: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the attributes of a fitted model as plain data and arrays, to be kept within other records."""
    arrays: dict[str, np.ndarray] = {}
    return _plain(state, arrays), arrays


def write_packed(path: str | os.PathLike[str], header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Path:
    """Write what `pack` returned as the file of a model."""
    return write_container(path, kind=KIND, version=VERSION, header=header, arrays=arrays)


def read_fitted(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `write_fitted` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    dict
        Names and values.
    """
    held = read_container(path, kind=KIND, version=VERSION)
    try:
        return _restored(held.header, held.arrays)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(
            f"The joint model '{path}' lacks a part that this version needs ({error}). It was written by a "
            "version that is not compatible; train it again."
        ) from error


def _plain(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return a value as plain data, its arrays put aside under numbers."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        name = str(len(arrays))
        text = value.dtype.kind in "UO"
        if text:
            return {"labels": [str(label) for label in value]}
        arrays[name] = value
        return {"array": name}
    if isinstance(value, History):
        return {"history": {name: _plain(np.asarray(value[name]), arrays) for name in value}}
    if type(value).__name__ in _CLASSES:
        return {"class": type(value).__name__, "fields": _plain(_fields(value), arrays)}
    if isinstance(value, dict):
        return {"dict": {name: _plain(part, arrays) for name, part in value.items()}}
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_plain(part, arrays) for part in value]}
    return {"foreign": repr(value)}  # a loss, a schedule or an optimizer: predictions do not need it


def _fields(value: Any) -> dict[str, Any]:
    if hasattr(value, "_asdict"):
        return value._asdict()
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return dict(vars(value))


def _restored(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    (kind, held), *rest = value.items()
    if kind == "array":
        return arrays[held]
    if kind == "labels":
        return np.array(held)
    if kind == "history":
        return History({name: _restored(part, arrays) for name, part in held.items()})
    if kind == "dict":
        return {name: _restored(part, arrays) for name, part in held.items()}
    if kind in ("tuple", "list"):
        parts = [_restored(part, arrays) for part in held]
        return tuple(parts) if kind == "tuple" else parts
    if kind == "foreign":
        return held
    cls = _CLASSES[held]
    made = cls.__new__(cls) if cls is Views else None
    fields = _restored(rest[0][1], arrays)
    if made is None:
        return cls(**fields)
    vars(made).update(fields)
    return made
