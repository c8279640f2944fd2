"""A look at the scales of the features, which the estimators leave as they are."""

import warnings
from typing import Any

import numpy as np

_FAR, _ROWS = 1e3, 10_000


def warn_about_scales(X: np.ndarray, names: Any, owner: str) -> None:
    """Warn about features far from the order of one that the initial weights are made for.

    A feature of a thousand saturates every hidden unit from the start; one of a thousandth is
    not seen within the usual number of epochs. Features that are all zero are passed over.

    Parameters
    ----------
    X : float array of shape (n, d)
        Only the first 10,000 rows are looked at.
    names : array of str of shape (d,) or None
        Of the features.
    owner : str
        Name of the estimator, for the text.
    """
    size = np.sqrt(np.mean(np.square(X[:_ROWS], dtype=np.float64), axis=0))
    far = np.flatnonzero((size > _FAR) | ((size > 0) & (size < 1 / _FAR)))
    if far.size:
        worst = far[np.argmax(np.abs(np.log(size[far])))]
        name = f"feature {worst} (counted from 0)" if names is None else f"feature {names[worst]!r}"
        others = f", and {far.size - 1} more are as far" if far.size > 1 else ""
        warnings.warn(
            f"{owner}: features should be of the order of 1, {name} has a root mean square of "
            f"{size[worst]:.3g}{others}. Such a network may not learn. "
            f"Standardise them: make_pipeline(StandardScaler(), {owner}(...)).",
            UserWarning,
            stacklevel=4,
        )
