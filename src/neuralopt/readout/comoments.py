"""Centred second moments of features and targets, gathered in any order and any number of pieces."""

from typing import Any, NamedTuple

from neuralopt.core.namespace import namespace
from neuralopt.readout.centring import centred


class CoMoments(NamedTuple):
    """Weight, means and centred second moments of features and targets: all that a ridge needs to know."""

    weight: Any  # (), sum of the rows' weights
    mean_h: Any  # (m,)
    mean_y: Any  # (k,)
    hh: Any  # (m, m), sum of s (h - mean)(h - mean)'
    hy: Any  # (m, k)
    yy: Any  # (k, k)


def comoments(H: Any, Y: Any, weights: Any = None) -> CoMoments:
    r"""Return the co-moments of some rows.

    .. math:: C_{hy} = \sum_i s_i (h_i - \bar h)(y_i - \bar y)'

    The means are taken away first: the textbook's :math:`H'H - n \bar h \bar h'` has lost every digit
    in float32 when the mean is a thousand standard deviations. Pure array-API code for NumPy and JAX.

    Parameters
    ----------
    H : array of shape (n, m)
        Features.
    Y : array of shape (n, k)
        Targets.
    weights : array of shape (n,), >= 0, optional
        Of the rows; ones by default.

    Returns
    -------
    CoMoments
        To be merged with others by `merge`, and solved by `solve_comoments`.

    Examples
    --------
    >>> import numpy as np
    >>> H, Y = np.array([[1.0], [3.0]]), np.array([[0.0], [4.0]])
    >>> float(comoments(H, Y).hy[0, 0])
    4.0
    """
    c = centred(H, Y, weights)
    SH, SY = c.weights[:, None] * c.H, c.weights[:, None] * c.Y
    return CoMoments(c.total, c.mean_h, c.mean_y, c.H.T @ SH, c.H.T @ SY, c.Y.T @ SY)


def merge(a: CoMoments, b: CoMoments) -> CoMoments:
    r"""Return the co-moments of the rows of both.

    .. math:: C = C_a + C_b + \frac{s_a s_b}{s_a + s_b} (\bar h_b - \bar h_a)(\bar y_b - \bar y_a)'

    Parameters
    ----------
    a, b : CoMoments
        Of two sets of rows; either may be of weight zero.

    Returns
    -------
    CoMoments
        The same, up to rounding, whatever the order.

    References
    ----------
    Chan, Golub and LeVeque, 1979, STAN-CS-79-773, equations 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> H, Y = np.arange(4.0)[:, None], np.ones((4, 1))
    >>> both = merge(comoments(H[:1], Y[:1]), comoments(H[1:], Y[1:]))
    >>> float(both.hh[0, 0])
    5.0
    """
    xp = namespace(a.hh, b.hh)
    total = a.weight + b.weight
    share = b.weight / xp.where(total > 0, total, xp.ones_like(total))
    dh, dy = b.mean_h - a.mean_h, b.mean_y - a.mean_y
    both = a.weight * share
    return CoMoments(
        total,
        a.mean_h + share * dh,
        a.mean_y + share * dy,
        a.hh + b.hh + both * dh[:, None] * dh[None, :],
        a.hy + b.hy + both * dh[:, None] * dy[None, :],
        a.yy + b.yy + both * dy[:, None] * dy[None, :],
    )


def forget(moments: CoMoments, factor: Any) -> CoMoments:
    """Return the co-moments with every row's weight multiplied by a factor.

    Parameters
    ----------
    moments : CoMoments
        What is known so far.
    factor : 0 <= float <= 1
        One keeps everything; means stay as they are.

    Returns
    -------
    CoMoments
        Of less weight.
    """
    return moments._replace(
        weight=factor * moments.weight,
        hh=factor * moments.hh,
        hy=factor * moments.hy,
        yy=factor * moments.yy,
    )


def add(moments: CoMoments, H: Any, Y: Any, weights: Any = None, forgetting: Any = 1.0) -> CoMoments:
    """Return the co-moments after one more batch of rows.

    Parameters
    ----------
    moments : CoMoments
        What is known so far.
    H : array of shape (n, m)
        Features of the batch.
    Y : array of shape (n, k)
        Targets of the batch.
    weights : array of shape (n,), >= 0, optional
        Of the rows; ones by default.
    forgetting : 0 <= float <= 1, default 1.0
        Multiplies the weight of all that came before.

    Returns
    -------
    CoMoments
        Old and new together.
    """
    return merge(forget(moments, forgetting), comoments(H, Y, weights))
