"""The calls of the founding document, by their names there."""

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.scalars import check_count
from neuralopt.engine.batches import plan_batches
from neuralopt.models import MLP
from neuralopt.tuning.evaluation import Trial
from neuralopt.tuning.methods import METHODS
from neuralopt.tuning.network_parts import optimizer_of
from neuralopt.tuning.result import TuneResult
from neuralopt.tuning.space import Space
from neuralopt.tuning.trials import described
from neuralopt.tuning.tuner import tune


@dataclasses.dataclass(frozen=True)
class HyperparameterConfig:
    """How hyperparameters are searched; see `create_hyperparameter_optimization_config`.

    Attributes
    ----------
    search_space : Space
    optimization_method : str
    max_trials : int
    early_stopping_patience : int or None
    """

    search_space: Space
    optimization_method: str
    max_trials: int
    early_stopping_patience: int | None


def create_hyperparameter_optimization_config(
    settings: Sequence[tuple[str, Any]] | Mapping[str, Any] | None = None,
    *,
    search_space: Any = None,
    optimization_method: str = "bayesian",
    max_trials: int = 50,
    early_stopping_patience: int | None = 10,
) -> HyperparameterConfig:
    """Return how hyperparameters are to be searched.

    Parameters
    ----------
    settings : sequence of pairs or mapping, optional
        The arguments below by name, in place of them: ``[("max_trials", 50), ...]``.
    search_space : sequence, mapping or Space
        As for `tune`.
    optimization_method : str, default "bayesian"
        As ``method`` of `tune`.
    max_trials : int >= 1, default 50
        As for `tune`.
    early_stopping_patience : int or None, default 10
        As for `tune`.

    Returns
    -------
    HyperparameterConfig
        For `hyperparameter_optimization`.

    Raises
    ------
    InvalidArgument
        For what breaks its law.

    Examples
    --------
    >>> config = create_hyperparameter_optimization_config(
    ...     search_space=[("learning_rate", "log_uniform", 1e-5, 1e-1)], max_trials=20)
    >>> config.max_trials, config.search_space.names
    (20, ('learning_rate',))
    """
    if settings is not None:
        given = dict(settings)
        known = ("search_space", "optimization_method", "max_trials", "early_stopping_patience")
        for name in given:
            if name not in known:
                raise InvalidArgument(
                    f"unknown setting {name!r}.{did_you_mean(str(name), known)} Known: {', '.join(known)}."
                )
        return create_hyperparameter_optimization_config(**given)
    if search_space is None:
        raise InvalidArgument("search_space is needed: what is to be searched?")
    if optimization_method not in METHODS:
        hint = did_you_mean(str(optimization_method), METHODS)
        raise InvalidArgument(
            f"optimization_method must be one of {', '.join(METHODS)}, got {optimization_method!r}.{hint}"
        )
    patience = early_stopping_patience
    return HyperparameterConfig(
        Space(search_space),
        optimization_method,
        check_count("max_trials", max_trials),
        None if patience is None else check_count("early_stopping_patience", patience),
    )


def hyperparameter_optimization(
    loss: Any,
    gradient: Any,
    training_data: Any,
    validation_data: Any,
    config: HyperparameterConfig,
    *,
    initial_weights: Any = None,
    epochs: int = 50,
    optimizer: Any = "adam",
    seed: int = 0,
    **options: Any,
) -> TuneResult:
    """Search the hyperparameters with which a loss is trained, by its value on validation data.

    Parameters
    ----------
    loss : MLP or callable
        A network; or ``loss(weights, batch_data)``, which gives a number.
    gradient : callable or None
        ``gradient(weights, batch_data)``, of the structure of ``weights``; None differentiates ``loss`` by
        JAX. Of no use to a network, which has its own.
    training_data, validation_data : (X, y) or tree of arrays
        Rows first.
    config : HyperparameterConfig
        From `create_hyperparameter_optimization_config`. The space may name ``batch_size``, ``epochs``,
        ``optimizer`` and any hyperparameter of the optimizer; ``weight_decay`` with every optimizer.
    initial_weights : tree of arrays
        Where a loss starts; a network draws its own.
    epochs : int >= 1, default 50
        Passes over the training data, where the space does not name them.
    optimizer : str or Transform, default "adam"
        Where the space does not name it.
    seed : int >= 0, default 0
        Of everything that is drawn.
    **options
        Further arguments of `tune`.

    Returns
    -------
    TuneResult
        As from `tune`.

    Raises
    ------
    InvalidArgument
        For what breaks its law.
    """
    if not isinstance(config, HyperparameterConfig):
        raise InvalidArgument(
            f"config is made by create_hyperparameter_optimization_config, got {type(config).__name__}."
        )
    common: dict[str, Any] = {
        "method": config.optimization_method,
        "max_trials": config.max_trials,
        "early_stopping_patience": config.early_stopping_patience,
        "seed": seed,
        **options,
    }
    if isinstance(loss, MLP):
        return tune(
            loss,
            config.search_space,
            training_data,
            validation=validation_data,
            epochs=epochs,
            optimizer=optimizer,
            **common,
        )
    if not callable(loss) or inspect.isclass(loss):
        raise InvalidArgument(f"loss must be a network or loss(weights, batch_data), got {loss!r}.")
    if initial_weights is None:
        raise InvalidArgument(
            "a loss of one's own starts from weights: give initial_weights=, the tree that loss() takes."
        )
    trained = _Training(
        loss, gradient, initial_weights, training_data, validation_data, epochs, optimizer, seed
    )
    return tune(trained, config.search_space, **common)


class _Training:
    """Trains a loss with a trial's hyperparameters and returns its value on validation data."""

    def __init__(
        self,
        loss: Any,
        gradient: Any,
        weights: Any,
        training: Any,
        validation: Any,
        epochs: int,
        optimizer: Any,
        seed: int,
    ) -> None:
        if gradient is None:
            gradient = _differentiated(loss)
        self._loss, self._gradient, self._weights = loss, gradient, weights
        self._training, self._validation = training, validation
        self._epochs, self._optimizer, self._seed = check_count("epochs", epochs), optimizer, seed

    def __call__(self, trial: Trial) -> float:
        """Return the best validation loss over the epochs."""
        rows = len(tree.leaves(self._training)[0])
        own = {k: v for k, v in trial.params.items() if k not in ("batch_size", "epochs")}
        method = optimizer_of(self._optimizer, own)
        size = trial.params.get("batch_size")
        plan = plan_batches(rows, size, full_batch=False, weighted=False, dtype=float)
        weights, state = self._weights, method.init(self._weights)
        best = float("inf")
        for epoch in range(int(trial.params.get("epochs", self._epochs))):
            for batch in plan.order(self._seed, epoch):
                part = tree.map(lambda a, batch=batch: a[batch], self._training)
                updates, state = method.update(self._gradient(weights, part), state, weights)
                weights = tree.apply_updates(weights, updates)
            value = float(self._loss(weights, self._validation))
            if not value < float("inf"):
                return best if best < float("inf") else float("inf")
            best = min(best, value)
            trial.report(epoch + 1, value)
            if trial.should_prune():
                break
        return best


def _differentiated(loss: Any) -> Any:
    """Return the gradient of a loss by JAX, as NumPy arrays of the weights' dtypes."""
    import jax

    compiled = jax.jit(jax.grad(loss))

    def gradient(weights: Any, batch: Any) -> Any:
        return tree.map(lambda g, w: np.asarray(g).astype(w.dtype), compiled(weights, batch), weights)

    return gradient


def get_best_hyperparameters(result: TuneResult) -> dict[str, Any]:
    """Return the configuration of the best trial.

    Parameters
    ----------
    result : TuneResult
        From `hyperparameter_optimization` or `tune`.

    Returns
    -------
    dict
        Values by name.
    """
    return result.best_params


def format_hyperparameters(hyperparameters: Mapping[str, Any]) -> str:
    """Return a configuration in words.

    Parameters
    ----------
    hyperparameters : mapping
        From `get_best_hyperparameters`.

    Returns
    -------
    str
        Names and values, numbers with four digits.

    Examples
    --------
    >>> format_hyperparameters({"learning_rate": 0.00123456, "batch_size": 32})
    'learning_rate=0.001235, batch_size=32'
    """
    return described(hyperparameters)
