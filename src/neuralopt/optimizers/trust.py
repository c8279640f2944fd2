"""Layer-wise trust: the length of a step measured by the length of its parameter."""

from typing import Any

from neuralopt.core.namespace import namespace


def norm(array: Any) -> Any:
    """Return the Euclidean norm of one array as a scalar of its dtype."""
    xp = namespace(array)
    return xp.sqrt(xp.sum(array * array))


def trust_ratio(above: Any, below: Any, w_norm: Any, g_norm: Any) -> Any:
    """Return ``above / below`` where both norms are above 0, else 1.

    Parameters
    ----------
    above, below : scalar array
        What is divided.
    w_norm, g_norm : scalar array
        Norms of the parameter and of what moves it; without one of them there is nothing to compare.

    Returns
    -------
    scalar array
        The ratio.

    Examples
    --------
    >>> import numpy as np
    >>> [float(trust_ratio(*map(np.asarray, four))) for four in ((3.0, 2.0, 1.0, 1.0), (3.0, 0.0, 1.0, 0.0))]
    [1.5, 1.0]
    """
    xp = namespace(w_norm, g_norm)
    one = xp.ones_like(w_norm)
    both = (w_norm > 0) & (g_norm > 0)
    return xp.where(both, above / xp.where(both, below, one), one)
