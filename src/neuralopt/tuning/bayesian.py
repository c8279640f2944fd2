"""Bayesian search: a quasi-random start, then expected improvement of a Gaussian process."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from neuralopt.core.scalars import check_count
from neuralopt.tuning.acquisition import best_place
from neuralopt.tuning.dimensions import Categorical
from neuralopt.tuning.gaussian_process import GaussianProcess
from neuralopt.tuning.samplers import Observation, Sampler, generator, sobol_point
from neuralopt.tuning.space import Space
from neuralopt.tuning.warping import warped

_MOST = 240  # points of a process; beyond, the best and the latest are kept
_ABSENT = -1.0  # the place of a hyperparameter that is not there
_RHO = 0.05  # of the augmented Chebyshev scalarisation


class BayesianSampler(Sampler):
    """Quasi-random configurations first, then the one of the largest expected improvement.

    A Gaussian process is fitted to the values so far, made robust by `warped`; failed trials count as
    bad as the worst, pruned ones with their last report but no better than the median. Configurations that
    are being evaluated are taken at their posterior mean, so that a batch spreads out. With several
    objectives, every trial draws weights of its own and improves on the augmented Chebyshev scalarisation.

    Parameters
    ----------
    startup : int >= 1, optional
        Quasi-random trials; by default as many as hyperparameters, at least five, at most ten.

    References
    ----------
    Jones, Schonlau and Welch, 1998; Snoek et al., 2012, arXiv:1206.2944; Knowles, 2006 (ParEGO).

    Examples
    --------
    >>> space = Space({"x": ("uniform", -1, 1)})
    >>> known = [Observation(k, {"x": x}, (x * x,)) for k, x in enumerate((-0.9, -0.4, 0.5, 0.7, 0.95))]
    >>> x = BayesianSampler().propose(space, 0, 5, known, [])["x"]
    >>> -0.4 < x < 0.5
    True
    """

    name: ClassVar[str] = "bayesian"

    def __init__(self, startup: int | None = None) -> None:
        self._startup = None if startup is None else check_count("startup", startup)
        self._fitted: tuple[Any, Any] | None = None

    def propose(
        self,
        space: Space,
        seed: int,
        number: int,
        known: Sequence[Observation],
        pending: Sequence[dict[str, Any]],
    ) -> dict[str, Any]:
        """See `Sampler.propose`."""
        startup = self._startup or min(10, max(5, len(space)))
        finite = sum(np.isfinite(o.losses).all() for o in known)
        # a start of nothing but failures says nothing: go on looking everywhere
        if number < startup or finite < min(startup, 3):
            return space.params(sobol_point(len(space), seed, number))
        with threadpool_limits(1, "blas"):  # one thread: faster for these sizes, and the same bits everywhere
            return space.params(self._best(space, seed, number, known, pending))

    def _best(
        self,
        space: Space,
        seed: int,
        number: int,
        known: Sequence[Observation],
        pending: Sequence[dict[str, Any]],
    ) -> np.ndarray:
        random = generator(seed, number)
        values = scalarised(known, random)
        rows = _kept(values)
        process = self._process(space, [known[k] for k in rows], values[rows])
        units = np.array([space.units(known[k].params) for k in rows])
        seen = _drawn(units, random)[np.argsort(values[rows], kind="stable")[:5]]
        places = _places(space, units)
        for params in pending:
            place = _places(space, space.units(params)[None])
            process = process.with_point(place[0], float(process.predict(place)[0][0]))
            places = np.vstack([places, place])
        # what is expected of those under way has to be improved on as well
        best = float(process.predict(places)[0].min())
        full = space.size is not None
        done = {space.key(p) for p in (*(o.params for o in known), *pending)} if full else set()

        def snap(at: np.ndarray) -> np.ndarray:
            return np.nan_to_num(space.snapped(at), nan=_ABSENT)

        def taken(at: np.ndarray) -> np.ndarray:
            if not done:
                return np.zeros(len(at), bool)
            return np.array([space.key(space.params(_inside(place))) in done for place in at])

        return best_place(process, best, seen, random, snap, taken)

    def _process(self, space: Space, known: Sequence[Observation], values: np.ndarray) -> GaussianProcess:
        """Return the process of values; that of the same values is kept for the rest of a batch."""
        key = (space.names, tuple(o.number for o in known), values.tobytes())
        if self._fitted is None or self._fitted[0] != key:
            nominal = np.array([isinstance(d, Categorical) for d in space.dimensions.values()])
            places = _places(space, np.array([space.units(o.params) for o in known]))
            self._fitted = key, GaussianProcess(places, warped(values), nominal)
        return self._fitted[1]


def _places(space: Space, units: np.ndarray) -> np.ndarray:
    return np.nan_to_num(units, nan=_ABSENT)


def _inside(place: np.ndarray) -> np.ndarray:
    """Return a place with numbers in the cube for what is absent, which is not looked at."""
    return np.where(place == _ABSENT, 0.5, place)


def _drawn(units: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return places with numbers for what is absent: it may be there in a neighbour."""
    return np.where(np.isnan(units), random.random(units.shape), units)


def _kept(values: np.ndarray) -> np.ndarray:
    """Return which trials a process is made of: all, or the better half and the latest."""
    if len(values) <= _MOST:
        return np.arange(len(values))
    best = np.argsort(values, kind="stable")[: _MOST // 2]
    latest = np.setdiff1d(np.arange(len(values)), best)[-(_MOST - len(best)) :]
    return np.sort(np.concatenate([best, latest]))


def scalarised(known: Sequence[Observation], random: np.random.Generator) -> np.ndarray:
    """Return one number for each trial: its loss, or the augmented Chebyshev scalarisation of several."""
    losses = np.array([o.losses for o in known], float)
    losses[~np.isfinite(losses).all(axis=1)] = np.inf
    values = losses[:, 0]
    if losses.shape[1] > 1:
        weights = random.dirichlet(np.ones(losses.shape[1]))
        sound = np.isfinite(values)
        low, high = losses[sound].min(axis=0), losses[sound].max(axis=0)
        scaled = weights * (losses - low) / np.where(high > low, high - low, 1.0)
        values = scaled.max(axis=1) + _RHO * scaled.sum(axis=1)
    pruned = np.array([o.pruned for o in known])
    whole = values[~pruned & np.isfinite(values)]
    if pruned.any() and len(whole):
        values = np.where(pruned, np.maximum(values, np.median(whole)), values)
    return values
