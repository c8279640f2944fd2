"""Which hyperparameters mattered: a random forest of the values, and what shuffling a column costs it."""

import math
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.tuning.space import Space
from neuralopt.tuning.trials import TrialRecord, TrialState
from neuralopt.tuning.warping import warped

_TREES, _REPEATS, _FEWEST = 100, 10, 6
_ABSENT = -1.0


def importance(
    space: Space, trials: list[TrialRecord], signs: tuple[int, ...], *, objective: int = 0, seed: int = 0
) -> dict[str, float]:
    """Return the share of each hyperparameter in what made values differ.

    A random forest is fitted to the warped values of the trials, of pruned ones to what they had reached;
    the importance of a column is by
    how much its mean squared error grows when the column is shuffled, as a share of all. It tells what
    mattered among the trials that were made, and a search makes few where it expects nothing.

    Parameters
    ----------
    space : Space
        Of the study.
    trials : list of TrialRecord
        At least six with a finite value.
    signs : tuple of int
        1 or -1 for each objective.
    objective : int, default 0
        Which one.
    seed : int, default 0
        Of the forest.

    Returns
    -------
    dict of str to float
        By falling importance; the sum is 1, or all are 0 where nothing differed.

    Raises
    ------
    InvalidArgument
        With fewer.

    References
    ----------
    Breiman, 2001, Random Forests; compare Hutter et al., 2014 (functional ANOVA), which splits variance
    over the whole space.
    """
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    used = [t for t in trials if t.state in ended and t.values and math.isfinite(t.values[objective])]
    if len(used) < _FEWEST:
        raise InvalidArgument(
            f"importance needs at least {_FEWEST} trials with a finite value, got {len(used)}. "
            "Make more trials."
        )
    X = np.nan_to_num(np.array([space.units(t.params) for t in used]), nan=_ABSENT)
    y = warped(np.array([signs[objective] * t.values[objective] for t in used if t.values]))
    forest = RandomForestRegressor(_TREES, random_state=seed, min_samples_leaf=2).fit(X, y)
    found: Any = permutation_importance(forest, X, y, n_repeats=_REPEATS, random_state=seed)
    gains = np.maximum(found.importances_mean, 0)
    shares = gains / gains.sum() if gains.sum() > 0 else gains
    order = np.argsort(-shares, kind="stable")
    return {space.names[k]: float(shares[k]) for k in order}
