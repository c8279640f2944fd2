"""Weighted centring: what makes a bias free of the penalty."""

from typing import Any, NamedTuple

from neuralopt.core.namespace import namespace


class Centred(NamedTuple):
    """Features and targets about their weighted means."""

    H: Any  # (n, m)
    Y: Any  # (n, k)
    weights: Any  # (n,)
    total: Any  # (), sum of the weights
    mean_h: Any  # (m,)
    mean_y: Any  # (k,)


def centred(H: Any, Y: Any, weights: Any = None, bias: bool = True) -> Centred:
    r"""Return features and targets about their weighted means.

    A ridge whose bias is not penalised is a ridge without bias on centred data:

    .. math:: W = \arg\min \sum_i s_i |y_i - \bar y - (h_i - \bar h) W|^2 + \lambda |W - W_0|^2,
        \qquad b = \bar y - \bar h W

    Pure array-API code, differentiable under JAX.

    Parameters
    ----------
    H : array of shape (n, m)
    Y : array of shape (n, k)
    weights : array of shape (n,), optional
        Of the rows; ones by default.
    bias : bool, default True
        Without one nothing is subtracted and the means are zeros.

    Returns
    -------
    Centred
    """
    xp = namespace(H, Y, weights)
    s = xp.ones(H.shape[0], dtype=H.dtype) if weights is None else weights
    total = xp.sum(s)
    if not bias:
        zeros_h, zeros_y = (xp.zeros(a.shape[1], dtype=a.dtype) for a in (H, Y))
        return Centred(H, Y, s, total, zeros_h, zeros_y)
    share = s / xp.where(total > 0, total, xp.ones_like(total))
    (H, mean_h), (Y, mean_y) = _about_mean(H, share), _about_mean(Y, share)
    return Centred(H, Y, s, total, mean_h, mean_y)


def _about_mean(A: Any, share: Any) -> tuple[Any, Any]:
    """Return A less its mean, and the mean; twice, for the first mean is rounded at the size of A."""
    first = share @ A
    A = A - first[None, :]
    rest = share @ A
    return A - rest[None, :], first + rest
