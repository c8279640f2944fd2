"""Leave-one-out and generalised cross-validation errors for all lambdas at once."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.namespace import namespace
from neuralopt.readout.checks import Rows, check_rows, check_two
from neuralopt.readout.spectrum import Spectrum, decompose, filtered

_BLOCK = 1 << 21  # numbers in a temporary: 16 MB in float64


class Path(NamedTuple):
    """Errors of a readout at every lambda, in mean squares over the rows' weight."""

    lambdas: Any  # (L,), ascending
    loo: Any  # (L,), leave-one-out
    gcv: Any  # (L,), generalised cross-validation
    dof: Any  # (L,), effective degrees of freedom, the bias counted
    spectrum: Spectrum
    rows: Rows


def ridge_path(
    H: Any, Y: Any, lambdas: Any = None, weights: Any = None, prior: Any = None, bias: bool = True
) -> Path:
    r"""Return the errors at all lambdas from one eigendecomposition.

    With :math:`S^{1/2} H_c = U D^{1/2} V'` and T the weighted centred targets less those of the prior:

    .. math::
        e(\lambda) &= T - U \frac{D}{D + \lambda} U'T, \quad
        h_i(\lambda) = \frac{s_i}{\sum_j s_j} + \sum_r U_{ir}^2 \frac{d_r}{d_r + \lambda} \\
        \mathrm{LOO} &= \frac{\sum_i |e_i/(1-h_i)|^2}{\sum_i s_i}, \quad
        \mathrm{GCV} = \frac{\sum_i |e_i|^2}{\sum_i s_i} \Big/ \left(1 - \frac{\mathrm{dof}}{n}\right)^2

    The leave-one-out errors are exact with weights, prior and free bias. In float64, on the host.

    Parameters
    ----------
    H : array of shape (n, m)
        Features.
    Y : array of shape (n, k) or (n,)
        Targets; all outputs share a lambda.
    lambdas : sequence of float > 0, optional
        Penalties to look at; `default_lambdas` of the features when not given.
    weights : array of shape (n,), >= 0, optional
        Of the rows; ones by default. Their scale matters beside lambda.
    prior : array of shape (m, k), optional
        Where the readout is pulled to; zeros by default.
    bias : bool, default True
        A bias that is not penalised.

    Returns
    -------
    Path
        To be given to `choose`.

    Raises
    ------
    DataError
        For data that cannot be used, or fewer than two rows of positive weight.
    InvalidArgument
        For lambdas that are not positive, weights or a prior that break their law.

    References
    ----------
    Golub, Heath and Wahba, 1979, Technometrics 21(2); Rifkin and Lippert, 2007, MIT-CSAIL-TR-2007-025.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.readout import choose
    >>> H = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> found = ridge_path(H, H + [[0.1], [-0.1], [0.1], [-0.1]], [0.01, 0.1, 1.0, 10.0])
    >>> choose(found, "loo").reg_lambda
    0.1
    """
    rows = check_rows(H, Y, weights, prior, bias)
    check_two(rows.weights)
    spectrum = decompose(*rows[:4], bias)
    grid = default_lambdas(spectrum.values) if lambdas is None else _check_lambdas(lambdas)
    loo, gcv, dof = path_errors(spectrum, grid, rows.weights)
    return Path(grid, loo, gcv, dof, spectrum, rows)


def path_errors(spectrum: Spectrum, lambdas: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Return leave-one-out errors, GCV errors and degrees of freedom; array-API code.

    Parameters
    ----------
    spectrum : Spectrum
        See `decompose`.
    lambdas : array of shape (L,)
        All > 0.
    weights : array of shape (n,)
        Of the rows.

    Returns
    -------
    tuple of three arrays of shape (L,)
        The largest temporary is rows x outputs x a block of the lambdas.
    """
    xp = namespace(spectrum.values)
    block = max(1, _BLOCK // spectrum.residual.size)
    squares = xp.square(spectrum.rows)
    left_out, plain = [], []
    for begin in range(0, lambdas.shape[0], block):
        residuals, slack = filtered(spectrum, lambdas[begin : begin + block], squares)
        per_row = xp.sum(xp.square(residuals), axis=1)
        plain.append(xp.sum(per_row, axis=0))
        left_out.append(xp.sum(per_row / xp.square(slack), axis=0))
    values, total = spectrum.values[:, None], xp.sum(weights)
    dof = xp.sum(values / (values + lambdas[None, :]), axis=0) + xp.sum(spectrum.of_bias)
    counted = xp.sum(xp.astype(weights > 0, weights.dtype))
    return xp.concat(left_out) / total, xp.concat(plain) / total / xp.square(1 - dof / counted), dof


def default_lambdas(values: Any, count: int = 40) -> Any:
    """Return a grid from the spectrum: from 1e-10 to 1e3 of the largest eigenvalue.

    The lower end is where float64 still tells directions apart, the upper end where nothing but the
    prior is left.

    Parameters
    ----------
    values : array of shape (r,)
        Eigenvalues of the Gram matrix.
    count : int, default 40
        Of lambdas, three to a decade.

    Returns
    -------
    array of shape (count,)
        Ascending.
    """
    xp = namespace(values)
    top = xp.max(values)
    return xp.where(top > 0, top, xp.ones_like(top)) * 10.0 ** xp.linspace(-10, 3, count, dtype=values.dtype)


def _check_lambdas(lambdas: Any) -> np.ndarray:
    grid = np.atleast_1d(np.asarray(lambdas, dtype=np.float64))
    if grid.ndim != 1 or not grid.size or not np.all((grid > 0) & (grid < np.inf)):
        raise InvalidArgument(f"lambdas must be positive finite numbers, got {lambdas!r}.")
    return np.sort(grid)
