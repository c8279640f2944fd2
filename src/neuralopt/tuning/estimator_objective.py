"""An estimator as an objective: fitted on a part of the rows, scored on the rest."""

import inspect
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean
from neuralopt.engine.identity import data_digest, describe
from neuralopt.tuning.evaluation import Trial
from neuralopt.tuning.space import Space

_HELD_OUT = 0.25


class EstimatorScore:
    """The score of an estimator with a trial's parameters: on held-out rows, or the mean over folds.

    Parameters
    ----------
    estimator : estimator class or instance
        Of neuralopt, scikit-learn or alike.
    data : (X, y)
        All rows.
    validation : (X, y), optional
        What it is scored on; by default a quarter of the rows, of every class its share.
    cv : int or splitter, optional
        Score on each of so many folds instead; the running mean is reported after each.
    scoring : str or callable, optional
        As in scikit-learn; by default the estimator's own score.
    seed : int
        Of the split, and of every estimator that takes a ``random_state``.
    """

    def __init__(
        self, estimator: Any, data: Any, *, validation: Any, cv: Any, scoring: Any, seed: int
    ) -> None:
        from sklearn.base import is_classifier
        from sklearn.metrics import check_scoring
        from sklearn.model_selection import check_cv, train_test_split

        made: Any = estimator() if inspect.isclass(estimator) else estimator
        if data is None:
            raise InvalidArgument("an estimator is tuned on data: give data=(X, y).")
        X, y = _pair(data, "data")
        self._whole = X, y
        self.seed, self.classifies = seed, is_classifier(made)
        self.estimator, self._scoring = made, scoring
        try:
            self._scorer: Any = check_scoring(made, scoring=scoring)
        except (TypeError, ValueError) as error:
            raise InvalidArgument(
                f"{type(made).__name__} cannot be scored by {scoring!r}: {str(error).splitlines()[0]} "
                "Names are those of sklearn.metrics.get_scorer_names()."
            ) from None
        if validation is not None:
            if cv is not None:
                raise InvalidArgument("give validation= or cv=, not both.")
            self._parts = [(X, y, *_pair(validation, "validation"))]
            return
        try:
            if cv is None:
                stratify = y if self.classifies else None
                rows = train_test_split(
                    np.arange(len(y)), test_size=_HELD_OUT, random_state=seed, stratify=stratify
                )
                splits: list[Any] = [tuple(rows)]
            else:
                dealt: Any = check_cv(cv, y, classifier=self.classifies)
                splits = list(dealt.split(X, y))
        except ValueError as error:
            raise DataError(
                f"the {len(y)} rows cannot be split into training and validation rows: {error} Give more "
                "rows, or validation=(X, y)."
            ) from error
        self._parts = [(_rows(X, a), _rows(y, a), _rows(X, b), _rows(y, b)) for a, b in splits]

    def made(self, params: dict[str, Any]) -> Any:
        """Return an unfitted estimator with a configuration."""
        from sklearn.base import clone

        copied: Any = clone(self.estimator)
        found = copied.set_params(**params)
        seeds = {
            name: self.seed
            for name, value in found.get_params().items()
            if name.rpartition("__")[2] == "random_state" and value is None and name not in params
        }
        return found.set_params(**seeds)

    def __call__(self, trial: Trial) -> float:
        """Return the mean score."""
        scores = []
        for fold, (X, y, X_held, y_held) in enumerate(self._parts, start=1):
            scores.append(float(self._scorer(self.made(trial.params).fit(X, y), X_held, y_held)))
            if len(self._parts) > 1:
                trial.report(fold, float(np.mean(scores)))
                if trial.should_prune():
                    break
        return float(np.mean(scores))

    def identity(self) -> dict[str, Any]:
        """Return plain data that must be the same when a study is resumed."""
        kind = type(self.estimator)
        return {
            "objective": f"{kind.__module__}.{kind.__qualname__}",
            "estimator": describe(self.estimator.get_params()),
            "scoring": describe(self._scoring),
            "data": data_digest([_plain(part) for parts in (self._whole, *self._parts) for part in parts]),
        }

    @property
    def folds(self) -> int:
        """How many times it is fitted."""
        return len(self._parts)

    def refitted(self, params: dict[str, Any]) -> Any:
        """Return an estimator fitted on all rows of ``data``."""
        return self.made(params).fit(*self._whole)

    def check(self, space: Space) -> None:
        """Raise when the space names what the estimator does not have."""
        known = list(self.estimator.get_params())
        for name in space.names:
            if name not in known:
                raise InvalidArgument(
                    f"{type(self.estimator).__name__} has no parameter {name!r}.{did_you_mean(name, known)} "
                    f"It has: {', '.join(known)}."
                )


def is_estimator(thing: Any) -> bool:
    """Return whether something is an estimator or a class of estimators."""
    return all(callable(getattr(thing, name, None)) for name in ("fit", "get_params", "set_params"))


def _pair(data: Any, name: str) -> tuple[Any, Any]:
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise InvalidArgument(f"{name} must be (X, y), got {type(data).__name__}.")
    return data[0], data[1]


def _plain(table: Any) -> np.ndarray:
    """Return rows as an array whose bytes can be told apart; labels may be of any kind."""
    array = np.asarray(table)
    return array if array.dtype.kind in "biufc" else array.astype(str)


def _rows(table: Any, rows: np.ndarray) -> Any:
    return table.iloc[rows] if hasattr(table, "iloc") else np.asarray(table)[rows]
