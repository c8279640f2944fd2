"""What an estimator's arguments mean: all of them checked at once, before any work."""

import dataclasses
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from neuralopt import optimizers
from neuralopt.core.errors import InvalidArgument, did_you_mean, raise_problems
from neuralopt.core.method import Law
from neuralopt.core.scalars import check_count
from neuralopt.engine.noise import check_rates
from neuralopt.engine.precision import check_dtype
from neuralopt.models import LOSSES, Loss, get_loss
from neuralopt.models.activations import check_activation
from neuralopt.transforms import L2Decay, Transform, chain

_BACKENDS = ("jax", "numpy")
_DEFAULT_LOSS = {"real": "squared_error", "class": "cross_entropy"}
_HOMES = {"real": ("real targets", "NeuralRegressor"), "class": ("classes", "NeuralClassifier")}


@dataclasses.dataclass(frozen=True)
class Settings:
    """An estimator's arguments in the form that `neuralopt.train` takes.

    Attributes
    ----------
    hidden : tuple of int
        Units of the hidden layers.
    optimizer : Transform
        With the learning rate and the penalty in it.
    loss : Loss or callable
    dtype : numpy.dtype
    seed : int
    """

    hidden: tuple[int, ...]
    optimizer: Transform
    loss: Any
    dtype: np.dtype
    seed: int


def resolve(estimator: Any, targets: str) -> Settings:
    """Check the arguments of an estimator and return what they mean.

    Parameters
    ----------
    estimator : NeuralRegressor or NeuralClassifier
    targets : {"real", "class"}
        What the estimator's losses must take.

    Returns
    -------
    Settings

    Raises
    ------
    InvalidArgument
        With every argument that breaks its law.
    """
    problems: list[str] = []

    def attempt(check: Callable[..., Any], *args: Any, **options: Any) -> Any:
        try:
            return check(*args, **options)
        except InvalidArgument as error:
            problems.append(str(error))
            return None

    given = estimator.get_params(deep=False)
    hidden = attempt(check_hidden, given["hidden_layer_sizes"])
    attempt(check_activation, given["activation"])
    optimizer = attempt(_optimizer, given["optimizer"], given["learning_rate"])
    attempt(_number, "alpha", given["alpha"], Law(low=0))
    if given["dropout"] is not None and isinstance(hidden, tuple):
        attempt(check_rates, given["dropout"], len(hidden))
    loss = attempt(_loss, given["loss"], targets)
    attempt(check_count, "epochs", given["epochs"])
    if given["batch_size"] not in (None, "full"):
        attempt(check_count, "batch_size", given["batch_size"])
    attempt(_flag, "early_stopping", given["early_stopping"], "How long to wait is patience=.")
    attempt(_number, "validation_fraction", given["validation_fraction"], Law(0, 1, True, True))
    attempt(check_count, "patience", given["patience"])
    if given["tolerance"] is not None:
        attempt(_number, "tolerance", given["tolerance"], Law(low=0))
    dtype = attempt(check_dtype, given["dtype"])
    attempt(_backend, given["backend"])
    attempt(_flag, "warm_start", given["warm_start"])
    if not isinstance(given["verbose"], bool):
        attempt(check_count, "verbose", given["verbose"], low=0)
    seed = attempt(check_seed, given["random_state"])
    raise_problems(problems)
    if given["alpha"]:
        optimizer = chain(L2Decay(float(given["alpha"])), optimizer)
    return Settings(hidden, optimizer, loss, dtype, seed)


def check_hidden(sizes: Any) -> tuple[int, ...]:
    """Return the units of the hidden layers, or raise."""
    if isinstance(sizes, numbers.Integral) and not isinstance(sizes, bool):
        sizes = (sizes,)
    if not isinstance(sizes, tuple | list | np.ndarray):
        raise InvalidArgument(
            f"hidden_layer_sizes must be a sequence of whole numbers >= 1, got {sizes!r}. "
            "One hidden layer of 64 units is (64,)."
        )
    return tuple(check_count("every entry of hidden_layer_sizes", size) for size in sizes)


def _optimizer(optimizer: Any, learning_rate: Any) -> Transform:
    if isinstance(learning_rate, numbers.Real) and not isinstance(learning_rate, bool):
        # a NumPy scalar is another type to the compiler: a grid of them would compile anew
        learning_rate = float(learning_rate)
    if isinstance(optimizer, str):
        return optimizers.get(optimizer, learning_rate=learning_rate)
    made = optimizers.get(optimizer)
    return made if learning_rate is None else optimizers.with_learning_rate(made, learning_rate)


def _loss(loss: Any, targets: str) -> Any:
    loss = _DEFAULT_LOSS[targets] if loss is None else loss
    fitting = [name for name, known in LOSSES.items() if known.targets == targets]
    here = f"Here it is one of {', '.join(fitting)}, or your own loss(prediction, y)."
    if isinstance(loss, str) and loss not in LOSSES:
        raise InvalidArgument(f"unknown loss {loss!r}.{did_you_mean(loss, fitting)} {here}")
    found = get_loss(loss)
    if isinstance(found, Loss) and found.targets != targets:
        kind, home = _HOMES[found.targets]
        raise InvalidArgument(f"loss {loss!r} is for {kind}, which {home} takes. {here}")
    return found


def _number(name: str, value: Any, law: Law) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not law.holds(float(value)):
        raise InvalidArgument(f"{name} must satisfy {str(law).format(name=name)}, got {value!r}.")


def _flag(name: str, value: Any, cure: str = "") -> None:
    if not isinstance(value, bool | np.bool_):
        raise InvalidArgument(f"{name} must be True or False, got {value!r}.{cure and ' ' + cure}")


def _backend(backend: Any) -> None:
    if backend not in _BACKENDS:
        hint = did_you_mean(backend, _BACKENDS) if isinstance(backend, str) else ""
        raise InvalidArgument(f"backend must be 'jax' or 'numpy', got {backend!r}.{hint}")


def check_seed(random_state: Any) -> int:
    """Return a seed; NumPy's global random state is neither read nor changed."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    whole = isinstance(random_state, numbers.Integral) and not isinstance(random_state, bool)
    if not whole or not 0 <= int(random_state) < 2**32:
        raise InvalidArgument(
            "random_state must be None, a whole number in 0..2**32 - 1, or a NumPy RandomState or Generator, "
            f"got {random_state!r}."
        )
    return int(random_state)
