"""Float32 and float64, and the compilation cache: JAX's process-wide settings in one place."""

import contextlib
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import jax
import numpy as np

from neuralopt.core.errors import InvalidArgument


def check_dtype(dtype: Any) -> np.dtype:
    """Return the dtype of a run.

    Parameters
    ----------
    dtype : {"float32", "float64"} or dtype

    Returns
    -------
    numpy.dtype

    Raises
    ------
    InvalidArgument
        For any other.
    """
    with contextlib.suppress(TypeError):
        found = np.dtype(dtype)
        if dtype is not None and found in (np.float32, np.float64):
            return found
    raise InvalidArgument(f"dtype must be 'float32' or 'float64', got {dtype!r}.")


def precision(dtype: np.dtype) -> AbstractContextManager[Any]:
    """Return a context in which JAX computes in the given dtype: float64 is off by default in JAX."""
    return jax.enable_x64(True) if dtype == np.float64 else contextlib.nullcontext()


def use_compilation_cache() -> None:
    """Keep compiled programs in the user's cache folder, unless JAX was already told where.

    A second run of a program then starts at once. ``NEURALOPT_CACHE`` names another folder; set to
    ``off`` it leaves JAX's settings alone.
    """
    wanted = os.environ.get("NEURALOPT_CACHE", "")
    told = jax.config.jax_compilation_cache_dir  # pyright: ignore[reportAttributeAccessIssue]
    if wanted == "off" or told is not None:
        return
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = Path(wanted) if wanted else base / "neuralopt" / "programs"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # a read-only home, or none, costs only the time to compile
        return
    if not os.access(folder, os.W_OK):  # JAX would warn at every program
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
