"""Leave-one-out residuals of a ridge at one lambda, differentiable."""

from typing import Any, NamedTuple

from neuralopt.core.namespace import namespace
from neuralopt.readout.centring import centred


class LeaveOneOut(NamedTuple):
    """What each row's own fit leaves unexplained when that row is left out."""

    residuals: Any  # (n, k), q: target minus the prediction by all other rows
    slack: Any  # (n,), 1 - h: one minus the leverage
    weights: Any  # (m, k), the readout by all rows
    bias: Any  # (k,)


def leave_one_out(
    H: Any, Y: Any, lam: Any, weights: Any = None, prior: Any = None, bias: bool = True
) -> LeaveOneOut:
    r"""Return the leave-one-out residuals without refitting, exact with weights, prior and free bias.

    .. math:: q_i = \frac{e_i}{1 - h_i}, \qquad
        h_i = s_i \left(\frac{1}{\sum_j s_j} + x_i' (H_c' S H_c + \lambda I)^{-1} x_i\right)

    with x_i the centred row. With fewer rows than features both :math:`e_i` and :math:`1 - h_i` are read from
    :math:`\lambda (\lambda I + H_c H_c' S)^{-1}`, so that neither is a small difference of large numbers.
    Array-API code for NumPy and JAX, differentiable in every array, at rows of weight zero too.

    Parameters
    ----------
    H : array of shape (n, m)
        Features.
    Y : array of shape (n, k)
        Targets.
    lam : float > 0
        Penalty.
    weights : array of shape (n,), >= 0, optional
        Of the rows; a row of weight zero has its plain residual.
    prior : array of shape (m, k), optional
        Zeros by default.
    bias : bool, default True
        A free bias.

    Returns
    -------
    LeaveOneOut
        Residuals, slack, and the readout.

    References
    ----------
    Allen, 1974, Technometrics 16(1); Cook and Weisberg, 1982, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> H = np.zeros((3, 1)); Y = np.array([[0.0], [0.0], [3.0]])
    >>> leave_one_out(H, Y, 1.0).residuals[:, 0].round(6)
    array([-1.5, -1.5,  3. ])
    """
    xp = namespace(H, Y, weights)
    c = centred(H, Y, weights, bias)
    n, m = H.shape
    s, total = c.weights, c.total
    W0 = xp.zeros((m, Y.shape[1]), dtype=H.dtype) if prior is None else prior
    T = c.Y - c.H @ W0
    of_bias = s / total if bias else xp.zeros_like(s)
    if n < m:
        K = c.H @ c.H.T
        # the constant direction, which the bias takes, is moved far from the small eigenvalues
        moved = xp.sum(s * xp.sum(xp.square(c.H), axis=1)) if bias else xp.zeros_like(total)
        N = lam * xp.linalg.inv(lam * xp.eye(n, dtype=H.dtype) + (K + moved / total) * s[None, :])
        slack = xp.linalg.diagonal(N) - lam / (lam + moved) * of_bias
        E = N @ T
        W = W0 + c.H.T @ (s[:, None] * E) / lam
    else:
        A = c.H.T @ (s[:, None] * c.H) + lam * xp.eye(m, dtype=H.dtype)
        Z = xp.linalg.solve(A, c.H.T)
        slack = 1 - of_bias - s * xp.sum(c.H * Z.T, axis=1)
        step = Z @ (s[:, None] * T)
        E = T - c.H @ step
        W = W0 + step
    return LeaveOneOut(E / slack[:, None], slack, W, c.mean_y - c.mean_h @ W)


def loo_loss(H: Any, Y: Any, lam: Any, weights: Any = None, prior: Any = None, bias: bool = True) -> Any:
    r"""Return the leave-one-out loss :math:`\sum_i s_i |q_i|^2`; differentiable by ``jax.grad``.

    Parameters
    ----------
    H : array of shape (n, m)
        Features.
    Y : array of shape (n, k)
        Targets.
    lam : float > 0
        Penalty.
    weights : array of shape (n,), >= 0, optional
        Of the rows; ones by default.
    prior : array of shape (m, k), optional
        Zeros by default.
    bias : bool, default True
        A free bias.

    Returns
    -------
    array of shape ()
        A sum over rows and outputs, not a mean.
    """
    xp = namespace(H, Y, weights)
    squares = xp.sum(xp.square(leave_one_out(H, Y, lam, weights, prior, bias).residuals), axis=1)
    return xp.sum(squares if weights is None else weights * squares)
