"""Parameter groups: every parameter is handled by exactly one of several optimizers."""

import functools
import operator
from typing import Any, ClassVar, NamedTuple

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import method, switch
from neuralopt.core.validation import check_params, check_same_structure
from neuralopt.transforms.base import Transform, zero_count
from neuralopt.transforms.masks import check_mask, selected

_REST = "default"


class PartitionState(NamedTuple):
    """State of `Partition`."""

    count: Any  # (), int32
    learning_rate: Any  # (), that of the first group with parameters, the default before the others
    groups: Any  # dict: name of the group -> its optimizer's state; () for a group without parameters


@method
class Partition(Transform):
    """Several optimizers, each with parameters of its own; made by `partition`.

    Parameters
    ----------
    default : Transform
        The optimizer of all that no mask selects.
    optimizers : tuple of Transform
        One for each named group.
    names : tuple of str
        Of the groups.
    masks : tuple of masks
        What each group takes; where two take the same parameter the earlier has it.
    """

    default: Any
    optimizers: Any = ()
    names: Any = switch(())
    masks: Any = switch(())

    stage: ClassVar[str] = "optimizer"

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the default group."""
        return self.default.learning_rate

    @property
    def full_batch(self) -> bool:
        """Whether any group is meant for the whole data at once."""
        return any(getattr(opt, "full_batch", False) for opt in self._groups().values())

    @property
    def searches(self) -> bool:
        """Whether any group asks for the loss at other parameters."""
        return any(opt.searches for opt in self._groups().values())

    @property
    def averages(self) -> bool:
        """Whether any group is evaluated at averaged parameters."""
        return any(opt.averages for opt in self._groups().values())

    def evaluation_params(self, params: Any, state: PartitionState) -> Any:
        """Return where the groups are evaluated; see `Transform.evaluation_params`."""
        made, groups = {}, self._groups()
        for name, part in self._split(params, params).items():
            made.update(groups[name].evaluation_params(part, state.groups[name]) if part else {})
        return _merge(made, params)

    @property
    def guards(self) -> bool:
        """Whether any group may skip a step."""
        return any(opt.guards for opt in self._groups().values())

    def skipped(self, state: PartitionState) -> Any:
        """Return how many steps the groups skipped; see `Transform.skipped`."""
        return sum(opt.skipped(inner) for opt, inner in self._with_states(state))

    def diverged(self, state: PartitionState) -> Any:
        """Return whether any group has; see `Transform.diverged`."""
        found = [opt.diverged(inner) for opt, inner in self._with_states(state) if opt.guards]
        return functools.reduce(operator.or_, found, False)

    def _with_states(self, state: PartitionState) -> list[tuple[Any, Any]]:
        """Return the groups that have parameters, each with its state."""
        pairs = [(opt, state.groups[name]) for name, opt in self._groups().items()]
        return [(opt, inner) for opt, inner in pairs if not (isinstance(inner, tuple) and inner == ())]

    def owned(self, params: Any) -> list[tuple[Any, set[str]]]:
        """Return every group's optimizer with the names of its parameters."""
        parts = self._split(params, params)
        return [(opt, set(parts[name])) for name, opt in self._groups().items()]

    def init(self, params: Any) -> PartitionState:
        """Return the states of all groups; a callable mask must match something. See `Transform.init`."""
        check_params(params)
        for name, mask in zip(self.names, self.masks, strict=True):
            if not isinstance(mask, str) and not any(tree.leaves(selected(mask, params))):
                raise InvalidArgument(
                    f"partition: the mask of group {name!r} matched no parameter of "
                    f"{', '.join(tree.names(params))}. "
                    "Likely cause: a name that is spelt otherwise. Leave the group out if nothing is meant."
                )
        groups = self._groups()
        parts = self._split(params, params)
        states = {name: groups[name].init(part) if part else () for name, part in parts.items()}
        return PartitionState(zero_count(params), _rate(states), states)

    def join(self, state: PartitionState, params: Any) -> PartitionState:
        """Return a state for parameters some of which are new: those begin in a group of their own.

        Groups that the state knows go on with what they remember; others get a first state, with a
        count of 0. So a parameter that joins late is not taken for one that had zero gradients.

        Parameters
        ----------
        state : PartitionState
            Of a partition with fewer groups, or with groups that had no parameters.
        params : tree
            All parameters, old and new.

        Returns
        -------
        PartitionState
            With the count of ``state``; an InvalidArgument when newcomers fall into a group that has a state.
        """
        fresh = self.init(params)
        states = {}
        for name, new in fresh.groups.items():
            old = state.groups.get(name, ())
            states[name] = new if old == () else old
            if old != () and _layout(old) != _layout(new):
                raise InvalidArgument(
                    f"partition: the group {name!r} has a state for other parameters. "
                    "Give the parameters that join a group of their own."
                )
        return PartitionState(state.count, _rate(states), states)

    def update(
        self, grads: Any, state: PartitionState, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, PartitionState]:
        """Let every group's optimizer update its own; see `Transform.update`."""
        check_same_structure(params, grads)
        if not isinstance(state, PartitionState) or set(state.groups) != set(self._groups()):
            # the groups' own states are checked by their optimizers
            raise InvalidArgument(
                f"partition: update takes a state of the groups {', '.join(self._groups())}, got "
                f"{', '.join(state.groups) if isinstance(state, PartitionState) else type(state).__name__}. "
                "Likely cause: a state of another optimizer. Begin by optimizer.init(params), "
                "or take groups in by join."
            )
        updates, states, groups = {}, {}, self._groups()
        split = self._split(grads, params)
        for name, part in self._split(params, params).items():
            if not part:
                states[name] = ()
                continue
            of_part = None if value_fn is None else _restrict(value_fn, params)
            moved, states[name] = groups[name].update(
                split[name], state.groups[name], part, value=value, value_fn=of_part
            )
            updates.update(moved)
        return _merge(updates, params), PartitionState(state.count + 1, _rate(states), states)

    def _groups(self) -> dict[str, Any]:
        return {_REST: self.default, **dict(zip(self.names, self.optimizers, strict=True))}

    def _split(self, values: Any, params: Any) -> dict[str, dict[str, Any]]:
        """Return group name -> leaf name -> leaf of ``values``; the masks are asked about ``params``."""
        parts: dict[str, dict[str, Any]] = {name: {} for name in self._groups()}
        names = tree.names(params)
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InvalidArgument(
                f"partition: two parameters have the name {twice!r}. Likely cause: a key with a slash in it."
            )
        owners = [_REST] * len(names)
        for group, mask in reversed(list(zip(self.names, self.masks, strict=True))):
            takes = tree.leaves(selected(mask, params))
            owners = [group if take else owner for take, owner in zip(takes, owners, strict=True)]
        for owner, name, leaf in zip(owners, names, tree.leaves(values), strict=True):
            parts[owner][name] = leaf
        return parts


def partition(default: Transform, **groups: tuple[Any, Transform]) -> Partition:
    """Train some parameters by optimizers of their own: the parameter groups of other libraries.

    Parameters
    ----------
    default : Transform
        The optimizer of all that no group takes. Its learning rate is the one that a sweep sets.
    **groups : (mask, Transform)
        Name of a group = what it takes, and its optimizer. A mask is ``"matrices"``, ``"all"`` or a
        callable of (name, array); where two take the same parameter the earlier group has it.

    Returns
    -------
    Partition
        An optimizer. Each group has its own state and count, which hold nothing of the others' parameters.

    Raises
    ------
    InvalidArgument
        When a group is not a mask and an optimizer, or is named ``"default"``.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.optimizers import SGD, Adam
    >>> opt = partition(Adam(0.1), embedding=(lambda name, leaf: "embed" in name, SGD(0.5)))
    >>> params = {"embed": np.array([1.0]), "W": np.array([1.0])}
    >>> updates, state = opt.update({"embed": np.ones(1), "W": np.ones(1)}, opt.init(params), params)
    >>> updates["embed"], updates["W"].round(6), float(state.learning_rate)
    (array([-0.5]), array([-0.1]), 0.1)
    """
    masks, optimizers = [], []
    for name, group in {_REST: ("all", default), **groups}.items():
        if not isinstance(group, tuple | list) or len(group) != 2:
            raise InvalidArgument(
                f"partition: group {name!r} must be a pair (mask, optimizer), got {group!r}."
            )
        mask, optimizer = group
        check_mask(mask)
        if getattr(optimizer, "stage", None) != "optimizer":
            raise InvalidArgument(f"partition: group {name!r} needs an optimizer, got {optimizer!r}.")
        masks.append(mask)
        optimizers.append(optimizer)
    return Partition(default, tuple(optimizers[1:]), tuple(groups), tuple(masks[1:]))


def _merge(named: dict[str, Any], like: Any) -> Any:
    return tree.structure(like).unflatten([named[name] for name in tree.names(like)])


def _restrict(value_fn: Any, params: Any) -> Any:
    """Return the loss as a function of one group's parameters, the others staying where they are."""
    whole = dict(zip(tree.names(params), tree.leaves(params), strict=True))
    return lambda part: value_fn(_merge({**whole, **part}, params))


def _rate(states: dict[str, Any]) -> Any:
    return next(state.learning_rate for state in states.values() if state != ())


def _layout(state: Any) -> Any:
    return tree.names(state), [np.shape(leaf) for leaf in tree.leaves(state)]
