"""What is scheduled in a value, and what is in force at a step."""

from typing import Any

from neuralopt.core import tree
from neuralopt.schedules.base import Schedule


def scheduled(part: Any, step: Any) -> dict[str, Any]:
    """Return the value in force of every hyperparameter that is a schedule.

    Parameters
    ----------
    part : tree
        An optimizer, a chain, a wrapper, or a tuple of such; feedback schedules settled, units bound.
    step : int array
        Of any shape, counted from 0.

    Returns
    -------
    dict of str to array
        By the path to the hyperparameter. Of schedules inside a schedule only the outermost counts.

    Examples
    --------
    >>> from neuralopt import optimizers, schedules, transforms
    >>> opt = transforms.chain(
    ...     transforms.ClipByGlobalNorm(schedules.Cosine(2.0, 10)), optimizers.SGD(0.1)
    ... )
    >>> {name: float(value) for name, value in scheduled(opt, 0).items()}
    {'stages/0/max_norm': 2.0}
    """

    def outermost(node: Any) -> bool:
        return isinstance(node, Schedule)

    found = zip(tree.names(part, outermost), tree.leaves(part, outermost), strict=True)
    return {name: leaf(step) for name, leaf in found if callable(leaf)}
