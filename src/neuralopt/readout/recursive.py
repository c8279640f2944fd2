"""Recursive least squares with forgetting and a free bias, one row at a time."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.namespace import namespace
from neuralopt.core.scalars import check_count
from neuralopt.readout.checks import check_lambda

_WIDEST = 1e12  # how many times wider than at the start the estimate's covariance may become


class RecursiveState(NamedTuple):
    """What recursive least squares remembers."""

    weight: Any  # (), sum of the faded weights of the rows
    mean_h: Any  # (m,)
    mean_y: Any  # (k,)
    weights: Any  # (m, k), the readout W
    root: Any  # (m, m), U with UU' = (H_c' S H_c + lam I)^-1
    widest: Any  # (), the largest trace of UU' that forgetting may lead to

    @property
    def bias(self) -> Any:
        """The readout's bias, of shape (k,)."""
        return self.mean_y - self.mean_h @ self.weights

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


def start_recursive(
    features: int, outputs: int, lam: float, prior: Any = None, dtype: Any = np.float64
) -> RecursiveState:
    """Return the state before the first row, in NumPy.

    Parameters
    ----------
    features, outputs : int >= 1
        Widths m and k.
    lam : float > 0
        Penalty on ``W - prior``; it fades with the rows when there is forgetting.
    prior : array of shape (m, k), optional
        Where W begins; zeros by default.
    dtype : dtype, default float64
        Of the state.

    Returns
    -------
    RecursiveState
        Without any row: predicts zero.

    Raises
    ------
    InvalidArgument
        For a lam that is not positive, or a prior of another shape.
    """
    m, k = check_count("features", features), check_count("outputs", outputs)
    if check_lambda("lam", lam) == 0:
        raise InvalidArgument("lam must be > 0: before the first row nothing else holds the readout.")
    W = np.zeros((m, k)) if prior is None else np.asarray(prior)
    if W.shape != (m, k):
        raise InvalidArgument(f"prior must have the readout's shape {(m, k)}, got {W.shape}.")
    root = np.eye(m, dtype=dtype) / dtype(lam) ** 0.5
    zero = np.zeros((), dtype)
    return RecursiveState(
        zero, np.zeros(m, dtype), np.zeros(k, dtype), W.astype(dtype), root, zero + _WIDEST * m / lam
    )


def update_recursive(
    state: RecursiveState, h: Any, y: Any, weight: Any = 1.0, forgetting: Any = 1.0
) -> RecursiveState:
    r"""Return the state after one more row.

    .. math::
        \delta &= h - \bar h_{t-1}, \quad \epsilon = y - \bar y_{t-1}, \quad
        c = \frac{f s_{t-1}\, s}{f s_{t-1} + s}, \quad P = U U' / f \\
        W_t &= W_{t-1} + \frac{c P \delta}{1 + c\, \delta' P \delta} (\epsilon - \delta' W_{t-1}), \quad
        U_t = U - \frac{c}{a + \sqrt{a}} (U \phi) \phi', \quad \phi = U'\delta, \; a = 1 + c \phi'\phi

    Working about the running means makes the bias free from the first row on; Potter's square-root
    form keeps P positive definite for any number of steps. After t rows the readout is that of `solve`
    with the weights :math:`s_i f^{t-i}` and the penalty :math:`\lambda f^t`. Pure array-API code, to
    be scanned under JAX.

    Parameters
    ----------
    state : RecursiveState
        Before the row.
    h : array of shape (m,)
        Features of the row.
    y : array of shape (k,)
        Targets of the row.
    weight : float >= 0, default 1.0
        Of the row.
    forgetting : 0 < float <= 1, default 1.0
        Multiplies the weight of all earlier rows. In directions that no row moves, P would grow
        without bound; forgetting of P pauses while its trace is 1e12 times that of the start.

    Returns
    -------
    RecursiveState
        After the row.

    References
    ----------
    Potter, 1963, in Battin, Astronautical Guidance; Bierman, 1977, Factorization Methods, section II.3.

    Examples
    --------
    >>> import numpy as np
    >>> state = start_recursive(1, 1, lam=1e-9)
    >>> for x in (0.0, 1.0, 2.0): state = update_recursive(state, np.array([x]), np.array([3 * x + 1]))
    >>> state.weights.round(6), state.bias.round(6)
    (array([[3.]]), array([1.]))
    """
    xp = namespace(state.root, h, y)
    kept = forgetting * state.weight
    total = kept + weight
    share = weight / xp.where(total > 0, total, xp.ones_like(total))
    c = kept * share
    trace = xp.sum(xp.square(state.root))
    f = xp.where(trace < forgetting * state.widest, forgetting, xp.ones_like(trace))
    U = state.root / xp.sqrt(f)
    delta, epsilon = h - state.mean_h, y - state.mean_y
    phi = U.T @ delta
    Uphi = U @ phi
    a = 1 + c * xp.sum(phi * phi)
    gain = c / a * Uphi
    W = state.weights + gain[:, None] * (epsilon - delta @ state.weights)[None, :]
    return RecursiveState(
        total,
        state.mean_h + share * delta,
        state.mean_y + share * epsilon,
        W,
        U - (c / (a + xp.sqrt(a))) * Uphi[:, None] * phi[None, :],
        state.widest,
    )
