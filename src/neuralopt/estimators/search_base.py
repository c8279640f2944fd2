"""What `SearchRegressor` and `SearchClassifier` share: arguments, the search, the outputs."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from neuralopt.core.errors import InvalidArgument, refuse_unknown
from neuralopt.core.results import Status
from neuralopt.engine import History
from neuralopt.estimators.base import text_explained
from neuralopt.estimators.hold_out import hold_out
from neuralopt.estimators.settings import check_hidden, check_seed
from neuralopt.search import HybridModel, SearchModel

_ENOUGH = 60  # rows of which some can be spared


class SearchEstimator(BaseEstimator):
    """Base of the estimators that search; not for use by itself."""

    model_: SearchModel
    history_: History
    status_: Status
    n_iter_: int
    loss_: float
    seed_: int
    _stops_early = False

    @refuse_unknown
    def __init__(
        self,
        hidden_layer_sizes: Any = (64,),
        activation: str = "step",
        *,
        loss: Any = "squared_error",
        max_iterations: int = 30,
        hybrid: bool = False,
        learning_rate: float = 0.01,
        line: str = "auto",
        order: str = "cyclic",
        directions: Any = None,
        levels: Any = None,
        restarts: int = 0,
        readout: str | None = None,
        budget_s: float | None = None,
        tolerance: float | None = None,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.15,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.max_iterations = max_iterations
        self.hybrid = hybrid
        self.learning_rate = learning_rate
        self.line = line
        self.order = order
        self.directions = directions
        self.levels = levels
        self.restarts = restarts
        self.readout = readout
        self.budget_s = budget_s
        self.tolerance = tolerance
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    def _read(self, X: Any, y: Any, **options: Any) -> tuple[np.ndarray, np.ndarray]:
        with text_explained(X, type(self).__name__):
            checked: Any = validate_data(self, X, y, dtype=np.float64, multi_output=True, **options)
        return checked

    def _search(self, X: np.ndarray, y: np.ndarray, outputs: int) -> None:
        """Search on checked data and set the fitted attributes."""
        self.seed_ = check_seed(self.random_state)
        held = self._holds_out(len(X))
        kind = HybridModel if self.hybrid else SearchModel
        model = kind(
            X.shape[1],
            check_hidden(self.hidden_layer_sizes),
            outputs,
            loss=self.loss,
            activation=self.activation,
            line=self.line,
            order=self.order,
            directions=self.directions,
            levels=self.levels,
            restarts=self.restarts,
            readout=self.readout,
            budget_s=self.budget_s,
            tolerance=self.tolerance,
            seed=self.seed_,
        )
        shown = bool(self.verbose)
        if isinstance(model, HybridModel):
            model.search_and_train(X, y, self.max_iterations, self.learning_rate, verbose=shown)
        elif held:
            (X, y), validation = hold_out(X, y, self.validation_fraction, self.seed_)
            model.search(X, y, self.max_iterations, validation=validation, verbose=shown)
        else:
            model.search(X, y, self.max_iterations, verbose=shown)
        self.model_, self.history_, self.status_ = model, model.history, model.status
        self.n_iter_ = self.history_.epochs
        self.loss_ = float(self.history_["loss"].min())
        if self.status_ is Status.INTERRUPTED:
            raise KeyboardInterrupt  # what was found is kept; a search around this fit ends as well

    def _holds_out(self, rows: int) -> bool:
        """Return whether rows are held out, or raise."""
        if self.early_stopping not in ("auto", True, False):
            raise InvalidArgument(
                f"early_stopping must be True, False or 'auto', got {self.early_stopping!r}."
            )
        if not 0 < self.validation_fraction < 1:
            raise InvalidArgument(
                f"validation_fraction must be above 0 and below 1, got {self.validation_fraction!r}."
            )
        if self.early_stopping is True and self.hybrid:
            raise InvalidArgument(
                "early_stopping=True and hybrid=True exclude each other: a hybrid keeps the best of its "
                "phases by the training loss. Leave one out."
            )
        auto = self._stops_early and rows >= _ENOUGH and not self.hybrid
        return auto if self.early_stopping == "auto" else bool(self.early_stopping)

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        with text_explained(X, type(self).__name__):
            X = validate_data(self, X, reset=False, dtype=np.float64)
        return self.model_.forward(X)
