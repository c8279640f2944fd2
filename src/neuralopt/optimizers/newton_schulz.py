"""Orthogonalisation of a matrix by Newton-Schulz iterations: products only, no decomposition."""

from typing import Any

import jax.numpy as jnp

from neuralopt.core.namespace import namespace

#: Of the quintic: the slope at zero is as steep as it can be while the iterates stay below about 1.2.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def as_matrix(array: Any) -> Any:
    """Return an array of two or more axes as a matrix; the last axis, the outputs, stays the columns.

    A convolution kernel (height, width, inputs, outputs) becomes (height * width * inputs, outputs).
    """
    return namespace(array).reshape(array, (-1, array.shape[-1]))


def orthogonalize(matrix: Any, *, steps: int = 5, eps: Any = 1e-7, low_precision: bool = False) -> Any:
    r"""Return a matrix with the singular vectors of the given one and singular values near 1.

    .. math::
        X_0 = G / \max(\lVert G\rVert_F, \epsilon), \qquad
        X_{k+1} = a X_k + b\,(X_k X_k^\top) X_k + c\,(X_k X_k^\top)^2 X_k

    After 5 steps a singular value that was above 0.01 of the norm lies between about 0.7 and 1.2; the
    coefficients are tuned for speed and do not converge to 1. A zero matrix stays zero.

    Parameters
    ----------
    matrix : array, shape (m, n)
        Any floats.
    steps : int, default 5
        Iterations.
    eps : float, default 1e-7
        Least divisor.
    low_precision : bool, default False
        Iterate in bfloat16, as the authors do on GPUs, and return the dtype of ``matrix``.

    Returns
    -------
    array, shape (m, n)
        Of the dtype of ``matrix``.

    References
    ----------
    Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks".

    Examples
    --------
    >>> import numpy as np
    >>> found = orthogonalize(np.array([[3.0, 0.0], [0.0, -1.0]]))
    >>> bool((abs(np.linalg.svd(found)[1] - 1) < 0.35).all())
    True
    """
    xp = namespace(matrix)
    a, b, c = COEFFICIENTS
    x = xp.astype(matrix, jnp.bfloat16, copy=False) if low_precision else matrix
    tall = x.shape[0] > x.shape[1]
    x = xp.matrix_transpose(x) if tall else x  # the smaller Gram matrix
    norm = xp.sqrt(xp.sum(x * x))
    x = x / xp.maximum(norm, xp.asarray(eps, dtype=x.dtype))
    for _ in range(steps):
        gram = x @ xp.matrix_transpose(x)
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    x = xp.matrix_transpose(x) if tall else x
    return xp.astype(x, matrix.dtype, copy=False)
