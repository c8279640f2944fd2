"""What the regressor and the classifier share: checks, training, the forward pass."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.core.results import Status, TrainingFailed
from neuralopt.engine import EarlyStopping, History, Progress, train
from neuralopt.estimators.arguments import Arguments
from neuralopt.estimators.hold_out import hold_out
from neuralopt.estimators.scales import warn_about_scales
from neuralopt.estimators.settings import Settings
from neuralopt.models import MLP


class NeuralEstimator(Arguments):
    """Base of the estimators that train a multi-layer perceptron; not for use by itself."""

    mlp_: MLP
    params_: list[tuple[np.ndarray, np.ndarray]]
    history_: History
    status_: Status
    n_iter_: int
    loss_: float
    seed_: int

    def _is_warm(self) -> bool:
        """Return whether this fit goes on from the one before."""
        if not (self.warm_start and hasattr(self, "params_")):
            return False
        self._check_finite("go on from")
        return True

    def _train(
        self, X: np.ndarray, targets: np.ndarray, outputs: int, settings: Settings, metric: str, warm: bool
    ) -> None:
        """Train on checked data and set the fitted attributes."""
        warn_about_scales(X, getattr(self, "feature_names_in_", None), type(self).__name__)
        mlp = MLP((X.shape[1], *settings.hidden, outputs), self.activation)
        if warm and mlp != self.mlp_:
            raise InvalidArgument(
                f"warm_start goes on with the network of the fit before, {self.mlp_}; now it would be {mlp}. "
                "Restore the sizes and the activation, or set warm_start=False."
            )
        data, validation, callbacks = (X, targets), None, []
        if self.early_stopping:
            data, validation = hold_out(X, targets, self.validation_fraction, settings.seed)
            callbacks.append(EarlyStopping(patience=int(self.patience)))
        if self.verbose:
            callbacks.append(Progress(type(self).__name__))
        result = train(
            mlp,
            data,
            optimizer=settings.optimizer,
            loss=settings.loss,
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation=validation,
            metrics=() if validation is None else (metric,),
            params=self.params_ if warm else None,
            seed=settings.seed,
            callbacks=callbacks,
            tolerance=self.tolerance,
            dtype=settings.dtype,
            backend=self.backend,
            dropout=self.dropout,
        )
        kept = result.best_epoch if self.early_stopping and result.best_epoch else result.epochs
        self.mlp_, self.params_, self.history_ = mlp, result.params, result.history
        self.status_, self.n_iter_, self.seed_ = result.status, result.epochs, settings.seed
        self.loss_ = float(result.history["loss"][kept - 1])

    def _report_status(self) -> None:
        """Say that training diverged; end what is around this fit when it was interrupted."""
        if self.status_ is Status.DIVERGED:
            warnings.warn(
                f"{type(self).__name__}: training ended in epoch {self.n_iter_}. {self.status_.value}",
                ConvergenceWarning,
                stacklevel=3,
            )
        if self.status_ is Status.INTERRUPTED:
            raise KeyboardInterrupt  # what was trained is kept; a search around this fit ends as well

    def _outputs(self, X: Any) -> np.ndarray:
        """Return the network's outputs, shape (n, outputs), in float64.

        The parameters are exact in float64, and there the outputs of a row do not depend, to
        eight digits, on the rows that are asked for with it.
        """
        check_is_fitted(self)
        with text_explained(X, type(self).__name__):
            X = validate_data(self, X, reset=False, dtype=np.float64)
        self._check_finite("predict with")
        params = [(W.astype(np.float64), b.astype(np.float64)) for W, b in self.params_]
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = self.mlp_.forward(params, X)
        if not np.isfinite(outputs).all():
            row = int(np.argmin(np.isfinite(outputs).all(axis=1)))
            raise DataError(
                f"{type(self).__name__}: the network's output for row {row} (counted from 0) is not finite. "
                "Likely cause: inputs far outside the range that it was trained on."
            )
        return outputs

    def _check_finite(self, purpose: str) -> None:
        if not all(np.isfinite(leaf).all() for pair in self.params_ for leaf in pair):
            raise TrainingFailed(
                f"{type(self).__name__}: the parameters are not finite, so there is nothing to {purpose}. "
                f"Training ended as {self.status_.name}: {self.status_.value}"
            )


@contextlib.contextmanager
def text_explained(X: Any, owner: str) -> Iterator[None]:
    """Say in which column of X the text is that the numbers are asked of inside the block."""
    try:
        yield
    except ValueError as error:
        if "could not convert string to float" not in str(error):
            raise
        raise DataError(
            f"{owner}: features and real targets must be numbers; {error}{_text_column(X)}. "
            "Encode text first, as OneHotEncoder does."
        ) from None


def _text_column(X: Any) -> str:
    for name in getattr(X, "columns", ()):
        try:
            np.asarray(X[name], np.float64)
        except (TypeError, ValueError):
            return f" in column {name!r}"
    return ""
