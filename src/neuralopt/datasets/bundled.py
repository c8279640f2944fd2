"""Real data that come with scikit-learn, ready for training without a download."""

from typing import Any

import pandas as pd

from neuralopt.core.errors import InvalidArgument, did_you_mean

_TARGETS = {"diabetes": "progression", "digits": "digit"}


def bundled_names() -> list[str]:
    """Return the names of the bundled data sets.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> bundled_names()
    ['diabetes', 'digits']
    """
    return list(_TARGETS)


def bundled_target(name: str) -> str:
    """Return the target column of a bundled data set.

    Parameters
    ----------
    name : str
        One of `bundled_names`.

    Returns
    -------
    str
        The column's name.

    Raises
    ------
    InvalidArgument
        When there is no such data set.

    Examples
    --------
    >>> bundled_target("digits")
    'digit'
    """
    if name not in _TARGETS:
        known = ", ".join(_TARGETS)
        raise InvalidArgument(
            f"There is no bundled data set {name!r}; there are {known}.{did_you_mean(name, _TARGETS)}"
        )
    return _TARGETS[name]


def load_bundled(name: str) -> pd.DataFrame:
    """Return a bundled data set as a table.

    ``"digits"``: 1797 images of handwritten digits, 64 columns ``pixel_0_0`` ... ``pixel_7_7`` (0 to 16) and
    the target ``digit`` (0 to 9). ``"diabetes"``: 442 patients, 10 columns in their original units and the
    target ``progression`` (25 to 346) one year later.

    Parameters
    ----------
    name : str
        One of `bundled_names`.

    Returns
    -------
    pandas.DataFrame
        Features and target.

    Raises
    ------
    InvalidArgument
        When there is no such data set.

    Examples
    --------
    >>> load_bundled("diabetes").shape
    (442, 11)
    """
    target = bundled_target(name)
    from sklearn import datasets  # takes half a second, and readers of files do not need it

    if name == "digits":
        bunch: Any = datasets.load_digits(as_frame=True)
    else:
        bunch = datasets.load_diabetes(as_frame=True, scaled=False)
    return bunch.frame.rename(columns={"target": target})
