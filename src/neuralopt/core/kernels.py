"""What the kernels of optimizers and transforms have in common."""

from collections.abc import Callable
from typing import Any

from neuralopt.core import tree
from neuralopt.core.namespace import namespace


def scalars(like: Any, *values: Any) -> tuple[Any, ...]:
    """Return the namespace and the values as scalars of one working dtype, for one leaf's kernel.

    Parameters
    ----------
    like : array
        The parameter.
    *values : number, scalar array
        Hyperparameters, counts, rates.

    Returns
    -------
    tuple
        The namespace, then every value as an array of shape ``()`` in the leaf's working dtype.
    """
    dtype = tree.working_dtype(like)
    return namespace(like), *(tree.cast(v, dtype, like) for v in values)


def per_dtype(make: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], tuple[Any, ...]]:
    """Return ``make`` with a memory: a step's scalars are the same for all leaves of one dtype.

    Parameters
    ----------
    make : callable
        ``make(like)`` returns the scalars for one leaf's kernel, see `scalars`.

    Returns
    -------
    callable
        Of the same signature; to be used within one update.
    """
    made: dict[Any, tuple[Any, ...]] = {}

    def of(like: Any) -> tuple[Any, ...]:
        dtype = tree.working_dtype(like)
        if dtype not in made:
            made[dtype] = make(like)
        return made[dtype]

    return of


def work(array: Any) -> Any:
    """Return an array in its working dtype: sixteen-bit floats in float32, others as they are."""
    return namespace(array).astype(array, tree.working_dtype(array), copy=False)


def ema(decay: Any, old: Any, new: Any) -> Any:
    """Return the exponential moving average ``decay * old + (1 - decay) * new``."""
    return decay * old + (1 - decay) * new


def bias_correction(xp: Any, decay: Any, t: Any) -> Any:
    """Return ``1 - decay ** t`` for a moving average that started at zero.

    The plain difference loses digits while ``decay ** t`` is near 1, and
    loses different ones on NumPy and XLA; ``expm1`` keeps them all. The floor
    under the logarithm stands for a decay of exactly 0.
    """
    floor = xp.asarray(1e-30, dtype=decay.dtype)
    return -xp.expm1(t * xp.log(xp.maximum(decay, floor)))


def finish(step: Any, like: Any) -> Any:
    """Return an update in the dtype of its parameter; a JAX gradient may meet a NumPy parameter."""
    return namespace(step).astype(step, like.dtype, copy=False)
