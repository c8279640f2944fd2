"""Pairs (X, y) brought into the shapes that losses and networks take."""

from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument


def supervised(data: Any, targets: str, outputs: int | None, dtype: Any, name: str) -> tuple[Any, Any]:
    """Return (X, y) with y in the shape that losses take.

    Parameters
    ----------
    data : (X, y)
    targets : {"real", "class"}
        Real numbers become shape (n, k); class indices stay (n,).
    outputs : int or None
        Width of the model's output, where it is known.
    dtype : dtype
        Real targets become floats of this kind.
    name : str
        For the errors.

    Returns
    -------
    (X, y)

    Raises
    ------
    DataError
        For anything but a pair, or targets that do not fit the loss.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise DataError(f"{name} must be a pair (X, y) for a model with a loss, got {type(data).__name__}.")
    X, y = (a if isinstance(a, np.ndarray) else np.asarray(a) for a in data)
    if targets == "class":
        if y.dtype.kind not in "iub" or y.ndim != 1:
            raise DataError(
                f"{name}: a loss over classes needs class indices, integers of shape (n,); "
                f"got dtype {y.dtype} of shape {y.shape}. "
                "Likely cause: labels as text or one-hot. NeuralClassifier takes labels of any kind."
            )
        if outputs is not None and y.size and not (y.min() >= 0 and y.max() < outputs):
            raise DataError(
                f"{name}: class indices must lie in 0..{outputs - 1} for a model with {outputs} outputs, "
                f"got {y.min()}..{y.max()}. Number the classes from 0 and give the model an output for each."
            )
        return X, y
    given, labels = y.shape, y.dtype.kind in "iub" and y.ndim == 1
    if y.dtype.kind in "iub":
        y = y.astype(dtype)
    y = y[:, None] if y.ndim == 1 else y
    if outputs is not None and y.shape[1:] != (outputs,):
        hint = ""
        if labels:
            hint = ' Likely cause: class indices under a loss of real numbers. Pass loss="cross_entropy".'
        raise DataError(
            f"{name}: targets must have shape (n, {outputs}) for a model with {outputs} outputs, "
            f"got {given}.{hint}"
        )
    return X, y


def check_inputs(X: Any, width: int, name: str) -> None:
    """Raise unless inputs have the width that a multi-layer perceptron takes.

    Parameters
    ----------
    X : array
    width : int
        Units of the input layer.
    name : str
        For the error.

    Raises
    ------
    InvalidArgument
        With both widths.
    """
    if X.ndim != 2 or X.shape[1] != width:
        raise InvalidArgument(
            f"{name}: inputs must have shape (n, {width}) for a network with {width} inputs, got {X.shape}."
        )
