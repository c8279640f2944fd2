"""One eigendecomposition of the smaller Gram matrix, from which the fits at all lambdas are read."""

from typing import Any, NamedTuple

from neuralopt.core.namespace import namespace
from neuralopt.readout.centring import centred


class Spectrum(NamedTuple):
    """The weighted centred features in their own axes, see `decompose`."""

    values: Any  # (r,), eigenvalues >= 0 of X'X, or of XX' where rows are fewer
    rows: Any  # (n, r), X V; on the dual side the eigenvectors U
    targets: Any  # (r, k), (XV)'T or U'T
    residual: Any  # (n, k), T: weighted centred targets less the prior's share
    of_bias: Any  # (n,), leverage of the bias
    axes: Any  # (m, r), V; on the dual side X'U
    mean_h: Any  # (m,)
    mean_y: Any  # (k,)
    dual: bool  # whether rows are fewer than features


def decompose(H: Any, Y: Any, weights: Any, prior: Any, bias: bool) -> Spectrum:
    r"""Return the spectrum of :math:`X = S^{1/2} H_c` and the targets in its axes.

    On the dual side (rows fewer than features) the constant direction, which the bias takes, is moved
    out of the spectrum and dropped: what is left gives residuals and ``1 - h`` without cancellation at
    small lambda. Array-API code for NumPy and JAX; for gradients take `leave_one_out`, those of
    eigenvectors are ill-conditioned.

    Parameters
    ----------
    H : array of shape (n, m)
    Y : array of shape (n, k)
    weights : array of shape (n,)
    prior : array of shape (m, k)
    bias : bool

    Returns
    -------
    Spectrum
    """
    xp = namespace(H, Y, weights)
    c = centred(H, Y, weights, bias)
    root = xp.sqrt(c.weights)
    X, T = root[:, None] * c.H, root[:, None] * (c.Y - c.H @ prior)
    of_bias = c.weights / c.total if bias else xp.zeros_like(root)
    n, m = X.shape
    dual = n < m
    gram = X @ X.T if dual else X.T @ X
    if dual and bias:
        u = root / xp.sqrt(c.total)
        gram = gram + (2 * xp.linalg.trace(gram) + 1) * u[:, None] * u[None, :]
    values, vectors = xp.linalg.eigh(gram)
    if dual and bias:
        values, vectors = values[:-1], vectors[:, :-1]
    values = xp.maximum(values, xp.zeros_like(values))
    rows, axes = (vectors, X.T @ vectors) if dual else (X @ vectors, vectors)
    return Spectrum(values, rows, rows.T @ T, T, of_bias, axes, c.mean_h, c.mean_y, dual)


def filtered(spectrum: Spectrum, lambdas: Any, squares: Any = None) -> tuple[Any, Any]:
    """Return the weighted residuals and ``1 - h`` of every row at some lambdas.

    Parameters
    ----------
    spectrum : Spectrum
    lambdas : array of shape (L,)
        All > 0.
    squares : array of shape (n, r), optional
        Squares of ``spectrum.rows``, where they are at hand.

    Returns
    -------
    residuals : array of shape (n, k, L)
        ``sqrt(s) e``.
    slack : array of shape (n, L)
    """
    xp = namespace(spectrum.values)
    squares = xp.square(spectrum.rows) if squares is None else squares
    n, k = spectrum.residual.shape
    shrink = 1 / (spectrum.values[:, None] + lambdas[None, :])  # (r, L)
    if spectrum.dual:
        shrink = shrink * lambdas[None, :]
    coefficients = spectrum.targets[:, :, None] * shrink[:, None, :]
    fitted = xp.reshape(spectrum.rows @ xp.reshape(coefficients, (shrink.shape[0], -1)), (n, k, -1))
    hat = squares @ shrink
    if spectrum.dual:  # the eigenvectors span what is left over
        return fitted, hat
    return spectrum.residual[:, :, None] - fitted, 1 - spectrum.of_bias[:, None] - hat
