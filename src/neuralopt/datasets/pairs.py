"""Simulated and real rows of one task whose truth is known."""

from dataclasses import dataclass

import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.scalars import check_count
from neuralopt.datasets.rendered import digit_rows
from neuralopt.datasets.responses import DIALS, NAMES, Response, responses

_DIGITS = "digits"


@dataclass(frozen=True, eq=False)
class Pair:
    """Many simulated rows, few real ones, and real ones to test on.

    Attributes
    ----------
    name : str
        The task.
    X_sim, y_sim : numpy.ndarray, shapes (n_sim, d) and (n_sim,)
        The simulator's rows.
    X_real, y_real : numpy.ndarray, shapes (n_real, d) and (n_real,)
        The measurements.
    X_test, y_test : numpy.ndarray, shapes (n_test, d) and (n_test,)
        Real rows without noise.
    simulator, real : callable or None
        The true functions of rows in the unit cube; the digits have none.
    """

    name: str
    X_sim: np.ndarray
    y_sim: np.ndarray
    X_real: np.ndarray
    y_real: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    simulator: Response | None = None
    real: Response | None = None


def pair_names() -> list[str]:
    """Return the names that `make_pair` knows.

    Returns
    -------
    list of str
        The regressions, then ``"digits"``.

    Examples
    --------
    >>> pair_names()
    ['currin', 'park-a', 'borehole', 'branin-toal', 'paciorek', 'branin-dong', 'digits']
    """
    return [*NAMES, _DIGITS]


def make_pair(
    name: str,
    n_sim: int = 1000,
    n_real: int = 20,
    seed: int = 0,
    noise: float = 0.0,
    *,
    n_test: int = 2000,
    a: float | None = None,
) -> Pair:
    r"""Draw a simulated and a real sample of a task with known truth.

    Inputs :math:`u \in [0, 1]^d` are Latin hypercubes, those to test on uniform; y is the response at u
    scaled to the ranges of the source. ``"digits"`` is classification: digits rendered from fonts as
    simulated rows, scikit-learn's handwritten digits as real ones; those not among the real rows are for
    testing.

    Parameters
    ----------
    name : str
        ``"currin"`` (d = 2), ``"park-a"`` (4), ``"borehole"`` (8), ``"branin-toal"`` (2), ``"paciorek"`` (2),
        ``"branin-dong"`` (2, a nearly useless simulator) or ``"digits"`` (64).
    n_sim, n_real : int
        Rows of each kind, >= 1.
    seed : int, default 0
        The same seed gives the same rows.
    noise : float, default 0
        Standard deviation of the noise on ``y_real``, in units of the real response's standard deviation.
    n_test : int, default 2000
        Rows to test on, >= 1; not looked at for the digits.
    a : float, optional
        The dial of ``"branin-toal"`` (0: the default; -0.5: simulator and reality are identical; 0.75:
        harmful) and ``"paciorek"`` (0.2: the default).

    Returns
    -------
    Pair
        The rows and the true functions.

    Raises
    ------
    InvalidArgument
        For an unknown name, a count below one, negative noise, or a dial where there is none.

    References
    ----------
    S. Surjanovic and D. Bingham, "Virtual library of simulation experiments" (Currin, Park, borehole,
    Branin); D. J. J. Toal, "Some considerations regarding the use of multi-fidelity Kriging in the
    construction of surrogate models", 2015 (Branin and Paciorek with the dial a); H. Dong, B. Song,
    P. Wang and S. Huang, "Multi-fidelity information fusion based on prediction of kriging", 2015
    (``"branin-dong"``).

    Examples
    --------
    >>> pair = make_pair("borehole", n_sim=100, n_real=10)
    >>> pair.X_sim.shape, pair.y_real.shape
    ((100, 8), (10,))
    """
    if name not in pair_names():
        known = pair_names()
        raise InvalidArgument(
            f"There is no pair {name!r}; there are {', '.join(known)}.{did_you_mean(str(name), known)}"
        )
    for count in ("n_sim", "n_real", "n_test"):
        check_count(count, locals()[count])
    if not noise >= 0:
        raise InvalidArgument(f"noise must be a number >= 0, got {noise!r}.")
    if a is not None and name not in DIALS:
        raise InvalidArgument(f"a is a dial of {' and '.join(DIALS)}, and the pair {name!r} has none.")
    random = np.random.default_rng(seed)
    if name == _DIGITS:
        if noise:
            raise InvalidArgument("noise is for regressions, and the pair 'digits' has classes.")
        X_sim, y_sim, X_real, y_real, X_test, y_test = digit_rows(n_sim, n_real, random)
        return Pair(name, X_sim, y_sim, X_real, y_real, X_test, y_test)
    truth = responses(name, DIALS.get(name, 0.0) if a is None else float(a))
    d = len(truth.low)
    X_sim, X_real = _latin_hypercube(n_sim, d, random), _latin_hypercube(n_real, d, random)
    X_test = random.random((n_test, d))
    y_test, error = truth.real(X_test), random.standard_normal(n_real)
    y_real = truth.real(X_real) + noise * np.std(y_test) * error
    return Pair(
        name, X_sim, truth.simulator(X_sim), X_real, y_real, X_test, y_test, truth.simulator, truth.real
    )


def _latin_hypercube(n: int, d: int, random: np.random.Generator) -> np.ndarray:
    """Return n rows of which every column has one value in each of n equal intervals."""
    return (random.permuted(np.tile(np.arange(n), (d, 1)), axis=1).T + random.random((n, d))) / n
