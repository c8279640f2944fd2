"""The arguments that both estimators take, kept as they are given until ``fit``."""

from typing import Any

from sklearn.base import BaseEstimator

from neuralopt.core.errors import did_you_mean, raise_problems, refuse_unknown


class Arguments(BaseEstimator):
    """Base that holds the arguments; `NeuralRegressor` and `NeuralClassifier` say what they mean."""

    @refuse_unknown
    def __init__(
        self,
        hidden_layer_sizes: Any = (64,),
        activation: str = "tanh",
        *,
        optimizer: Any = "adam",
        learning_rate: Any = None,
        alpha: float = 0.0,
        dropout: Any = None,
        loss: Any = None,
        epochs: int = 200,
        batch_size: int | str | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 20,
        tolerance: float | None = None,
        warm_start: bool = False,
        dtype: Any = "float32",
        backend: str = "jax",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.dropout = dropout
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.tolerance = tolerance
        self.warm_start = warm_start
        self.dtype = dtype
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose

    def set_params(self, **params: Any) -> "Arguments":
        """Set parameters of this estimator; see `sklearn.base.BaseEstimator.set_params`.

        Parameters
        ----------
        **params
            Names of the constructor.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            For unknown names, with the nearest known ones; then nothing is set.
        """
        owner, known = type(self).__name__, self.get_params(deep=False)
        problems = []
        for name in params:
            head, nested, tail = name.partition("__")
            if head not in known:
                problems.append(
                    f"{owner} has no parameter {head!r}.{did_you_mean(head, known)} "
                    f"It has: {', '.join(known)}."
                )
            elif nested:
                problems.append(
                    f"{owner}: {head} is not an estimator, so {name!r} names nothing. "
                    f"Give it whole, as in set_params({head}=...){_own(tail, known)}."
                )
        raise_problems(problems)
        return super().set_params(**params)


def _own(name: str, known: Any) -> str:
    return f", or set {name}= of the estimator itself" if name in known else ""
