r"""Pairs of a cheap and a true response from the literature, each on the unit cube.

A row :math:`u \in [0, 1]^d` is scaled to the ranges that the sources give.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Response = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Responses:
    """A simulator and reality, both functions of rows in the unit cube.

    Parameters
    ----------
    simulator, real : callable
        From rows of shape (n, d) to values of shape (n,).
    low, high : tuple of float
        The ranges of the source, to which the unit cube is scaled.
    """

    simulator: Response
    real: Response
    low: tuple[float, ...]
    high: tuple[float, ...]


def responses(name: str, a: float) -> Responses:
    """Return a pair by its name, on the unit cube.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    a : float
        The dial of ``"branin-toal"`` and ``"paciorek"``.

    Returns
    -------
    Responses
        Both functions and their ranges.
    """
    low, high = _RANGES[name]
    origin, extent = np.array(low), np.array(high) - np.array(low)

    def on_cube(function: Callable[..., np.ndarray]) -> Response:
        def response(u: np.ndarray) -> np.ndarray:
            return function(*(origin + extent * np.asarray(u, np.float64)).T)

        return response

    pair = _PAIRS[name]
    simulator, real = pair(a) if name in DIALS else pair
    return Responses(on_cube(simulator), on_cube(real), low, high)


def _currin(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        rise = 1 - np.exp(-1 / (2 * x2))
    ratio = (2300 * x1**3 + 1900 * x1**2 + 2092 * x1 + 60) / (100 * x1**3 + 500 * x1**2 + 4 * x1 + 20)
    return rise * ratio


def _currin_low(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    above, below = x2 + 0.05, np.maximum(0.0, x2 - 0.05)
    return np.mean([_currin(x, y) for x in (x1 + 0.05, x1 - 0.05) for y in (above, below)], axis=0)


def _park(x1: np.ndarray, x2: np.ndarray, x3: np.ndarray, x4: np.ndarray) -> np.ndarray:
    # x1/2 (sqrt(1 + s/x1^2) - 1) with x1 taken into the root, so that x1 = 0 has its limit
    root = (np.sqrt(x1**2 + (x2 + x3**2) * x4) - x1) / 2
    return root + (x1 + 3 * x4) * np.exp(1 + np.sin(x3))


def _park_low(x1: np.ndarray, x2: np.ndarray, x3: np.ndarray, x4: np.ndarray) -> np.ndarray:
    return (1 + np.sin(x1) / 10) * _park(x1, x2, x3, x4) - 2 * x1 + x2**2 + x3**2 + 0.5


def _borehole(flow: float, leak: float) -> Callable[..., np.ndarray]:
    def response(*x: np.ndarray) -> np.ndarray:
        rw, r, Tu, Hu, Tl, Hl, L, Kw = x
        log = np.log(r / rw)
        return flow * Tu * (Hu - Hl) / (log * (leak + 2 * L * Tu / (log * rw**2 * Kw) + Tu / Tl))

    return response


def _valley(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    return x2 - 5.1 * x1**2 / (4 * np.pi**2) + 5 * x1 / np.pi - 6


def _branin(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    return _valley(x1, x2) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x1) + 10


def _branin_toal(a: float) -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    return lambda x1, x2: _branin(x1, x2) - (a + 0.5) * _valley(x1, x2) ** 2, _branin


def _branin_dong(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    return _branin(x1, x2) - 22.5 * x2


def _branin_dong_low(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    return _branin(0.7 * x1, 0.7 * x2) - 15.75 * x2 + 20 * (0.9 + x1) ** 2 - 50


def _paciorek(a: float) -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    return (
        lambda x1, x2: np.sin(1 / (x1 * x2)) - 9 * a**2 * np.cos(1 / (x1 * x2)),
        lambda x1, x2: np.sin(1 / (x1 * x2)),
    )


_PAIRS = {
    "currin": (_currin_low, _currin),
    "park-a": (_park_low, _park),
    "borehole": (_borehole(5.0, 1.5), _borehole(2 * np.pi, 1.0)),
    "branin-toal": _branin_toal,
    "paciorek": _paciorek,
    "branin-dong": (_branin_dong_low, _branin_dong),
}
_BRANIN = ((-5.0, 0.0), (10.0, 15.0))
_RANGES = {
    "currin": ((0.0,) * 2, (1.0,) * 2),
    "park-a": ((0.0,) * 4, (1.0,) * 4),
    "borehole": (
        (0.05, 100.0, 63070.0, 990.0, 63.1, 700.0, 1120.0, 9855.0),
        (0.15, 50000.0, 115600.0, 1110.0, 116.0, 820.0, 1680.0, 12045.0),
    ),
    "branin-toal": _BRANIN,
    "paciorek": ((0.3,) * 2, (1.0,) * 2),
    "branin-dong": _BRANIN,
}
NAMES = tuple(_PAIRS)
DIALS = {"branin-toal": 0.0, "paciorek": 0.2}  # a where none is given
