"""What all optimizers have in common."""

from collections.abc import Callable
from typing import Any, ClassVar

from neuralopt.core import tree
from neuralopt.core.method import value_at
from neuralopt.core.namespace import namespace
from neuralopt.core.validation import check_params, check_same_structure
from neuralopt.transforms.base import Transform


class Optimizer(Transform):
    """A method that turns gradients into updates.

    A gradient that is not finite spoils its own array, for as long as the method remembers it, and no
    other array, unless the class says that it measures all arrays together.

    Attributes
    ----------
    full_batch : bool
        Whether the method is meant for the gradient of the whole data.
    learning_rate_range : (float, float)
        Where a log-uniform search for the learning rate begins, for a network
        of standardised inputs and the usual initialisation.
    """

    stage: ClassVar[str] = "optimizer"
    full_batch: ClassVar[bool] = False
    learning_rate_range: ClassVar[tuple[float, float]]

    learning_rate: Any

    def _first(self, params: Any) -> tuple[Any, Any]:
        """Check parameters; return the count 0 and the learning rate in force at step 0."""
        check_params(params)
        leaves = tree.leaves(params)
        xp = namespace(*leaves)
        count = xp.asarray(0, dtype=xp.int32)
        return count, self._rate(count, params)

    def _rate(self, count: Any, params: Any) -> Any:
        """Return the learning rate in force at a step, as the scalar kept in the state."""
        return tree.cast(
            value_at(self.learning_rate, count), tree.scalar_dtype(params), tree.leaves(params)[0]
        )

    def _begin(self, grads: Any, count: Any, params: Any) -> tuple[Any, Any]:
        """Check the gradients; return the 1-based step t and the learning rate in force."""
        check_same_structure(params, grads)
        return count + 1, self._rate(count, params)


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


def moment_scalars(
    method: Any, rate: Any, count: Any, *more: Any, eps_hat: bool = False
) -> Callable[[Any], tuple[Any, ...]]:
    """Return what makes the scalars of a step with Adam's two moments, for one leaf's kernel.

    Parameters
    ----------
    method : Optimizer
        Has the hyperparameters ``b1``, ``b2`` and ``eps``.
    rate : scalar array
        The learning rate in force.
    count : int array
        Of shape ``()``: how many updates there were before this one.
    *more : number, scalar array or schedule
        Further scalars that the kernel needs.
    eps_hat : bool, default False
        Whether eps belongs to the root before its bias correction: it is then divided by
        the root of the correction, because the kernels add it afterwards.

    Returns
    -------
    callable
        Of the parameter; gives ``(xp, -rate, b1, b2, eps, c1, c2, *more)`` with the bias
        corrections ``c1`` and ``c2`` of the two moments.
    """
    now = [value_at(h, count) for h in (method.b1, method.b2, method.eps, *more)]

    @per_dtype
    def constants(like: Any) -> tuple[Any, ...]:
        xp, lr, t, b1, b2, eps, *rest = scalars(like, rate, count + 1, *now)
        c1, c2 = bias_correction(xp, b1, t), bias_correction(xp, b2, t)
        return xp, -lr, b1, b2, eps / xp.sqrt(c2) if eps_hat else eps, c1, c2, *rest

    return constants


def moments(g: Any, m: Any, v: Any, b1: Any, b2: Any) -> tuple[Any, Any]:
    """Return the running means of a gradient, in its working dtype, and of its square."""
    return ema(b1, m, g), ema(b2, v, g * g)
