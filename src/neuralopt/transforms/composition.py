"""Transforms and an optimizer one after the other."""

import functools
import itertools
import operator
from typing import Any, ClassVar, NamedTuple

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import method
from neuralopt.core.validation import check_params
from neuralopt.transforms.base import Transform
from neuralopt.transforms.state_check import check_state


class ChainState(NamedTuple):
    """State of a chain."""

    learning_rate: Any  # (), in force at the last update; NaN when no stage has one
    stages: tuple[Any, ...]


@method
class Chain(Transform):
    """Several transforms one after the other; made by `chain`.

    Parameters
    ----------
    stages : tuple of Transform
        In the order in which they are applied.
    """

    stages: tuple[Any, ...] = ()

    stage: ClassVar[str] = "optimizer"

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the optimizer in the chain."""
        return next(s.learning_rate for s in self.stages if s.stage == "optimizer")

    @property
    def full_batch(self) -> bool:
        """Whether the optimizer in the chain is meant for the whole data at once."""
        return any(getattr(s, "full_batch", False) for s in self.stages)

    @property
    def searches(self) -> bool:
        """Whether any stage asks for the loss at other parameters."""
        return any(s.searches for s in self.stages)

    @property
    def averages(self) -> bool:
        """Whether any stage is evaluated at averaged parameters."""
        return any(s.averages for s in self.stages)

    def evaluation_params(self, params: Any, state: ChainState) -> Any:
        """Return what the stages make of the parameters, in order; see `Transform.evaluation_params`."""
        for stage, inner in zip(self.stages, state.stages, strict=True):
            params = stage.evaluation_params(params, inner)
        return params

    @property
    def guards(self) -> bool:
        """Whether any stage may skip a step."""
        return any(s.guards for s in self.stages)

    def skipped(self, state: ChainState) -> Any:
        """Return how many steps the stages skipped; see `Transform.skipped`."""
        return sum(s.skipped(inner) for s, inner in zip(self.stages, state.stages, strict=True))

    def diverged(self, state: ChainState) -> Any:
        """Return whether any stage has; see `Transform.diverged`."""
        found = [s.diverged(inner) for s, inner in zip(self.stages, state.stages, strict=True) if s.guards]
        return functools.reduce(operator.or_, found, False)

    def init(self, params: Any) -> ChainState:
        """Return the states of all stages; see `Transform.init`."""
        check_params(params)
        states = tuple(s.init(params) for s in self.stages)
        return ChainState(_learning_rate_of(states), states)

    def update(
        self, grads: Any, state: ChainState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, ChainState]:
        """Pass the gradients through every stage in order; see `Transform.update`."""
        if type(state) is not ChainState or len(state.stages) != len(self.stages):
            check_state(self, state, params)
        states = []
        for stage, old in zip(self.stages, state.stages, strict=True):
            grads, new = stage.update(grads, old, params, value=value, value_fn=value_fn)
            states.append(new)
        return grads, ChainState(_learning_rate_of(states), tuple(states))


def _learning_rate_of(states: Any) -> Any:
    return next(s.learning_rate for s in states if hasattr(s, "learning_rate"))


def chain(*stages: Transform) -> Chain:
    """Compose gradient transforms and one optimizer into an optimizer.

    Parameters
    ----------
    *stages : Transform
        Gradient transforms first, then exactly one optimizer, then update transforms.

    Returns
    -------
    Chain
        With the one ``update`` signature; its state has the learning rate in force.

    Raises
    ------
    InvalidArgument
        When there is not exactly one optimizer, or the order breaks the law.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt import optimizers, transforms
    >>> opt = transforms.chain(transforms.ClipByGlobalNorm(1.0), optimizers.SGD(0.5))
    >>> params = [np.array([0.0, 0.0])]
    >>> updates, state = opt.update([np.array([3.0, 4.0])], opt.init(params), params)
    >>> updates[0].round(3), float(state.learning_rate)
    (array([-0.3, -0.4]), 0.5)
    """
    order = {"gradient": 0, "optimizer": 1, "update": 2}
    for stage in stages:
        if not isinstance(stage, Transform):
            raise InvalidArgument(
                f"chain takes transforms and one optimizer, got {stage!r} of type {type(stage).__name__}. "
                "An optax transformation enters by neuralopt.optimizers.from_optax."
            )
    count = sum(s.stage == "optimizer" for s in stages)
    found = ", ".join(type(s).__name__ for s in stages) or "nothing"
    if count != 1:
        raise InvalidArgument(f"chain needs exactly one optimizer, got {count} in ({found}).")
    for before, after in itertools.pairwise(stages):
        if order[before.stage] > order[after.stage]:
            raise InvalidArgument(
                f"chain: {type(after).__name__} works on {_works_on(after)} and cannot stand after "
                f"{type(before).__name__}. Put it earlier: gradient transforms, optimizer, update transforms."
            )
    return Chain(tuple(stages))


def _works_on(stage: Transform) -> str:
    return "updates" if stage.stage == "update" else "gradients"
