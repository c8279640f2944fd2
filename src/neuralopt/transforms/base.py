"""The protocol that transforms and optimizers share, and their composition."""

import abc
import functools
import itertools
import operator
from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method
from neuralopt.core.namespace import namespace
from neuralopt.core.validation import check_params


class Transform(abc.ABC):
    """Something that turns gradients into gradients, or gradients into updates.

    A transform is an immutable value; all that changes is in the state it
    hands out and takes back.

    Attributes
    ----------
    stage : {"gradient", "optimizer", "update"}
        Where it may stand in a `chain`: before the optimizer, as the
        optimizer, or after it.
    averages : bool
        Whether `evaluation_params` gives other parameters than those that are
        trained. Batch-norm statistics are then estimated anew for them.
    guards : bool
        Whether steps may be skipped for a gradient or loss that is not finite;
        a training loop then asks `diverged` whether to go on, and not the loss.
    decay_kind : {"decoupled", "L2", "unknown"}
        What a field named ``weight_decay`` does in this class, for `decay_policy`; ``"unknown"``
        for classes that compute elsewhere and may decay by rules of their own.
    """

    stage: ClassVar[str] = "gradient"
    decay_kind: ClassVar[str] = "decoupled"

    @property
    def averages(self) -> bool:
        """Whether the parameters to evaluate are not those that are trained."""
        return False

    def evaluation_params(self, params: Any, state: Any) -> Any:
        """Return the parameters to evaluate and to keep: an average, for methods that form one.

        Parameters
        ----------
        params : tree
            Those that are trained, where gradients are taken.
        state : NamedTuple
            The state that belongs to them.

        Returns
        -------
        tree
            Of the structure and dtypes of ``params``; by default ``params`` themselves.
        """
        return params

    @property
    def guards(self) -> bool:
        """Whether steps may be skipped because a gradient or a loss is not finite."""
        return False

    def skipped(self, state: Any) -> Any:
        """Return how many steps were skipped so far.

        Parameters
        ----------
        state : NamedTuple
            After any update.

        Returns
        -------
        int array of shape (), or 0
            0 without a guard.
        """
        return 0

    def diverged(self, state: Any) -> Any:
        """Return whether so many steps in a row were skipped that there is no point in going on.

        Parameters
        ----------
        state : NamedTuple
            After any update.

        Returns
        -------
        bool array of shape (), or False
            False without a guard.
        """
        return False

    @abc.abstractmethod
    def init(self, params: Any) -> Any:
        """Return the first state for these parameters.

        Parameters
        ----------
        params : tree of float arrays
            NumPy or JAX.

        Returns
        -------
        NamedTuple
            Arrays only; shapes and dtypes never change afterwards.
        """

    @abc.abstractmethod
    def update(
        self, grads: Any, state: Any, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, Any]:
        """Return the transformed gradients (an optimizer: what to add to the parameters) and the next state.

        Parameters
        ----------
        grads : tree
            Gradients, of the structure of ``params``.
        state : NamedTuple
            From `init` or the update before.
        params : tree
            The parameters that the gradients were taken at.
        value : array, optional
            The loss at ``params``; read by methods that need it.
        value_fn : callable, optional
            The loss as a function of parameters; called by line searches.

        Returns
        -------
        updates : tree
            Of the structure and dtypes of ``params``.
        state : NamedTuple
            The next state.
        """


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

    stages: tuple[Any, ...] = hyper(())

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


class CountState(NamedTuple):
    """State of a transform that only counts its updates."""

    count: Any  # (), int32


def zero_count(params: Any) -> Any:
    """Return the int32 zero that a state's ``count`` starts from, in the namespace of the parameters."""
    xp = namespace(*tree.leaves(params))
    return xp.asarray(0, dtype=xp.int32)
