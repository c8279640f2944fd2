"""Optimizer states from and to optax, by the names of the parameters."""

from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.namespace import namespace
from neuralopt.optimizers.conventions import part
from neuralopt.optimizers.states import LoadedState, complete, fill_state, state_by_bare_name

_OPTAX = {
    "count": "count",
    "mu": "mu",
    "nu": "nu",
    "nu_max": "nu_max",
    "trace": "trace",
    "sum_of_squares": "accumulator",
    "e_g": "nu",
    "e_x": "delta",
    "m1": "mu",
    "m2": "mu_slow",
    "count_m2": "count",
    "exp_avg": "mu",
    "exp_avg_sq": "nu",
    "grad_sum": "sums",
    "params0": "start",
    "estim_lr": "d",
    "numerator_weighted": "numerator",
    "z": "z",
    "weight_sum": "weight_sum",
    "max_lr": "max_rate",
    "step_count": "count",
}
_FROM = {"step_count": 1}  # counts that begin there
_NUMBERS = ("hyperparams", "b1")  # hyperparameters that optax keeps in a state


def from_optax_state(
    optimizer: Any, params: Any, optax_state: Any, *, count: int | None = None
) -> LoadedState:
    """Return the state of one of our optimizers from that of its counterpart in optax.

    Parameters
    ----------
    optimizer : Transform
        The counterpart, with the conventions that optax has (``RMSprop(convention="optax")``).
    params : tree
        The parameters, of the structure that optax was given.
    optax_state : tree
        Of Adam, AdamW, AMSGrad, RAdam, LAMB, LARS, SGD, RMSprop, AdaGrad, AdaDelta, Lion, AdEMAMix,
        Prodigy (``bias_correction=True`` is optax's) or the Schedule-Free methods, also inside
        ``optax.chain`` or ``inject_hyperparams``.
    count : int >= 0, optional
        Updates done; needed where optax keeps no count.

    Returns
    -------
    LoadedState
        The state, and what was loaded; only ``learning_rate`` may be missing.

    Raises
    ------
    InvalidArgument
        When something is missing or does not fit, with its name.

    Examples
    --------
    >>> import jax.numpy as jnp, optax
    >>> from neuralopt.optimizers import Adam
    >>> params, theirs = {"w": jnp.ones(2)}, optax.adam(0.1)
    >>> _, state = theirs.update(params, theirs.init(params), params)
    >>> loaded = from_optax_state(Adam(0.1), params, state)
    >>> int(loaded.state.count), loaded.missing
    (1, ('learning_rate',))
    """
    found: dict[str, Any] = {}
    sign = _sign(optimizer)
    for name, leaf in zip(tree.names(optax_state), tree.leaves(optax_state), strict=True):
        ours, begin = _from_optax_name(name)
        if ours is not None:
            found.setdefault(
                ours, _signed(sign, ours, np.asarray(leaf) - begin if begin else np.asarray(leaf))
            )
    if count is not None:
        found["count"] = np.asarray(count, np.int32)
    if "count" not in found:
        raise InvalidArgument(
            f"this optax state keeps no count of updates, which {type(optimizer).__name__} needs for "
            "schedules and bias corrections. Pass count=, the updates done so far."
        )
    return complete(optimizer, fill_state(optimizer, params, found), "optax")


def to_optax_state(optimizer: Any, state: Any, template: Any) -> Any:
    """Return the optax state that goes on where one of our optimizers stands.

    Parameters
    ----------
    optimizer : Transform
        Ours, of those that `from_optax_state` names, also in a chain or wrapper.
    state : NamedTuple
        Its state.
    template : tree
        optax's own first state, ``transformation.init(params)``.

    Returns
    -------
    tree
        Like the template, with our values.

    Raises
    ------
    InvalidArgument
        When the template remembers something that our state does not have, or that is unknown here.

    Examples
    --------
    >>> import jax.numpy as jnp, optax
    >>> from neuralopt.optimizers import Adam
    >>> params, ours = {"w": jnp.ones(2)}, Adam(0.1)
    >>> _, state = ours.update(params, ours.init(params), params)
    >>> int(to_optax_state(ours, state, optax.adam(0.1).init(params))[0].count)
    1
    """
    have, sign = state_by_bare_name(state), _sign(optimizer)
    filled = []
    for name, leaf in zip(tree.names(template), tree.leaves(template), strict=True):
        ours, begin = _from_optax_name(name)
        if ours is None and not any(part in _NUMBERS for part in name.split("/")):
            raise InvalidArgument(
                f"optax remembers {name!r}, which has no counterpart in {type(state).__name__}: the exported "
                "state would go on from its first value. Known: the optimizers that from_optax_state names."
            )
        if ours is not None and ours not in have:
            raise InvalidArgument(
                f"optax remembers {name!r}, but {type(state).__name__} has no {ours!r}; it has "
                f"{', '.join(have)}. Likely cause: a template of another method or of other parameters."
            )
        if ours is not None:
            value = have[ours] + begin if begin else have[ours]
            leaf = namespace(leaf).asarray(_signed(sign, ours, value), dtype=leaf.dtype)
        filled.append(leaf)
    return tree.structure(template).unflatten(filled)


def _from_optax_name(name: str) -> tuple[str | None, int]:
    """Return our bare name for a path in an optax state, None without one, and where its count begins."""
    parts = name.split("/")
    for k, field in enumerate(parts):
        if field in _NUMBERS:
            return None, 0
        if field in _OPTAX:
            return "/".join([_OPTAX[field], *parts[k + 1 :]]), _FROM.get(field, 0)
    return None, 0


def _sign(optimizer: Any) -> int:
    """Return -1 where optax's velocity points the other way: with the learning rate, it holds the sign."""
    while hasattr(optimizer, "optimizer") or hasattr(optimizer, "stages"):
        stages = [optimizer.optimizer] if hasattr(optimizer, "optimizer") else optimizer.stages
        optimizer = next(stage for stage in stages if stage.stage == "optimizer")
    inside = hasattr(optimizer, "lr_in_momentum") and part(optimizer, "lr_in_momentum")
    return -1 if inside else 1


def _signed(sign: int, name: str, value: Any) -> Any:
    return sign * value if name.startswith("trace/") else value
