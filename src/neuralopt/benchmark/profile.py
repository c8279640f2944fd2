"""Performance profiles: on what share of problems a method is within a factor of the fastest."""

from collections.abc import Mapping

import numpy as np

LARGEST = 4.0
"""The factor up to which profiles are drawn and integrated."""


def performance_profiles(
    costs: Mapping[str, np.ndarray], largest: float = LARGEST
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, float]]:
    r"""Return performance profiles and their integrals.

    With cost :math:`c_{pm}` of method m on problem p, infinite where the target was not met,

    .. math:: \rho_m(\tau) = \tfrac{1}{P} |\{p : c_{pm} \le \tau \min_m c_{pm}\}|,
              \quad B_m = \tfrac{1}{\tau_{max} - 1} \int_1^{\tau_{max}} \rho_m(\tau) d\tau.

    A problem that no method solves counts against all.

    Parameters
    ----------
    costs : mapping of str to float array of shape (P,)
        Cost of every problem; infinity where it was not solved.
    largest : float > 1, default 4
        :math:`\tau_{max}`.

    Returns
    -------
    factors : float array of shape (T,)
        Where the profiles step, from 1 to ``largest``.
    profiles : dict of str to float array of shape (T,)
    scores : dict of str to float
        The integrals, between 0 and 1.

    References
    ----------
    Dolan and Moré, 2002, equation 2.1. Dahl et al., 2023, "Benchmarking neural network training
    algorithms" (arXiv:2306.07179), section 4.4.

    Examples
    --------
    >>> factors, profiles, scores = performance_profiles(
    ...     {"a": np.array([1.0, 4.0]), "b": np.array([2.0, 2.0])}
    ... )
    >>> float(profiles["a"][0]), round(scores["a"], 3)
    (0.5, 0.833)
    """
    names = list(costs)
    table = np.array([costs[name] for name in names], dtype=np.float64)
    fastest = table.min(axis=0)
    with np.errstate(invalid="ignore"):
        ratios = np.where(np.isfinite(table), table / fastest, np.inf)
    steps = ratios[(ratios > 1) & (ratios < largest)]
    factors = np.unique(np.concatenate([[1.0], steps, [largest]]))
    rho = (ratios[:, None, :] <= factors[None, :, None]).mean(axis=2)
    areas = (rho[:, :-1] * np.diff(factors)).sum(axis=1) / (largest - 1)
    return factors, dict(zip(names, rho, strict=True)), dict(zip(names, map(float, areas), strict=True))
