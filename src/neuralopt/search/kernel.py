"""Which loops a search runs in: compiled where numba is installed, else NumPy."""

import importlib
import threading
from types import ModuleType
from typing import Any

import numpy as np


def compiled(name: str, wait: bool = True) -> ModuleType | None:
    """Return a module of compiled loops, or None where numba is absent or has not finished compiling.

    Compiling takes some seconds once on a machine, afterwards the loops come from numba's cache.

    Parameters
    ----------
    name : {"loops", "screen_loops"}
        The module, within this room.
    wait : bool, default True
        False compiles beside the caller, who goes on in NumPy until the loops are there.

    Returns
    -------
    module or None
    """
    return _KNOWN[name].get(wait)


class _Compiled:
    """A module that is imported and called once before it is handed out."""

    def __init__(self, name: str, run_once: Any) -> None:
        self._name, self._run_once = name, run_once
        self._starting, self._preparing = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._tried, self._loops = False, None

    def get(self, wait: bool) -> Any:
        if self._tried:
            return self._loops
        if wait:
            self._prepare()
            return self._loops
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._prepare, name=f"neuralopt-{self._name}")
                self._thread.start()
        return None

    def _prepare(self) -> None:
        """Import and compile; what fails leaves NumPy, which needs nothing."""
        with self._preparing:
            if self._tried:
                return
            try:
                loops = importlib.import_module(f"neuralopt.search.{self._name}")
                self._run_once(loops)
                self._loops = loops
            except Exception:  # numba is absent, too old for this Python, or has nowhere to keep its cache
                self._loops = None
            self._tried = True


def _line_once(loops: Any) -> None:
    """Call every loop once with the types of a search."""
    columns, z, w = np.ones((2, 3)), np.array([-1.0, 0.5, 2.0]), np.ones(2)
    c, order = np.array([1.0, -1.0, 0.5]), np.arange(2)
    loops.weights(columns, columns, np.ones(2), z, w, c, order, 1e-9, 8)
    loops.along(z, columns[0], c, 1e-9, 8)
    loops.least_squares(columns, c, np.abs(c), 2)
    loops.levels(columns, np.ones(2), z, w, c, order, np.array([-1.0, 1.0]), 1e-9)


def _screen_once(loops: Any) -> None:
    rows, short = np.ones(3), np.ones((1, 3), np.float32)
    loops.sums_of_squares(
        *(rows, rows, short[0], short, short[0, :1], short[0, :1], short[0, :1]),
        *(np.array([1, 1]), short, rows, 0, 1.0),
    )


_KNOWN = {
    "loops": _Compiled("loops", _line_once),
    "screen_loops": _Compiled("screen_loops", _screen_once),
}
