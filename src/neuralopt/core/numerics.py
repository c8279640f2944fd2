"""Sums that neither lose digits nor need a temporary of the size of the data."""

from collections.abc import Callable
from typing import Any

import jax
import jax.core

from neuralopt.core.namespace import namespace

_BLOCK = 16384


def squared_sums(function: Callable[..., tuple[Any, ...]], *arrays: Any) -> tuple[Any, ...]:
    """Return the sum of squares of every result of an elementwise function.

    Compiled for a CPU, large arrays are walked in blocks that fit the cache: XLA
    would write the function's results, and every scalar in it, to arrays of full
    size first (LAMB: 25 ms and 17 MB for 16 tensors of 1 M, in blocks 20 ms and 2 MB).

    Parameters
    ----------
    function : callable
        Elementwise; takes the arrays, returns a tuple of arrays of their shape.
    *arrays : array
        Of one shape.

    Returns
    -------
    tuple of arrays
        Of shape ``()``, one for each result.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.array([1.0, 2.0]), np.array([2.0, 0.0])
    >>> [float(total) for total in squared_sums(lambda x, y: (x, x + y), x, y)]
    [5.0, 13.0]
    """
    xp = namespace(*arrays)

    def whole(*arrays: Any) -> tuple[Any, ...]:
        return tuple(xp.sum(xp.square(result)) for result in function(*arrays))

    def blocked(*arrays: Any) -> tuple[Any, ...]:
        flat = [xp.reshape(array, (-1,)) for array in arrays]
        count, rest = divmod(flat[0].size, _BLOCK)
        tail = [squares(*(array[count * _BLOCK :] for array in flat))] if rest else []

        def add(k: Any, sums: tuple[Any, ...]) -> tuple[Any, ...]:
            block = (jax.lax.dynamic_slice_in_dim(array, k * _BLOCK, _BLOCK) for array in flat)
            return tuple(a + b for a, b in zip(sums, squares(*block), strict=True))

        # one running sum for every place in a block: vectorised, and one rounding per block, not per entry
        start = squares(*(array[:_BLOCK] for array in flat))
        sums = jax.lax.fori_loop(1, count, add, start)
        return tuple(sum(xp.sum(part) for part in parts) for parts in zip(sums, *tail, strict=True))

    def squares(*arrays: Any) -> tuple[Any, ...]:
        return tuple(xp.square(result) for result in function(*arrays))

    # step by step on JAX a loop would be compiled anew at every call
    if isinstance(arrays[0], jax.core.Tracer) and arrays[0].size >= 2 * _BLOCK:
        return jax.lax.platform_dependent(*arrays, cpu=blocked, default=whole)
    return whole(*arrays)


def fence(*arrays: Any) -> tuple[Any, ...]:
    """Return the arrays; compiled, what is computed from them afterwards shares nothing with before.

    Where an expression is needed twice with a reduction in between, XLA keeps its
    result in an array of full size. From fenced arrays it computes it again, which
    is cheaper than memory.

    Parameters
    ----------
    *arrays : array
        Of any shapes.

    Returns
    -------
    tuple of arrays
        The same values.

    Examples
    --------
    >>> fence(1.0, 2.0)
    (1.0, 2.0)
    """
    traced = any(isinstance(array, jax.core.Tracer) for array in arrays)
    return jax.lax.optimization_barrier(arrays) if traced else arrays


def zero_after(array: Any, dtype: Any = None) -> Any:
    """Return a zero that a compiled program cannot know before it has made an array.

    Added to what overwrites something that the array was made from, it puts the two in
    order; without an order XLA copies what is overwritten.

    Parameters
    ----------
    array : array
        To be made first.
    dtype : dtype, optional
        Of the zero; by default the array's.

    Returns
    -------
    number or array of shape ()
        Zero, also where the array holds what is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> zero_after(np.array([np.nan]))
    0
    """
    if not isinstance(array, jax.core.Tracer) or not array.size:
        return 0
    xp = namespace(array)
    one = xp.reshape(array, (-1,))[0]
    # nothing is greater than infinity, but XLA does not draw the conclusion
    return xp.astype(one > float("inf"), array.dtype if dtype is None else dtype)
