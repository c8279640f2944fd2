"""Which loops an exact search runs in: compiled where numba is installed, else NumPy."""

import threading
from types import ModuleType
from typing import Any

import numpy as np

_LOCK = threading.Lock()
_STATE: dict[str, Any] = {"loops": None, "tried": False, "thread": None}


def compiled(wait: bool = True) -> ModuleType | None:
    """Return the compiled loops, or None where numba is absent or has not finished compiling.

    Compiling takes some seconds once on a machine, afterwards the loops come from numba's cache.

    Parameters
    ----------
    wait : bool, default True
        False compiles beside the caller, who goes on in NumPy until the loops are there.

    Returns
    -------
    module or None
    """
    if _STATE["tried"]:
        return _STATE["loops"]
    if wait:
        _prepare()
        return _STATE["loops"]
    with _LOCK:
        if _STATE["thread"] is None:
            _STATE["thread"] = threading.Thread(target=_prepare, name="neuralopt-search-compile")
            _STATE["thread"].start()
    return None


def _prepare() -> None:
    """Import and compile; what fails leaves NumPy, which needs nothing."""
    with _PREPARING:
        if _STATE["tried"]:
            return
        try:
            from neuralopt.search import loops

            _run_once(loops)
            _STATE["loops"] = loops
        except Exception:  # numba is absent, too old for this Python, or has nowhere to keep its cache
            _STATE["loops"] = None
        _STATE["tried"] = True


_PREPARING = threading.Lock()


def _run_once(loops: Any) -> None:
    """Call every loop once with the types of a search."""
    columns, z, w = np.ones((2, 3)), np.array([-1.0, 0.5, 2.0]), np.ones(2)
    c, order = np.array([1.0, -1.0, 0.5]), np.arange(2)
    loops.weights(columns, columns, np.ones(2), z, w, c, order, 1e-9, 8)
    loops.along(z, columns[0], c, 1e-9, 8)
    loops.levels(columns, np.ones(2), z, w, c, order, np.array([-1.0, 1.0]), 1e-9)
