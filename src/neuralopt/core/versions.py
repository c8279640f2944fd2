"""The versions that bits depend on."""

import importlib.metadata
import os
import platform

_PACKAGES = ("neuralopt", "jax", "jaxlib", "numpy")


def versions(*more: str) -> dict[str, str]:
    """Return the versions of Python and of the packages that a run's bits depend on.

    Parameters
    ----------
    *more : str
        Further packages.

    Returns
    -------
    dict of str to str
        By name; ``"?"`` for what is not installed as a package.

    Examples
    --------
    >>> sorted(versions())
    ['jax', 'jaxlib', 'neuralopt', 'numpy', 'python']
    """
    return {"python": platform.python_version()} | {name: _version(name) for name in (*_PACKAGES, *more)}


def threads() -> str:
    """Return ``NPROC``, by which XLA chooses its number of threads; ``"unset"`` where it is not set."""
    return os.environ.get("NPROC", "unset")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "?"
