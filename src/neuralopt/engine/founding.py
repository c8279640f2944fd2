"""The founding document's calls that train, and that read what came of it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.history import History, settled
from neuralopt.engine.result import TrainResult
from neuralopt.engine.train import train
from neuralopt.models import MLP, Network


def train_neural_network(
    loss_function: Any,
    gradient_function: Callable[[Any, Any], Any] | None,
    initial_weights: Any,
    training_data: Any,
    optimizer: Any,
    epochs: int = 100,
    batch_size: int | str | None = 32,
    **options: Any,
) -> TrainResult:
    """Train a network, or any loss, by gradient.

    Parameters
    ----------
    loss_function : MLP, Network or callable
        ``loss_function(weights, batch_data)`` gives a number.
    gradient_function : callable or None
        ``gradient_function(weights, batch_data)``, of the structure of the weights. None: JAX differentiates
        the loss. Functions that JAX cannot trace, such as NumPy's, are called step by step from the compiled
        loop.
    initial_weights : tree of arrays, or None
        Where it starts; a network draws its own.
    training_data : (X, y) or tree of arrays
        Rows first.
    optimizer : str or Transform
        From `create_neural_optimizer`, or as for `train`.
    epochs : int >= 1, default 100
        Passes over the data.
    batch_size : int >= 1, "full" or None, default 32
        As for `train`.
    **options
        Further arguments of `train`: ``seed``, ``validation``, ``checkpoint``, ``callbacks`` ...

    Returns
    -------
    TrainResult
        As from `train`.

    Raises
    ------
    InvalidArgument, DataError
        As from `train`.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt import optimizers
    >>> X = np.random.default_rng(0).normal(size=(64, 2)); y = X @ np.array([1.0, -2.0])
    >>> def loss(w, batch): return np.mean((batch[0] @ w - batch[1]) ** 2)
    >>> def gradient(w, batch): return 2 * batch[0].T @ (batch[0] @ w - batch[1]) / len(batch[1])
    >>> result = train_neural_network(loss, gradient, np.zeros(2), (X, y), optimizers.Adam(0.1), epochs=100)
    >>> get_final_weights(result).round(2).tolist(), get_final_loss(get_training_history(result)) < 1e-4
    ([1.0, -2.0], True)
    """
    network = isinstance(loss_function, MLP | Network)
    model = loss_function if network or gradient_function is None else _Own(loss_function, gradient_function)
    common = {"optimizer": optimizer, "epochs": epochs, "batch_size": batch_size, **options}
    return train(model, training_data, params=initial_weights, **common)


class _Own:
    """A loss with its gradient, for the compiled loop."""

    def __init__(self, loss: Callable[[Any, Any], Any], gradient: Callable[[Any, Any], Any]) -> None:
        self._loss, self._gradient = loss, gradient

    def __call__(self, weights: Any, batch: Any) -> Any:
        """Return the loss; its derivative in the weights is what the gradient function says."""

        def value(at: Any) -> Any:
            like = jax.ShapeDtypeStruct((), tree.leaves(weights)[0].dtype)
            return _called(self._loss, like, at, batch)

        @jax.custom_vjp
        def held(at: Any) -> Any:
            return value(at)

        def forth(at: Any) -> tuple[Any, Any]:
            like = tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), at)
            return value(at), _called(self._gradient, like, at, batch)

        held.defvjp(forth, lambda grads, seed: (tree.map(lambda g: g * seed, grads),))
        return held(weights)


def _called(function: Callable[[Any, Any], Any], like: Any, weights: Any, batch: Any) -> Any:
    """Call a function of weights and batch: traced where JAX can, else on the host with NumPy arrays."""

    def cast(found: Any, as_array: Any) -> Any:
        return tree.map(lambda a, one: as_array(a, one.dtype).reshape(one.shape), found, like)

    try:
        return cast(function(weights, batch), jnp.asarray)
    except (jax.errors.JAXTypeError, TypeError):

        def host(*given: Any) -> Any:
            return cast(function(*tree.map(np.asarray, given)), np.asarray)

        return jax.pure_callback(host, like, weights, batch)


def get_final_weights(result: TrainResult) -> Any:
    """Return the trained weights.

    Parameters
    ----------
    result : TrainResult
        From `train_neural_network`.

    Returns
    -------
    tree of NumPy arrays
        Of the structure of the first ones.
    """
    return result.params


def get_training_history(result: TrainResult) -> History:
    """Return what every epoch gave.

    Parameters
    ----------
    result : TrainResult
        From `train_neural_network`.

    Returns
    -------
    History
        Loss, learning rate and seconds.
    """
    return result.history


def get_final_loss(history: History) -> float:
    """Return the training loss of the last epoch.

    Parameters
    ----------
    history : History
        From `get_training_history`.

    Returns
    -------
    float
        As it was trained on, regularisation included.
    """
    return float(history["loss"][-1])


def converged(result: TrainResult | History) -> bool:
    """Return whether a training had settled: by its status, or the losses of the last tenth of the epochs.

    Parameters
    ----------
    result : TrainResult or History
        A history has no status, so that its losses alone decide.

    Returns
    -------
    bool
        False where the epochs are too few to say.
    """
    if isinstance(result, TrainResult):
        if result.status is not Status.MAX_EPOCHS:
            return result.status in (Status.CONVERGED, Status.EARLY_STOPPED)
        result = result.history
    return settled(np.asarray(result["loss"], float))
