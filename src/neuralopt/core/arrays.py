"""Arrays of numbers as users hand them in: read once, refused with the place and the cure."""

from typing import Any

import numpy as np

from neuralopt.core.errors import DataError


def read_numbers(A: Any, name: str) -> np.ndarray:
    """Return an array of finite float64, or raise with the first place that is not.

    Parameters
    ----------
    A : array_like
        What was given. Text is refused, also where it spells numbers, and so are complex numbers.
    name : str
        The argument's name, for the error.

    Returns
    -------
    float64 array
        Of the same shape; what was float64 is not copied.

    Raises
    ------
    DataError
        For nothing, text, complex numbers, rows of different lengths, NaN and infinity.

    Examples
    --------
    >>> read_numbers([1, 2], "X")
    array([1., 2.])
    >>> read_numbers(["1"], "X")
    Traceback (most recent call last):
    neuralopt.core.errors.DataError: X must hold numbers only: '1' in row 0 is text. Encode text first.
    """
    if A is None:
        raise DataError(f"{name} must be an array of numbers, got None. Likely cause: it was never assigned.")
    _refuse_text_and_complex(A, name)
    try:
        A = np.asarray(A, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must hold numbers only: {error}. Encode text first.") from None
    bad = ~np.isfinite(A)
    if bad.any():
        place = _first(bad)
        where = f" at {_where(place)}" if place else ""
        raise DataError(
            f"{name} must be finite, {int(bad.sum())} of {A.size} values are not; the first is {A[place]}"
            f"{where}. Fill or drop such rows."
        )
    return A


def _refuse_text_and_complex(A: Any, name: str) -> None:
    try:
        given = np.asarray(A)
    except ValueError:
        raise DataError(
            f"{name} must have rows of one length, its rows differ. Likely cause: a value is missing in one."
        ) from None
    if given.dtype.kind in "SU" and not hasattr(A, "dtype"):
        given = np.asarray(A, dtype=object)  # NumPy turns the numbers of a mixed list into text
    if given.dtype.kind in "OSU":
        text = np.array([isinstance(value, str | bytes) for value in given.ravel()]).reshape(given.shape)
        if text.any():
            place = _first(text)
            where = f" in {_where(place)}" if place else ""
            word = repr(str(given[place])[:40])
            raise DataError(f"{name} must hold numbers only: {word}{where} is text. Encode text first.")
    if np.iscomplexobj(given):
        raise DataError(f"{name} must hold real numbers, got complex ones. Give real and imaginary parts.")


def _first(chosen: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(chosen)), chosen.shape))


def _where(place: tuple[int, ...]) -> str:
    return ", ".join(map("{} {}".format, ("row", "column"), place))
