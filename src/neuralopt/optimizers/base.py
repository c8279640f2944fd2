"""What all optimizers have in common."""

from typing import Any, ClassVar

from neuralopt.core import tree
from neuralopt.core.kernels import bias_correction as bias_correction
from neuralopt.core.kernels import ema as ema
from neuralopt.core.kernels import finish as finish
from neuralopt.core.kernels import per_dtype as per_dtype
from neuralopt.core.kernels import scalars as scalars
from neuralopt.core.kernels import work as work
from neuralopt.core.method import value_at
from neuralopt.core.namespace import namespace
from neuralopt.core.validation import check_params, check_same_structure
from neuralopt.transforms.base import Transform


class Optimizer(Transform):
    """A method that turns gradients into updates.

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
