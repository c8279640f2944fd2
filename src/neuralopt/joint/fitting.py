"""The steps of a joint fit: rows, scales, choice, words."""

import warnings
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.joint.alignment import real_head, spread_of
from neuralopt.joint.base import Base
from neuralopt.joint.candidates import Selection, Table, fit_candidates
from neuralopt.joint.checks import check_inputs, check_labels, check_targets, in_order
from neuralopt.joint.classes import one_hot
from neuralopt.joint.final import Final, sharpness_of
from neuralopt.joint.scaling import Scale, joint_scale
from neuralopt.joint.shift import ShiftReport
from neuralopt.storage import Replay

FEWEST = 3  # real rows that can be left out one by one


class Fitting:
    """What `JointOptimizer` does inside; not for use by itself."""

    settings: dict[str, Any]
    base_: Base
    deep_: Base | None
    final_: Final
    selection_: Selection | None
    shift_: ShiftReport | None
    scale_: Scale
    target_scale_: Scale
    classes_: np.ndarray
    columns_: list[str] | None = None
    messages_: list[str]
    settled_: bool
    converged_: bool
    alignment_error_: float
    train_error_: float
    real_spread_: float
    real_weights_: np.ndarray
    _one_column: bool
    _kept: dict[str, np.ndarray]  # scaled rows: X_sim, Y_sim, X_real, Y_real

    @property
    def candidates_(self) -> Table | None:
        """The candidates with their leave-one-out errors."""
        self._fitted()
        return None if self.selection_ is None else self.selection_.table

    def _fitted(self) -> None:
        if not hasattr(self, "base_"):
            raise InvalidArgument(
                "This JointOptimizer is not fitted yet. Call fit(X_sim, y_sim, X_real, y_real)."
            )

    def _say(self, message: str, warn: bool = True) -> None:
        self.messages_.append(message)
        if warn:
            warnings.warn(message, UserWarning, stacklevel=5)  # the caller of fit

    def rows_in_scale(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return real rows in the scaled units of the network."""
        self._fitted()
        X, y = self._pair(X, y, "real")
        return self.scale_.apply(X), self._columns(self._scaled(y))

    def _pair(self, X: Any, y: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return checked inputs and targets; none at all are rows of none."""
        width = self.settings["input_dim"]
        if (X is None) != (y is None):
            raise DataError(f"X_{name} and y_{name} belong together; one of them was not given.")
        if X is None or (np.ndim(X) < 2 and not np.size(X)):
            X, y = np.zeros((0, width)), np.zeros(0)
        X = check_inputs(in_order(X, self.columns_, f"X_{name}"), f"X_{name}", width)
        if self.settings["task"] == "classification":
            return X, check_labels(y, f"y_{name}", len(X))
        if not len(X):
            return X, np.zeros((0, self.settings["output_dim"]))
        return X, check_targets(y, f"y_{name}", len(X), self.settings["output_dim"])

    def _set_targets(self, y: np.ndarray, y_real: np.ndarray) -> None:
        """Learn the targets' scale, or the classes."""
        if self.settings["task"] == "regression":
            self.target_scale_ = joint_scale(y, y_real)
            return
        labels = np.concatenate([y, y_real]) if len(y_real) else y
        self.classes_, count = np.unique(labels), self.settings["output_dim"]
        if len(self.classes_) != count:
            raise DataError(
                f"output_dim is {count}, but the labels of simulated and real rows are of "
                f"{len(self.classes_)} classes. Set output_dim={len(self.classes_)}."
            )

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        """Return scaled targets, or class indices."""
        if self.settings["task"] == "regression":
            return self.target_scale_.apply(y)
        if not len(y):
            return np.zeros(0, np.int64)
        unknown = ~np.isin(y, self.classes_)
        if unknown.any():
            raise DataError(f"The label {y[np.argmax(unknown)]!r} was not among those of fit.")
        return np.searchsorted(self.classes_, y)

    def _columns(self, y: np.ndarray) -> np.ndarray:
        """Return scaled targets as columns: of classes, ones and zeros."""
        regression = self.settings["task"] == "regression"
        return y if regression else one_hot(y, self.settings["output_dim"])

    def _check_scale(self) -> None:
        """Warn of columns whose real rows look as if they were in other units."""
        if self.shift_ is not None and self.shift_.other_scale().any():
            self._say(
                f"Real and simulated inputs look as if they were on different scales; {self.shift_.worst()}. "
                "Likely cause: other units. Convert them."
            )

    def _select(self, replay: Replay | None = None) -> None:
        """Choose the final model on the real rows, and put what is known in words."""
        rows, s = self._kept, self.settings
        X, Y, X_real, Y_real = (rows[name] for name in ("X_sim", "Y_sim", "X_real", "Y_real"))
        self.selection_, sharpness, self.real_spread_ = None, 6.0, spread_of(Y_real) if len(Y_real) else 1.0
        self.alignment_error_, self.train_error_ = float("nan"), float("nan")
        if len(X_real) < FEWEST:
            count = "is 1 real row" if len(X_real) == 1 else f"are {len(X_real) or 'no'} real rows"
            self._say(
                f"There {count}: too few to leave one out, so nothing was fitted to them and the simulator's "
                "network is the model. Measure at least three."
            )
        else:
            self.selection_ = fit_candidates(
                self.base_,
                X,
                Y,
                X_real,
                Y_real,
                final=s["final"],
                weights=self.real_weights_,
                seed=s["seed"],
                outliers=s["robust"] == "auto" and s["task"] == "regression",
                classes=s["task"] == "classification",
                deep=self.deep_,
                replay=replay,
            )
            out = np.flatnonzero((self.real_weights_ > 0) & (self.selection_.weights == 0))
            if len(out):
                what = "is an outlier and has" if len(out) == 1 else "are outliers and have"
                first = ", ".join(map(str, out[:5]))
                # the summary says it as well, and is what stays
                text = f"{len(out)} of {len(X_real)} real rows {what} no weight: {first} (counted from 0)."
                warnings.warn(text, UserWarning, stacklevel=4)
            self.real_weights_ = self.selection_.weights
            share = self.real_weights_ / self.real_weights_.sum()
            squares = np.mean(self.selection_.loo_residuals**2, axis=1)
            self.real_spread_ = spread_of(Y_real, self.real_weights_)
            self.alignment_error_ = float(np.sqrt(share @ squares)) / self.real_spread_
            off = self.selection_.predict(X_real) - Y_real
            self.train_error_ = float(np.sqrt(share @ np.mean(off**2, axis=1))) / self.real_spread_
            self.messages_ += list(self.selection_.summary)
            head = real_head(self.base_, X_real, Y_real, s["reg_lambda"], self.real_weights_)
            if head.edge and "prior ridge" in self.selection_.table.made_of:
                self._say(f"Ridge on the real rows: {head.edge}", warn=False)
            if s["task"] == "classification":
                scores = Y_real - self.selection_.loo_residuals
                sharpness = sharpness_of(scores, np.argmax(Y_real, axis=1))
        self.final_ = Final(self.base_, self.selection_, sharpness)
        learned = self.selection_ is None or self.alignment_error_ < 1
        self.converged_ = bool(self.settled_ and learned)

    def _scores(self, X: Any, candidate: str | None = None) -> np.ndarray:
        self._fitted()
        X = in_order(X, getattr(self, "columns_", None), "X")
        X = self.scale_.apply(check_inputs(X, "X", self.settings["input_dim"]))
        if candidate is None:
            return self.final_.predict(X)
        if self.selection_ is None:
            raise InvalidArgument("There are no candidates: fewer than three real rows were given.")
        return self.selection_.predict_by(candidate, X)
