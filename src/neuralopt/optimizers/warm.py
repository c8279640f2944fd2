"""Go on with another optimizer from what one has learned."""

from typing import Any, NamedTuple

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers.states import LoadedState, bare, filled, state_by_name
from neuralopt.transforms.composition import ChainState
from neuralopt.transforms.partition import PartitionState


def warm_start(optimizer: Any, params: Any, state: Any) -> LoadedState:
    """Return a state for one optimizer from what another one has learned.

    A name does not say what a field means, so only these are handed over: all fields between states of
    one class, which is meant to have the same switches, and the two moments of Adam's family between
    its members (Adam, AdamW, NAdamW, AMSGrad, RAdam, AdaBound, LAMB, AdEMAMix). Everything else starts
    anew. Wrappers and chains on either side are looked through; the count that goes with the moments
    is that of the innermost optimizer. The groups of a `Partition` are matched by name. The learning
    rate in force is the new optimizer's own.

    Parameters
    ----------
    optimizer : Transform
        The optimizer to go on with.
    params : tree
        The parameters.
    state : NamedTuple
        The state of the optimizer before, for the same parameters.

    Returns
    -------
    LoadedState
        The state, and which names were taken over, start anew and were not used.

    Raises
    ------
    InvalidArgument
        When the two optimizers have no field in common, or a shape does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.optimizers import Adam, AdamW
    >>> before, params = Adam(), {"w": np.ones(2)}
    >>> _, state = before.update(params, before.init(params), params)
    >>> warm = warm_start(AdamW(), params, state)
    >>> warm.state.inner.mu["w"], warm.missing
    (array([0.1, 0.1]), ('inner/learning_rate', 'learning_rate'))
    """
    _check_state(state)
    first, values = optimizer.init(params), state_by_name(state)
    source, target = _roles(state), _roles(first)
    names = {role: name for name, role in source.items()}
    taken = {name: names[role] for name, role in target.items() if not role.is_count and role in names}
    learned = {target[name].scope for name in taken if target[name].innermost}
    # beside moments that start anew nothing is kept: neither an average nor a count
    taken = {name: theirs for name, theirs in taken.items() if target[name].scope in learned}
    if not taken:
        owner = type(optimizer).__name__
        raise InvalidArgument(
            f"{owner} can take nothing over: its state holds {_fields(tree.names(first))}, the one before "
            f"{_fields(values)}, and none of one means what one of the other does. "
            f"Start it anew: {owner}.init(params)."
        )
    for name, role in target.items():
        if role.is_count and any(scope.startswith(role.scope) for scope in learned):
            taken[name] = names.get(role, names[role._replace(owner=())])
    unused = set(source) - set(taken.values())
    unexpected = tuple(name for name in source if name in unused and not source[name].is_count)
    return filled(optimizer, first, {name: values[theirs] for name, theirs in taken.items()}, unexpected)


class _Role(NamedTuple):
    """What one array of a state is, beside the wrappers around: equal roles can be exchanged."""

    scope: str  # the group of a partition, and the group in that one; "" outside of partitions
    owner: Any  # of a moment its meaning, of another field its class, of a count the classes inside of it
    field: str  # field and name of the parameter, or "count"
    turn: int = 0  # how many roles like this are further inside
    innermost: bool = False  # whether it is the optimizer's own, of no wrapper

    @property
    def is_count(self) -> bool:
        return self.field == "count"


def _roles(state: Any) -> dict[str, _Role]:
    """Return the name of every array with its role, learning rates left out."""
    roles: dict[str, _Role] = {}
    seen: dict[_Role, int] = {}
    for prefix, node, kinds, scope, innermost in _nodes(state, "", "")[0]:
        meanings = getattr(type(node), "meanings", {})
        for field in node._fields:
            if field == "learning_rate" or (field in _INSIDE and _looked_through(node)):
                continue
            for rest in tree.names(getattr(node, field)):
                path = f"{field}/{rest}" if rest else field
                # what optax keeps says by its own classes what it is
                own = tree.structure(node.inner) if field == "inner" else type(node)
                owner = kinds if field == "count" else meanings.get(field, own)
                role = _Role(scope, owner, path, innermost=innermost and field != "count")
                turn = seen.get(role, 0)
                seen[role] = turn + 1
                roles[prefix + path] = role if field == "count" else role._replace(turn=turn)
    return roles


_INSIDE = ("inner", "stages", "groups")


def _looked_through(node: Any) -> bool:
    """Return whether a state holds those of other optimizers; what optax keeps is none of ours."""
    inner = getattr(node, "inner", None)
    return isinstance(node, ChainState | PartitionState) or hasattr(inner, "learning_rate")


def _nodes(state: Any, prefix: str, scope: str) -> tuple[list[tuple[str, Any, tuple, str, bool]], tuple]:
    """Return the states in a state, innermost first, and the classes of wrappers that count.

    Every state comes with its prefix, the classes from it inwards, its scope, and whether it is
    the innermost.
    """
    if isinstance(state, ChainState):
        at = next(k for k, stage in enumerate(state.stages) if hasattr(stage, "learning_rate"))
        nodes, kinds = _nodes(state.stages[at], f"{prefix}stages/{at}/", scope)
        others = [(k, stage) for k, stage in enumerate(state.stages) if k != at]
        # every stage sees as many steps as the optimizer beside it
        return [*nodes, *((f"{prefix}stages/{k}/", s, kinds, scope, False) for k, s in others)], kinds
    if isinstance(state, PartitionState):
        nodes = [
            node
            for name, group in state.groups.items()
            if group != ()
            for node in _nodes(group, f"{prefix}groups/{name}/", f"{scope}{name}/")[0]
        ]
        return [*nodes, (prefix, state, (), scope, False)], ()
    if _looked_through(state):
        nodes, kinds = _nodes(state.inner, f"{prefix}inner/", scope)
        kinds = (type(state), *kinds)
        return [*nodes, (prefix, state, kinds, scope, False)], kinds
    return [(prefix, state, (), scope, True)], ()


def _check_state(state: Any) -> None:
    if not (isinstance(state, tuple) and hasattr(state, "learning_rate")):
        raise InvalidArgument(
            f"warm_start takes the state of an optimizer, from init or update, got {type(state).__name__}. "
            "Saved arrays become one by load_state(optimizer, params, saved).state."
        )


def _fields(names: Any) -> str:
    return ", ".join(dict.fromkeys(bare(name).partition("/")[0] for name in names))
