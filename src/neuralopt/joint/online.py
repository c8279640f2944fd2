"""Going on after a fit: new rows, old ones fading."""

from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.joint.base import Base
from neuralopt.joint.fitting import FEWEST, Fitting
from neuralopt.joint.outliers import row_weights
from neuralopt.joint.threads import one_thread
from neuralopt.joint.variable_projection import PENALTY
from neuralopt.neighbors import SimilarityLookup
from neuralopt.readout import CoMoments, add, comoments, solve_comoments


class Online(Fitting):
    """What lets `JointOptimizer` go on after a fit; not for use by itself."""

    lookup_: SimilarityLookup | None
    _moments: CoMoments
    _deep_moments: Any  # CoMoments, or None without a deeper network
    _fading: np.ndarray  # (n_real,), what forgetting left of the rows' weights

    @one_thread
    def partial_fit(
        self,
        X_sim: Any = None,
        y_sim: Any = None,
        X_real: Any = None,
        y_real: Any = None,
        *,
        forgetting: float = 1.0,
    ) -> "Online":
        """Take new rows in, features and scales as they are.

        The readout of the simulator is solved from co-moments, real rows join the lookup, and the
        candidates are fitted to all real rows: with ``forgetting=1`` the result is that of one batch.

        Parameters
        ----------
        X_sim, y_sim : array-like, optional
            New simulated rows, in the units of `fit`.
        X_real, y_real : array-like, optional
            New measurements.
        forgetting : float in (0, 1], default 1.0
            Multiplies the weight of all rows before these, of the kinds that are given.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Before `fit`, or for a forgetting outside its range.
        DataError
            For rows that cannot be used.
        """
        if not hasattr(self, "base_"):
            raise InvalidArgument(
                "partial_fit goes on from a fit: scales and features come from there. Call fit first."
            )
        if not 0 < forgetting <= 1:
            raise InvalidArgument(f"forgetting must be in (0, 1], got {forgetting!r}.")
        self.messages_ = []
        X, y = self._pair(X_sim, y_sim, "sim")
        X_r, y_r = self._pair(X_real, y_real, "real")
        kept = self._kept
        if len(X):
            X, Y = self.scale_.apply(X), self._columns(self._scaled(y))
            self._moments = add(self._moments, self.base_.features(X), Y, forgetting=forgetting)
            self.base_ = _solved(self.base_, self._moments)
            if self.deep_ is not None:
                new = self.deep_.features(X)
                self._deep_moments = add(self._deep_moments, new, Y, forgetting=forgetting)
                self.deep_ = _solved(self.deep_, self._deep_moments)
            kept["X_sim"], kept["Y_sim"] = np.vstack([kept["X_sim"], X]), np.vstack([kept["Y_sim"], Y])
        if len(X_r):
            X_r, Y_r = self.scale_.apply(X_r), self._columns(self._scaled(y_r))
            kept["X_real"], kept["Y_real"] = (
                np.vstack([kept["X_real"], X_r]),
                np.vstack([kept["Y_real"], Y_r]),
            )
            self._fading = np.append(forgetting * self._fading, np.ones(len(X_r)))
            if self.lookup_ is not None:
                self.lookup_.add(X_r, Y_r)
            else:
                self._look()
        self._weigh()
        self._select()
        return self

    def _begin_online(self, X: np.ndarray, Y: np.ndarray, X_real: np.ndarray, Y_real: np.ndarray) -> None:
        self._kept = {"X_sim": X, "Y_sim": Y, "X_real": X_real, "Y_real": Y_real}
        self._moments = comoments(self.base_.features(X), Y)
        self._deep_moments = None if self.deep_ is None else comoments(self.deep_.features(X), Y)
        self._fading = np.ones(len(X_real))

    def _weigh(self) -> None:
        """Set the weights of the real rows: robust ones times what forgetting left of them."""
        robust = row_weights(self.base_, self._kept["X_real"], self._kept["Y_real"], self.settings["robust"])
        self.real_weights_ = robust * self._fading

    def _look(self) -> None:
        """Build the lookup over the real rows, where there are enough of them."""
        X, Y, s = self._kept["X_real"], self._kept["Y_real"], self.settings
        self.lookup_ = None
        if len(X) >= FEWEST:
            k = min(s["k_neighbors"], len(X) - 1)
            self.lookup_ = SimilarityLookup(k_neighbors=k, metric=s["metric"]).fit(X, Y)


def _solved(base: Base, moments: CoMoments) -> Base:
    readout = solve_comoments(moments, PENALTY)
    return base.with_readout(readout.weights, readout.bias)
