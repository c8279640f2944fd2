"""Optimizer states from and to torch, by the names of the parameters; torch itself is not imported."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers.states import LoadedState, complete, fill_state, state_by_bare_name

_ADAM = {"mu": "exp_avg", "nu": "exp_avg_sq"}
_TORCH = {
    "AdamState": _ADAM,
    "AMSGradState": {**_ADAM, "nu_max": "max_exp_avg_sq"},
    "SGDState": {"trace": "momentum_buffer"},
    "RMSpropState": {"nu": "square_avg", "mu": "grad_avg", "trace": "momentum_buffer"},
    "AdaGradState": {"accumulator": "sum"},
    "AdaDeltaState": {"nu": "square_avg", "delta": "acc_delta"},
}
Layout = Callable[[str, np.ndarray], np.ndarray]


def from_torch_state(
    optimizer: Any,
    params: Any,
    state_dict: Mapping[str, Any],
    names: Sequence[str],
    *,
    layout: Layout | None = None,
) -> LoadedState:
    """Return the state of one of our optimizers from a torch optimizer's ``state_dict``.

    Parameters
    ----------
    optimizer : Transform
        The counterpart of Adam, AdamW, RAdam, SGD, RMSprop, Adagrad or Adadelta in torch.
    params : tree
        The parameters, already in our layout.
    state_dict : mapping
        ``torch_optimizer.state_dict()``.
    names : sequence of str
        Our name of every parameter (``core.tree.names``), in the order in which torch was given them.
    layout : callable, optional
        Turns ``(name, array)`` from torch's layout into ours: torch keeps dense weights as
        (outputs, inputs), we as (inputs, outputs).

    Returns
    -------
    LoadedState
        The state, and what was loaded; only ``learning_rate`` may be missing.

    Raises
    ------
    InvalidArgument
        When parameters have had different numbers of updates, or something does not fit.
    """
    fields = {theirs: ours for ours, theirs in _torch_fields(optimizer.init(params)).items()}
    entries = state_dict["state"]
    order = [index for group in state_dict["param_groups"] for index in group["params"]]
    _check_names(len(order), names)
    found: dict[str, Any] = {}
    steps = {int(entries[i]["step"]) for i in order if "step" in entries.get(i, {})}
    if len(steps) > 1:
        raise InvalidArgument(
            f"torch's parameters have had {sorted(steps)} updates, one optimizer here counts for all. "
            "Give those that joined later a group of their own in Partition."
        )
    found["count"] = np.asarray(steps.pop() if steps else 0, np.int32)
    for index, name in zip(order, names, strict=True):
        for theirs, value in entries.get(index, {}).items():
            if theirs in fields:
                array = np.asarray(value).copy()
                found[f"{fields[theirs]}/{name}"] = layout(name, array) if layout else array
    return complete(optimizer, fill_state(optimizer, params, found), "torch")


def to_torch_state(
    state: Any, torch_optimizer: Any, names: Sequence[str], *, layout: Layout | None = None
) -> dict[str, Any]:
    """Return a ``state_dict`` with which a torch optimizer goes on where ours stands.

    Parameters
    ----------
    state : NamedTuple
        Of the optimizers that `from_torch_state` names.
    torch_optimizer : torch.optim.Optimizer
        The counterpart; its groups and hyperparameters are kept.
    names : sequence of str
        Our name of every parameter, in the order in which torch was given them.
    layout : callable, optional
        Turns ``(name, array)`` from our layout into torch's.

    Returns
    -------
    dict
        For ``torch_optimizer.load_state_dict``.

    Raises
    ------
    InvalidArgument
        When the numbers of parameters differ, or our state lacks a name.
    """
    fields, have = _torch_fields(state), state_by_bare_name(state)
    tensors = [p for group in torch_optimizer.param_groups for p in group["params"]]
    _check_names(len(tensors), names)
    entries: dict[int, dict[str, Any]] = {}
    for index, (tensor, name) in enumerate(zip(tensors, names, strict=True)):
        entries[index] = {"step": tensor.new_tensor(float(have["count"])).float()}
        for ours, theirs in fields.items():
            key = f"{ours}/{name}"
            if key not in have:
                raise InvalidArgument(f"our state has no {key!r}; it has {', '.join(have)}.")
            array = layout(name, have[key]) if layout else have[key]
            entries[index][theirs] = tensor.new_tensor(np.ascontiguousarray(array))
    return {"state": entries, "param_groups": torch_optimizer.state_dict()["param_groups"]}


def _torch_fields(state: Any) -> dict[str, str]:
    """Return our fields and torch's names for them, for the optimizer innermost in a state."""
    own = state
    while hasattr(own, "inner") or hasattr(own, "stages"):
        own = (
            own.inner if hasattr(own, "inner") else next(s for s in own.stages if hasattr(s, "learning_rate"))
        )
    kind = type(own).__name__
    if kind not in _TORCH:
        raise InvalidArgument(f"torch has no counterpart of {kind}. Known: {', '.join(_TORCH)}.")
    # fields that are switched off, such as a velocity without momentum, have no leaves
    return {ours: theirs for ours, theirs in _TORCH[kind].items() if tree.leaves(getattr(own, ours))}


def _check_names(count: int, names: Sequence[str]) -> None:
    if count != len(names):
        raise InvalidArgument(
            f"torch has {count} parameters, names has {len(names)}. Give one name for each, in torch's order."
        )
