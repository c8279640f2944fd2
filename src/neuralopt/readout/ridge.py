"""Ridge regression with sample weights, a prior and a free bias, in closed form."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.errors import DataError
from neuralopt.core.namespace import namespace
from neuralopt.readout.centring import centred
from neuralopt.readout.checks import check_lambda, check_rows
from neuralopt.readout.comoments import CoMoments
from neuralopt.readout.positive import positive_solve


class Readout(NamedTuple):
    """A linear output layer solved in closed form, and how it was solved."""

    weights: Any  # (m, k)
    bias: Any  # (k,)
    reg_lambda: float  # the penalty
    method: str  # "cholesky", or "eigh" where the matrix was singular to rounding
    jitter: float  # 0 by Cholesky; else directions with eigenvalues below this were left at the prior

    def predict(self, H: Any) -> Any:
        """Return the outputs for features.

        Parameters
        ----------
        H : array of shape (n, m)
            Features.

        Returns
        -------
        array of shape (n, k)
            ``H W + b``.
        """
        return H @ self.weights + self.bias[None, :]


def solve(H: Any, Y: Any, lam: float, weights: Any = None, prior: Any = None, bias: bool = True) -> Readout:
    r"""Solve the readout in float64 on the host, whatever the rank of the features.

    .. math:: W = (H_c' S H_c + \lambda I)^{-1} (H_c' S Y_c + \lambda W_0), \qquad b = \bar y - \bar h W

    with weighted means taken away (subscript c). With fewer rows than features the dual form
    :math:`W_0 + H_c'S^{1/2} (S^{1/2} H_c H_c' S^{1/2} + \lambda I)^{-1} S^{1/2} (Y_c - H_c W_0)` is solved.

    Parameters
    ----------
    H : array of shape (n, m)
        Features, any dtype of numbers.
    Y : array of shape (n, k) or (n,)
        Targets.
    lam : float >= 0
        Penalty on ``W - prior``, in units of the sum (not the mean) of squares.
    weights : array of shape (n,), >= 0, optional
        Of the rows; ones by default.
    prior : array of shape (m, k), optional
        Where the readout is pulled to; zeros by default.
    bias : bool, default True
        A bias that is not penalised; without it ``b`` is zero.

    Returns
    -------
    Readout
        Weights and bias in float64. By Cholesky; where that fails, by eigenvalues: directions without
        information stay at the prior (with ``lam=0`` the solution of minimum norm).

    Raises
    ------
    DataError
        For data that cannot be used: no rows, lengths that differ, values that are not finite.
    InvalidArgument
        For a negative lam, negative weights or weights that are all zero, a prior of another shape.

    See Also
    --------
    fit : The same for JAX, differentiable, without checks and without fallback.

    Examples
    --------
    >>> import numpy as np
    >>> H = np.array([[0.0], [1.0], [2.0]])
    >>> line = solve(H, 3 * H + 1, lam=0.0)
    >>> line.weights.round(6), line.bias.round(6), line.method
    (array([[3.]]), array([1.]), 'cholesky')
    """
    lam = check_lambda("lam", lam)
    rows = check_rows(H, Y, weights, prior, bias)
    c = centred(rows.H, rows.Y, rows.weights, bias)
    root = np.sqrt(c.weights)[:, None]
    X, T = root * c.H, root * (c.Y - c.H @ rows.prior)
    if X.shape[0] < X.shape[1]:
        dual, method, jitter = positive_solve(X @ X.T, lam, T)
        step = X.T @ dual
    else:
        step, method, jitter = positive_solve(X.T @ X, lam, X.T @ T)
    W = rows.prior + step
    return Readout(W, c.mean_y - (c.mean_h + rows.origin) @ W, lam, method, jitter)


def solve_comoments(moments: CoMoments, lam: float, prior: Any = None) -> Readout:
    """Solve the readout from co-moments alone: the rows may be long gone.

    Parameters
    ----------
    moments : CoMoments
        Of all rows, see `comoments`; solved in float64 whatever their dtype.
    lam : float >= 0
        As in `solve`.
    prior : array of shape (m, k), optional
        As in `solve`.

    Returns
    -------
    Readout
        What `solve` gives for the same rows and weights, with a free bias.

    Raises
    ------
    DataError
        For co-moments of no rows, or with values that are not finite.
    InvalidArgument
        For a negative lam, or a prior of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.readout import comoments
    >>> H = np.array([[0.0], [1.0], [2.0]])
    >>> solve_comoments(comoments(H, 3 * H + 1), lam=0.0).bias.round(6)
    array([1.])
    """
    lam = check_lambda("lam", lam)
    m = CoMoments(*(np.asarray(part, dtype=np.float64) for part in moments))
    if not all(np.isfinite(part).all() for part in m):
        raise DataError("The co-moments must be finite. Likely cause: NaN in a batch that was added.")
    if not m.weight > 0:
        raise DataError(f"The co-moments must be of at least one row, their weight is {m.weight}.")
    W0 = np.zeros(m.hy.shape) if prior is None else check_rows(m.hh, m.hy, prior=prior).prior
    step, method, jitter = positive_solve(m.hh, lam, m.hy - m.hh @ W0)
    return Readout(W0 + step, m.mean_y - m.mean_h @ (W0 + step), lam, method, jitter)


def fit(
    H: Any, Y: Any, lam: Any, weights: Any = None, prior: Any = None, bias: bool = True
) -> tuple[Any, Any]:
    """Return the readout's weights and bias; for JAX, differentiable in every array.

    The formulas of `solve` in array-API code, without checks. Gradients by ``jax.grad``: JAX
    differentiates ``linalg.solve`` implicitly, with one more solve by the same factors, and so walks the
    formulas of `solve_adjoint`; differentiating through a Cholesky factorisation costs more and gives
    fewer digits. Where the readout is refitted on the rows and the loss that are minimised, take
    ``lax.stop_gradient`` of the result: by the envelope theorem plain backpropagation at the optimum is
    the whole gradient (with the penalty counted in the loss).

    Parameters
    ----------
    H : array of shape (n, m)
        Features.
    Y : array of shape (n, k)
        Targets.
    lam : float > 0
        As in `solve`; may be traced.
    weights : array of shape (n,), >= 0, optional
        Of the rows.
    prior : array of shape (m, k), optional
        Zeros by default.
    bias : bool, default True
        A free bias.

    Returns
    -------
    W : array of shape (m, k)
        In the dtype of the data: turn on ``jax_enable_x64`` for ill-conditioned features.
    b : array of shape (k,)
        Zeros without a bias.
    """
    xp = namespace(H, Y, weights)
    c = centred(H, Y, weights, bias)
    n, m = H.shape
    W0 = xp.zeros((m, Y.shape[1]), dtype=H.dtype) if prior is None else prior
    ST = c.weights[:, None] * (c.Y - c.H @ W0)
    SH = c.weights[:, None] * c.H
    if n < m:
        W = W0 + c.H.T @ xp.linalg.solve(SH @ c.H.T + lam * xp.eye(n, dtype=H.dtype), ST)
    else:
        W = W0 + xp.linalg.solve(c.H.T @ SH + lam * xp.eye(m, dtype=H.dtype), c.H.T @ ST)
    return W, c.mean_y - c.mean_h @ W
