"""Gradients of a loss that sees data through a solved readout, by hand."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.readout.centring import centred
from neuralopt.readout.checks import check_lambda, check_rows


class ReadoutGradient(NamedTuple):
    """Gradient of a loss in all that a readout was solved from."""

    H: Any  # (n, m)
    Y: Any  # (n, k)
    weights: Any  # (n,)
    lam: Any  # ()
    prior: Any  # (m, k)


def solve_adjoint(
    H: Any,
    Y: Any,
    lam: float,
    dW: Any,
    db: Any = None,
    weights: Any = None,
    prior: Any = None,
    bias: bool = True,
) -> ReadoutGradient:
    r"""Pull a gradient in the solved readout back to what it was solved from.

    With :math:`X = [H, 1]`, :math:`R = \mathrm{diag}(1, \dots, 1, 0)`, :math:`A = X'SX + \lambda R`,
    :math:`E = Y - XW` and :math:`V = A^{-1} G`:

    .. math::
        dH &= S (E V' - X V W'), \quad dY = S X V, \quad ds_i = \langle (XV)_i, E_i \rangle \\
        d\lambda &= -\langle V, R (W - W_0) \rangle, \quad dW_0 = \lambda R V

    On the host in float64; under JAX, ``jax.grad`` through `fit` does the same. Needed only for losses
    on other data than the readout was fitted on (real against simulated, leave-one-out). For the loss that
    the readout minimises, the envelope theorem makes plain backpropagation at ``W`` the whole gradient.

    Parameters
    ----------
    H : array of shape (n, m)
        Features.
    Y : array of shape (n, k) or (n,)
        Targets.
    lam : float > 0
        Penalty.
    dW : array of shape (m, k)
        Gradient of the loss in the readout's weights.
    db : array of shape (k,), optional
        Gradient in its bias; zeros by default.
    weights : array of shape (n,), >= 0, optional
        Of the rows.
    prior : array of shape (m, k), optional
        Zeros by default.
    bias : bool, default True
        A free bias.

    Returns
    -------
    ReadoutGradient
        In float64.

    Raises
    ------
    DataError, InvalidArgument
        As `solve` does.

    Examples
    --------
    >>> import numpy as np
    >>> H, Y = np.array([[1.0], [2.0]]), np.array([[1.0], [1.0]])
    >>> solve_adjoint(H, Y, 1.0, np.ones((1, 1)), bias=False).Y[:, 0].round(6)
    array([0.166667, 0.333333])
    """
    p = _Parts.of(H, Y, lam, weights, prior, bias)
    k = p.Y.shape[1]
    g = np.zeros(k) if db is None or not bias else np.asarray(db, np.float64)
    # about the mean as a constant origin, b moves by mean W: the gradient in W moves with it
    G = np.asarray(dW, np.float64).reshape(-1, k) - p.mean_h[:, None] * g[None, :]
    return p.pull(G, g)


def loo_gradient(
    H: Any, Y: Any, lam: float, weights: Any = None, prior: Any = None, bias: bool = True
) -> ReadoutGradient:
    r"""Return the gradient of the leave-one-out loss :math:`\sum_i s_i |q_i|^2`, see `loo_loss`.

    With the symbols of `solve_adjoint`, :math:`g = 2 s q / (1-h)`, :math:`\gamma = 2 s |q|^2 / (1-h)`,
    :math:`G = -X'g`, :math:`B = X A^{-1}`, :math:`D = \mathrm{diag}(\gamma s)`:

    .. math::
        dH &= -g W' + S (E V' - X V W') + 2 D B - 2 S X (B' D B), \quad dY = g + S X V \\
        ds_i &= |q_i|^2 + \langle (XV)_i, E_i \rangle + \gamma_i h_i / s_i - x_i' (B' D B) x_i \\
        d\lambda &= -\langle V, R (W - W_0) \rangle - \textstyle\sum_i \gamma_i s_i |R B_i|^2,
        \qquad dW_0 = \lambda R V

    A new row moves the others' fits, so no envelope theorem helps here. On the host in float64;
    under JAX, ``jax.grad`` of `loo_loss` does the same.

    Parameters
    ----------
    H : array of shape (n, m)
        Features.
    Y : array of shape (n, k) or (n,)
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
    ReadoutGradient
        In float64.

    Raises
    ------
    DataError, InvalidArgument
        As `solve` does.
    """
    p = _Parts.of(H, Y, lam, weights, prior, bias)
    s = p.weights
    B = np.linalg.solve(p.A, p.H.T).T  # (n, m); the bias's column is 1/total
    B_bias = 1 / p.total if bias else 0.0
    leverage = np.sum(B * p.H, axis=1) + B_bias  # h / s
    slack = 1 - s * leverage
    q = p.E / slack[:, None]
    squares = np.sum(q * q, axis=1)
    g = 2 * s[:, None] * q / slack[:, None]
    gamma = 2 * s * squares / slack
    pulled = p.pull(-p.H.T @ g, -g.sum(axis=0) * bias)
    D = (gamma * s)[:, None]
    inner, cross = B.T @ (D * B), B_bias * (D * B).sum(axis=0)  # blocks of B' D B
    corner = B_bias * B_bias * D.sum()
    bent = p.H @ inner + cross[None, :]  # X (B' D B), columns of the features
    whole = np.sum(bent * p.H, axis=1) + p.H @ cross + corner  # x' (B' D B) x
    return ReadoutGradient(
        pulled.H - g @ p.W.T + 2 * D * B - 2 * s[:, None] * bent,
        pulled.Y + g,
        pulled.weights + squares + gamma * leverage - whole,
        pulled.lam - np.sum(D * B * B),
        pulled.prior,
    )


class _Parts(NamedTuple):
    """The solved system about the weighted mean, where features and bias do not meet in ``A``."""

    H: np.ndarray
    Y: np.ndarray
    weights: np.ndarray
    total: np.floating
    mean_h: np.ndarray
    A: np.ndarray
    W: np.ndarray
    prior: np.ndarray
    E: np.ndarray
    lam: float
    bias: bool

    @classmethod
    def of(cls, H: Any, Y: Any, lam: float, weights: Any, prior: Any, bias: bool) -> "_Parts":
        lam = check_lambda("lam", lam)
        rows = check_rows(H, Y, weights, prior, bias)
        c = centred(np.asarray(H, np.float64), rows.Y, rows.weights, bias)
        A = c.H.T @ (c.weights[:, None] * c.H) + lam * np.eye(c.H.shape[1])
        T = c.Y - c.H @ rows.prior
        step = np.linalg.solve(A, c.H.T @ (c.weights[:, None] * T))
        E = T - c.H @ step
        return cls(c.H, c.Y, c.weights, c.total, c.mean_h, A, rows.prior + step, rows.prior, E, lam, bias)

    def pull(self, G: np.ndarray, g: np.ndarray) -> ReadoutGradient:
        """Return the gradient for G in the weights and g in the bias about the mean."""
        s = self.weights[:, None]
        V = np.linalg.solve(self.A, G)
        XV = self.H @ V + (g / self.total)[None, :]
        return ReadoutGradient(
            s * (self.E @ V.T - XV @ self.W.T),
            s * XV,
            np.sum(XV * self.E, axis=1),
            -np.sum(V * (self.W - self.prior)),
            self.lam * V,
        )
