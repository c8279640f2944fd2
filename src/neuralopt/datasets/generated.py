"""Simulated and real rows of any width, related by a truth that is written down."""

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count

_RATIO, _TILT, _SHIFT = 1.2, 0.4, 0.5


def simulated_truth(X: np.ndarray) -> np.ndarray:
    r"""Return the simulator's response.

    .. math:: f_s(x) = \sin(2 a^\top x) + (b^\top x)^2 / 2

    The unit vectors a and b are proportional to :math:`\cos(j)` and :math:`\sin(j)`, j = 1, ..., d.

    Parameters
    ----------
    X : numpy.ndarray, shape (n, d)
        Rows.

    Returns
    -------
    numpy.ndarray, shape (n,)
        The response.

    Examples
    --------
    >>> simulated_truth(np.zeros((2, 3)))
    array([0., 0.])
    """
    along_a, along_b = _projections(X)
    return np.sin(2 * along_a) + along_b**2 / 2


def real_truth(X: np.ndarray) -> np.ndarray:
    r"""Return the real response: another scale, a tilt and a shift that the simulator does not have.

    .. math:: f_r(x) = 1.2 f_s(x) + 0.4 b^\top x + 0.5

    Parameters
    ----------
    X : numpy.ndarray, shape (n, d)
        Rows.

    Returns
    -------
    numpy.ndarray, shape (n,)
        The response.

    Examples
    --------
    >>> real_truth(np.zeros((2, 3)))
    array([0.5, 0.5])
    """
    return _RATIO * simulated_truth(X) + _TILT * _projections(X)[1] + _SHIFT


def generate_simulated_data(
    n_samples: int, n_features: int, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of a simulator without noise: standard normal inputs and `simulated_truth`.

    Parameters
    ----------
    n_samples, n_features : int
        Rows and columns, >= 1.
    seed : int, default 0
        The same seed gives the same rows.

    Returns
    -------
    X : numpy.ndarray, shape (n_samples, n_features)
        Inputs.
    y : numpy.ndarray, shape (n_samples,)
        Responses.

    Examples
    --------
    >>> X, y = generate_simulated_data(n_samples=100, n_features=10)
    >>> X.shape, y.shape
    ((100, 10), (100,))
    """
    X = _normal(n_samples, n_features, np.random.default_rng([seed, 0]))
    return X, simulated_truth(X)


def generate_real_data(
    n_samples: int, n_features: int, *, seed: int = 0, noise: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """Return measurements: inputs of mean 0.2 and standard deviation 0.9, `real_truth` and noise.

    Parameters
    ----------
    n_samples, n_features : int
        Rows and columns, >= 1.
    seed : int, default 0
        The same seed gives the same rows, other ones than those of `generate_simulated_data`.
    noise : float, default 0.05
        Standard deviation of the noise, >= 0.

    Returns
    -------
    X : numpy.ndarray, shape (n_samples, n_features)
        Inputs.
    y : numpy.ndarray, shape (n_samples,)
        Responses.

    Examples
    --------
    >>> X, y = generate_real_data(n_samples=50, n_features=10, noise=0.0)
    >>> bool((y == real_truth(X)).all())
    True
    """
    if not noise >= 0:
        raise InvalidArgument(f"noise must be a number >= 0, got {noise!r}.")
    random = np.random.default_rng([seed, 1])
    X = 0.2 + 0.9 * _normal(n_samples, n_features, random)
    return X, real_truth(X) + noise * random.standard_normal(n_samples)


def _normal(n_samples: int, n_features: int, random: np.random.Generator) -> np.ndarray:
    shape = check_count("n_samples", n_samples), check_count("n_features", n_features)
    return random.standard_normal(shape)


def _projections(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    j = np.arange(1, X.shape[1] + 1)
    a, b = np.cos(j), np.sin(j)
    return X @ (a / np.linalg.norm(a)), X @ (b / np.linalg.norm(b))
