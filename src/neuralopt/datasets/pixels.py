"""Where the columns of a table lie in an image."""

import math
import re

import numpy as np

from neuralopt.core.errors import DataError

Layout = tuple[tuple[int, ...], tuple[int, int]]
_TWO = re.compile(r"(?:^|\D)(\d+)\D+(\d+)$")
_ONE = re.compile(r"(?:^|\D)(\d+)$")


def layout_of(names: list[str]) -> Layout:
    """Return the pixel of every column, row-major, and height and width.

    Names may end in row and column (``pixel_3_7``) or in one number (``pixel31``, of a square image); columns
    that a table's encoder left out because they are constant are pixels that stay 0. Without such names
    the columns are the rows of a square image, one after the other.

    Parameters
    ----------
    names : list of str
        Encoded columns in their order.

    Returns
    -------
    places : tuple of int
    image : (int, int)

    Raises
    ------
    DataError
        When they are no image.

    Examples
    --------
    >>> layout_of(["p_0_1", "p_3_0", "p_3_4"])
    ((1, 15, 19), (4, 5))
    """
    two = [_TWO.search(name) for name in names]
    if all(two):
        at = np.array([[int(number) for number in found.groups()] for found in two if found])
        height, width = (int(last) + 1 for last in at.max(axis=0))
        places = at[:, 0] * width + at[:, 1]
    else:
        one = [_ONE.search(name) for name in names]
        if all(one):
            places = np.array([int(found[1]) for found in one if found])
            places = places - (places.min() == 1 and math.isqrt(places.max()) ** 2 == places.max())
        else:
            places = np.arange(len(names))
        height = width = math.isqrt(int(places.max())) + 1
        if not all(one) and height * width != len(names):
            height = 0
    if not 4 <= height <= 4096 or not 4 <= width <= 4096 or len(set(places.tolist())) < len(names):
        shown = f" ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if any(names) else ""
        raise DataError(
            f"the {len(names)} columns{shown} are no image. Name them by row and "
            "column, pixel_0_0 to pixel_7_7, or give a square number of them; or search the space 'mlp'."
        )
    return tuple(places.tolist()), (height, width)


def as_images(X: np.ndarray, layout: Layout) -> np.ndarray:
    """Return rows of columns as images (n, height, width).

    Parameters
    ----------
    X : array of shape (n, d)
    layout : tuple
        From `layout_of`.

    Returns
    -------
    array of shape (n, height, width)
        0 where no column lies, which is the mean of a standardised one.
    """
    places, (height, width) = layout
    found = np.zeros((len(X), height * width), X.dtype)
    found[:, list(places)] = X
    return found.reshape(len(X), height, width)
