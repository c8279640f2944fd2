"""Find the array namespace that a kernel's arguments belong to.

Kernels are written once: they ask their arrays for ``__array_namespace__`` and
so run on NumPy, on JAX (traced or not) and on ``array_api_strict``.
"""

from typing import Any

import numpy as np


def namespace(*arrays: Any) -> Any:
    """Return the array namespace of the given arrays.

    Where NumPy and another library meet, the other one wins: a NumPy constant
    may enter a traced computation, never the other way round.

    Parameters
    ----------
    *arrays : array or number
        Python numbers are passed over.

    Returns
    -------
    module
        The array namespace; NumPy when only numbers are given.

    Examples
    --------
    >>> import numpy as np
    >>> namespace(1.0, np.ones(3)).__name__
    'numpy'
    """
    for array in arrays:
        if isinstance(array, np.ndarray | np.generic):  # the usual case on the path without a compiler
            continue
        own = getattr(array, "__array_namespace__", None)
        if own is not None:
            return own()
    return np
