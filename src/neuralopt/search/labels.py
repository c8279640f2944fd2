"""Class labels as users have them: any numbers or text, or one-hot rows."""

import numbers

import numpy as np

from neuralopt.core.errors import DataError


def sorted_labels(y: np.ndarray) -> np.ndarray:
    """Return the different labels in order, or raise where they have none."""
    try:
        return np.unique(y)
    except TypeError:
        kinds = [numbers.Real if isinstance(label, numbers.Real) else type(label) for label in y]
        row = next((k for k, kind in enumerate(kinds) if kind is not kinds[0]), 0)
        raise DataError(
            f"labels must be all numbers or all text, y has {y[0]!r} in row 0 and {y[row]!r} in row {row}. "
            "Likely cause: missing labels, or a column of mixed types. Drop such rows, or convert all: "
            "y.astype(str)."
        ) from None


def code_labels(y: np.ndarray, outputs: int, loss: str) -> tuple[np.ndarray, np.ndarray]:
    """Return class indices of shape (n,) and the label of every index, or raise.

    Raises
    ------
    DataError
        For real targets, more classes than outputs, rows that are not one-hot, labels without an order.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2:
        y = _one_hot_labels(y, outputs, loss)
    if y.dtype.kind == "f":
        if not np.isfinite(y).all():
            row = int(np.argmin(np.isfinite(y)))
            raise DataError(
                f"labels must be finite, y has {float(y[row])!r} in row {row}. Likely cause: missing labels. "
                "Drop such rows."
            )
        bad = y != np.round(y)
        if bad.any():
            raise DataError(
                f"loss {loss!r} takes class labels, y has {float(y[bad][0])!r} in row {int(np.argmax(bad))}. "
                "Likely cause: real targets. Use loss='squared_error', or round them to labels."
            )
    found = sorted_labels(y)
    room = max(outputs, 2)
    if len(found) > room:
        raise DataError(
            f"loss {loss!r} with output_size={outputs} takes at most {room} classes, y has {len(found)}: "
            f"{', '.join(map(repr, found[:6].tolist()))}{', ...' if len(found) > 6 else ''}. "
            f"Likely cause: real targets, which loss='squared_error' takes{_as_floats(found)}, or too "
            f"few outputs: classes need output_size={len(found)}, which SearchClassifier sets itself."
        )
    if loss == "auc" and len(found) != 2:
        raise DataError(f"loss 'auc' takes rows of two classes, y has {len(found)}: {found.tolist()}.")
    classes = _classes(found, outputs)
    return np.searchsorted(classes, y), classes


def _classes(found: np.ndarray, outputs: int) -> np.ndarray:
    """Return the label of every output; labels counted from 0 leave room for absent ones."""
    if found.dtype.kind in "iufb" and np.isin(found, np.arange(max(outputs, 2))).all():
        return np.arange(max(outputs, 2)).astype(found.dtype if found.dtype.kind != "b" else np.int64)
    if len(found) == 1 and found.dtype.kind in "iuf":
        return np.sort(np.array([found[0], -found[0]]))
    return found


def _as_floats(found: np.ndarray) -> str:
    """Return how text that spells numbers becomes numbers."""
    try:
        found.astype(np.float64)
    except (TypeError, ValueError):
        return ""
    return " as y.astype(float)" if found.dtype.kind in "OUS" else ""


def _one_hot_labels(y: np.ndarray, outputs: int, loss: str) -> np.ndarray:
    law = f"loss {loss!r} takes labels of shape (n,), or one-hot rows of {outputs} columns"
    if y.shape[1] != outputs:
        raise DataError(
            f"{law}, got shape {y.shape}. Likely cause: another output_size than classes, or several targets."
        )
    wrong = ~(np.isin(y, (0, 1)).all(axis=1) & ((y == 1).sum(axis=1) == 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{law}: a single 1 and else 0; row {row} is {y[row].tolist()}. Likely cause: soft labels, "
            "several labels in a row, or none. Give the most likely class: y.argmax(axis=1)."
        )
    return y.argmax(axis=1)
