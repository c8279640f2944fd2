"""Digits rendered from fonts, as simulations of scikit-learn's handwritten digits."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.core.files import readable_file
from neuralopt.core.scalars import check_count

_FAMILIES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSansMono",
)
_SIDE = 32  # pixels of the bitmap whose 4 x 4 blocks are counted, as the handwritten digits were made


def render_digits(
    n_samples: int, seed: int = 0, fonts: Sequence[str | Path] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return images of printed digits in the form of scikit-learn's handwritten ones.

    Every image is a digit of a font, stretched, slanted, turned and moved by random amounts, drawn on
    32 x 32 pixels of which the set ones in each block of 4 x 4 are counted.

    Parameters
    ----------
    n_samples : int
        Images, >= 1; the classes take turns.
    seed : int, default 0
        The same seed gives the same images.
    fonts : sequence of path, optional
        TrueType files. Without, six DejaVu fonts that come with matplotlib.

    Returns
    -------
    X : numpy.ndarray, shape (n_samples, 64)
        Counts from 0 to 16, of float64.
    y : numpy.ndarray, shape (n_samples,)
        The digits.

    Examples
    --------
    >>> X, y = render_digits(20)
    >>> X.shape, y[:12]
    ((20, 64), array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]))
    """
    check_count("n_samples", n_samples)
    random = np.random.default_rng(seed)
    files = [readable_file(font, DataError) for font in fonts] if fonts else _bundled_fonts()
    y = np.arange(n_samples) % 10
    X = np.stack([_image(_outline(str(files[random.integers(len(files))]), int(c)), random) for c in y])
    return X, y


def digit_rows(n_sim: int, n_real: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return simulated, real and test rows with their classes; the real rows hold the classes evenly."""
    from sklearn.datasets import load_digits  # takes half a second, and readers of files do not need it

    bunch: Any = load_digits()
    X, y = bunch.data, bunch.target
    if n_real >= len(y):
        raise InvalidArgument(f"n_real must be less than the {len(y)} handwritten digits, got {n_real}.")
    order = random.permutation(len(y))
    turn = np.empty(len(y), int)  # how many of its class come before a row
    for digit in range(10):
        of_class = order[y[order] == digit]
        turn[of_class] = np.arange(len(of_class))
    order = order[np.lexsort((np.arange(len(y)), turn[order]))]
    real, test = order[:n_real], np.sort(order[n_real:])
    X_sim, y_sim = render_digits(n_sim, seed=int(random.integers(2**31)))
    return X_sim, y_sim, X[real], y[real], X[test], y[test]


def _bundled_fonts() -> list[Path]:
    import matplotlib  # only a person who asks for pictures of digits needs it

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return [folder / f"{family}.ttf" for family in _FAMILIES]


@functools.cache
def _outline(font: str, digit: int) -> list[np.ndarray]:
    """Return the polygons of a digit, centred, one unit high; a hole is a polygon inside another."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    polygons = TextPath((0, 0), str(digit), size=100, prop=FontProperties(fname=font)).to_polygons()
    points = np.concatenate(polygons)
    low, high = points.min(axis=0), points.max(axis=0)
    return [(np.asarray(polygon) - (low + high) / 2) / (high - low)[1] for polygon in polygons]


def _image(polygons: list[np.ndarray], random: np.random.Generator) -> np.ndarray:
    from matplotlib.path import Path as Outline

    turn, slant = random.normal(0, 0.12), random.normal(0, 0.15)
    wide, high = random.uniform(0.75, 1.2), random.uniform(0.85, 1.0)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shape = turned @ np.array([[wide, slant], [0.0, high]])
    middle = _SIDE / 2 + random.normal(0, 1.0, 2)
    across = np.arange(_SIDE) + 0.5
    pixels = np.stack(np.meshgrid(across, across[::-1]), axis=-1).reshape(-1, 2)  # the first row is on top
    set_ = np.zeros(len(pixels), bool)
    for polygon in polygons:
        set_ ^= Outline(middle + _SIDE * 0.95 * polygon @ shape.T).contains_points(pixels)
    return set_.reshape(8, 4, 8, 4).sum(axis=(1, 3)).reshape(64).astype(np.float64)
