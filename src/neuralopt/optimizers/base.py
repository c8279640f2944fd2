"""What all optimizers have in common."""

from collections.abc import Callable
from typing import Any, ClassVar

from neuralopt.core import tree
from neuralopt.core.kernels import bias_correction as bias_correction
from neuralopt.core.kernels import ema as ema
from neuralopt.core.kernels import finish as finish
from neuralopt.core.kernels import per_dtype as per_dtype
from neuralopt.core.kernels import scalars as scalars
from neuralopt.core.kernels import work as work
from neuralopt.core.method import check_single, hyper, value_at
from neuralopt.core.namespace import namespace
from neuralopt.core.validation import check_params, check_same_structure
from neuralopt.transforms.base import Transform
from neuralopt.transforms.state_check import check_state

#: What the fields of Adam's family mean. A state class that has them says so by ``meanings = MOMENTS``, and
#: `warm_start` then hands them from one method to another; all other fields stay with their method.
MOMENTS = {"mu": "running mean of gradients from 0", "nu": "running mean of squared gradients from 0"}


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
        check_single(self)
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

    def _begin(self, grads: Any, state: Any, params: Any) -> tuple[Any, Any]:
        """Check the gradients and the state; return the 1-based step t and the learning rate in force."""
        check_same_structure(params, grads)
        check_state(self, state, params)
        return state.count + 1, self._rate(state.count, params)


def eps_hyper(default: Any) -> Any:
    """Declare the least divisor, or what is added to it, under its one law: above 0."""
    cure = "With 0 an entry whose gradient was always 0 would be 0 / 0. Give a tiny one: eps=1e-30."
    return hyper(default, low=0, low_open=True, cure=cure)


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
        Of the parameter; gives ``(xp, -rate, b1, b2, eps, k1, k2, *more)``. The bias corrections
        are factors, because a division by a scalar costs as much as one by an array: ``k1 * mu``
        is the corrected first moment, ``k2 * sqrt(nu)`` the root of the corrected second one.
    """
    now = [value_at(h, count) for h in (method.b1, method.b2, method.eps, *more)]

    @per_dtype
    def constants(like: Any) -> tuple[Any, ...]:
        xp, lr, t, b1, b2, eps, *rest = scalars(like, rate, count + 1, *now)
        k1, k2 = 1 / bias_correction(xp, b1, t), 1 / xp.sqrt(bias_correction(xp, b2, t))
        return xp, -lr, b1, b2, eps * k2 if eps_hat else eps, k1, k2, *rest

    return constants


def moments(g: Any, m: Any, v: Any, b1: Any, b2: Any) -> tuple[Any, Any]:
    """Return the running means of a gradient, in its working dtype, and of its square."""
    return ema(b1, m, g), ema(b2, v, g * g)
