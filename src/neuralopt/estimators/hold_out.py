"""Rows that an estimator holds out to see when to stop."""

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from neuralopt.core.errors import DataError


def hold_out(X: np.ndarray, targets: np.ndarray, fraction: float, seed: int) -> tuple[Any, Any]:
    """Return training and validation data; of classes, each keeps its share.

    Parameters
    ----------
    X : array of shape (n, d)
    targets : array of shape (n,) or (n, k)
        Of whole numbers where they are class indices.
    fraction : float in (0, 1)
        Held out.
    seed : int
        Of the choice of rows.

    Returns
    -------
    (X, targets), (X, targets)

    Raises
    ------
    DataError
        Where the rows do not suffice.
    """
    try:
        X_train, X_held, y_train, y_held = train_test_split(
            X,
            targets,
            test_size=fraction,
            random_state=seed,
            stratify=targets if targets.dtype.kind in "iu" else None,
        )
    except ValueError as error:
        raise DataError(
            f"early_stopping cannot hold out {fraction:g} of {len(X)} rows: {error} "
            "Give more rows or another validation_fraction, or set early_stopping=False."
        ) from None
    return (X_train, y_train), (X_held, y_held)
