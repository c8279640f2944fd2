"""What the two joint estimators share: arguments, rows, the fit."""

import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from neuralopt.core.errors import DataError, InvalidArgument, refuse_unknown
from neuralopt.engine import History
from neuralopt.estimators.arguments import Arguments
from neuralopt.estimators.base import text_explained
from neuralopt.estimators.settings import check_hidden, check_seed
from neuralopt.joint import JointOptimizer
from neuralopt.joint.candidates import Table
from neuralopt.joint.shift import ShiftReport

_PASSED = (
    *("activation", "mode", "final", "optimizer", "learning_rate", "reg_lambda", "loss", "loss_weights"),
    *("k_neighbors", "metric", "refit_every", "robust"),
)


class JointEstimator(Arguments):
    """Base of the estimators that learn from simulated and real rows; not for use by itself."""

    joint_: JointOptimizer
    candidates_: Table | None
    summary_: tuple[str, ...]
    shift_: ShiftReport | None
    history_: History
    alignment_error_: float
    converged_: bool
    n_iter_: int
    seed_: int

    @refuse_unknown
    def __init__(
        self,
        hidden_layer_sizes: Any = (64,),
        activation: str = "tanh",
        *,
        mode: str = "variable_projection",
        final: str = "stack",
        optimizer: Any = None,
        learning_rate: Any = 0.01,
        reg_lambda: float | str = "loo",
        loss: Any = "squared_error",
        loss_weights: Any = (10.0, 1.0),
        k_neighbors: int = 5,
        metric: str = "euclidean",
        refit_every: int = 5,
        robust: str | None = "auto",
        epochs: int = 1000,
        batch_size: int | str = 32,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.mode = mode
        self.final = final
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.reg_lambda = reg_lambda
        self.loss = loss
        self.loss_weights = loss_weights
        self.k_neighbors = k_neighbors
        self.metric = metric
        self.refit_every = refit_every
        self.robust = robust
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def _simulated(self, X: Any, y: Any, **asked: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the checked simulated rows."""
        with text_explained(X, type(self).__name__):
            rows: Any = validate_data(
                self, X, y, dtype=np.float64, multi_output=True, ensure_min_samples=2, **asked
            )
        return rows

    def _real(self, X: Any, y: Any, **asked: Any) -> tuple[Any, Any]:
        """Return the checked real rows, or None and None where there are none."""
        if (X is None) != (y is None):
            given = "X_real" if y is None else "y_real"
            raise DataError(
                f"X_real and y_real belong together; only {given} was given. Give both, or neither."
            )
        if X is None or not len(X):
            return None, None
        name = type(self).__name__
        try:
            with text_explained(X, name):
                rows: Any = validate_data(
                    self, X, y, reset=False, dtype=np.float64, multi_output=True, **asked
                )
                return rows
        except DataError:
            raise
        except ValueError as error:
            raise DataError(
                f"{name}: X_real and y_real cannot be used: {error} "
                "Give the real rows the columns of the simulated ones, in the same order, and finite numbers."
            ) from None

    def _train(self, task: str, outputs: int, X: Any, y: Any, X_real: Any, y_real: Any) -> None:
        """Fit on checked rows and set the fitted attributes."""
        hidden, seed = check_hidden(self.hidden_layer_sizes), check_seed(self.random_state)
        if not hidden:
            raise InvalidArgument("hidden_layer_sizes must have at least one layer, got none; try (64,).")
        joint = JointOptimizer(
            input_dim=X.shape[1],
            hidden_dim=hidden,
            output_dim=outputs,
            task=task,
            seed=seed,
            **{name: getattr(self, name) for name in _PASSED},
        )
        with warnings.catch_warnings():
            if X_real is None:  # asked for, so said in the summary alone
                warnings.filterwarnings("ignore", "There are no real rows", UserWarning)
            self.history_ = joint.fit(X, y, X_real, y_real, epochs=self.epochs, batch_size=self.batch_size)
        self.joint_, self.seed_, self.n_iter_ = joint, seed, self.history_.epochs
        self.candidates_, self.shift_ = joint.candidates_, joint.shift_
        self.summary_ = tuple(joint.messages_)
        self.alignment_error_, self.converged_ = joint.alignment_error_, joint.converged_

    def _rows(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        with text_explained(X, type(self).__name__):
            rows: Any = validate_data(self, X, reset=False, dtype=np.float64)
        return rows
