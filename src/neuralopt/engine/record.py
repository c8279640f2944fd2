"""The effective values of what is scheduled, for the history."""

from typing import Any

from neuralopt.core.namespace import namespace
from neuralopt.engine.noise import Noise
from neuralopt.schedules import scheduled, settle
from neuralopt.transforms import Chain
from neuralopt.transforms.wrapper import Wrapper


def effective(
    optimizer: Any, noise: Noise | None, feedback: Any, opt_state: Any, step: Any
) -> dict[str, Any]:
    """Return the values that scheduled hyperparameters and rates had at the last step of an epoch.

    Parameters
    ----------
    optimizer : Transform
    noise : Noise or None
    feedback : (tuple, tuple)
        The states in force during the epoch.
    opt_state : NamedTuple
        After the epoch; parts of an optimizer may count fewer steps than the loop.
    step : int array of shape ()
        The epoch's last step.

    Returns
    -------
    dict of str to array
        Without the learning rate, which the optimizer's state tells; parameter groups have several,
        so theirs are here.
    """
    found = _of(settle(optimizer, feedback[0]), opt_state, step, "")
    if noise is not None:
        found |= scheduled({"dropout": settle(noise.rates, feedback[1])}, step)
    return found


def _of(part: Any, state: Any, step: Any, prefix: str) -> dict[str, Any]:
    if isinstance(part, Chain):
        stages = zip(part.stages, state.stages, strict=True)
        parts = [_of(stage, own, step, f"{prefix}stages/{k}/") for k, (stage, own) in enumerate(stages)]
        return {name: value for found in parts for name, value in found.items()}
    if hasattr(state, "count"):
        xp = namespace(state.count)
        step = xp.maximum(state.count - 1, xp.zeros_like(state.count))
    values = scheduled(part, step)
    values.pop("learning_rate", None)
    own = {f"{prefix}{name}": value for name, value in values.items()}
    if isinstance(part, Wrapper):
        inside = f"{prefix}optimizer/"
        own = {name: value for name, value in own.items() if not name.startswith(inside)}
        own |= _of(part.optimizer, state.inner, step, inside)
    return own
