"""What the Schedule-Free methods have in common: warm-up, averaging weights, the point to evaluate."""

from typing import Any

from neuralopt.core import tree
from neuralopt.core.namespace import namespace
from neuralopt.optimizers.base import Optimizer, finish, work


class ScheduleFree(Optimizer):
    """A method that is trained at y, steps at z and is evaluated at their average x.

    Attributes
    ----------
    b1 : float
        Part of x in y.
    warmup_steps : float
        Steps over which the rate rises.
    """

    b1: Any
    warmup_steps: Any

    @property
    def averages(self) -> bool:
        """Always: the parameters to evaluate are the average."""
        return True

    def evaluation_params(self, params: Any, state: Any) -> Any:
        """Return the average x, from y and z; see `Transform.evaluation_params`."""

        def leaf(y: Any, z: Any) -> Any:
            b1 = tree.cast(self.b1, z.dtype, z)
            return finish(z + (work(y) - z) / b1, y)  # y = (1 - b1) z + b1 x, solved for x

        return tree.map(leaf, params, state.z)

    def _start(self, params: Any) -> tuple[Any, Any, Any, Any]:
        """Return the first four entries of the state: count, rate in force, largest rate, sum of weights."""
        count, rate = self._first(params)
        rate = self._warmed(rate, count + 1)
        zero = namespace(rate).zeros_like(rate)
        return count, rate, zero, zero

    def _warmed(self, rate: Any, t: Any) -> Any:
        """Return the rate at the 1-based step t of the warm-up; the given rate without one."""
        xp = namespace(rate, t)
        step, steps = (tree.cast(v, rate.dtype, rate) for v in (t, self.warmup_steps))
        return rate * xp.minimum(step / xp.maximum(steps, xp.ones_like(step)), xp.ones_like(step))

    def _weigh(self, grads: Any, state: Any, params: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Return t, the next three entries of the state, and the part c that the new iterate has in x."""
        t, rate = self._begin(grads, state, params)
        rate = self._warmed(rate, t)
        xp = namespace(rate, state.max_rate)
        highest = xp.maximum(rate, state.max_rate)
        weight = highest * highest
        total = state.weight_sum + weight
        some = total > xp.zeros_like(total)
        # while every rate was 0 nothing has moved, and any average of the iterates is the same
        part = xp.where(some, weight / xp.where(some, total, xp.ones_like(total)), xp.zeros_like(total))
        return t, rate, highest, total, part


def copied(params: Any) -> Any:
    """Return the parameters in their working dtypes, in memory of their own, so that both can be donated."""
    return tree.map(
        lambda leaf: namespace(leaf).asarray(leaf, dtype=tree.working_dtype(leaf), copy=True), params
    )
