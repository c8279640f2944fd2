"""The founding document's calls that make an optimizer of configurations."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from neuralopt import optimizers
from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.schedules import Cosine, PerEpoch
from neuralopt.transforms import ClipByGlobalNorm, ClipByValue, L2Decay, chain

Settings = Sequence[tuple[str, Any]] | Mapping[str, Any] | None


@dataclasses.dataclass(frozen=True)
class AdamConfig:
    """Hyperparameters of the Adam family; see `create_adam_config`."""

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    amsgrad: bool = False


@dataclasses.dataclass(frozen=True)
class CosineAnnealing:
    """A cosine from the learning rate down; see `create_cosine_annealing_scheduler`."""

    T_max: float
    eta_min: float = 0.0
    last_epoch: int = -1


def create_adam_config(settings: Settings = None, **given: Any) -> AdamConfig:
    """Return hyperparameters of Adam.

    Parameters
    ----------
    settings : sequence of pairs or mapping, optional
        The arguments below by name, in place of them: ``[("learning_rate", 0.001), ...]``.
    **given
        ``learning_rate`` (1e-3), ``beta1`` (0.9), ``beta2`` (0.999), ``epsilon`` (1e-8), ``weight_decay`` (0)
        and ``amsgrad`` (False).

    Returns
    -------
    AdamConfig
        For `create_neural_optimizer`.

    Raises
    ------
    InvalidArgument
        For unknown names. Values are checked when the optimizer is made.

    Examples
    --------
    >>> create_adam_config([("learning_rate", 0.01), ("amsgrad", True)]).amsgrad
    True
    """
    return _made(AdamConfig, settings, given)


def create_cosine_annealing_scheduler(settings: Settings = None, **given: Any) -> CosineAnnealing:
    """Return a learning rate that falls along half a cosine, from that of the optimizer's configuration.

    Parameters
    ----------
    settings : sequence of pairs or mapping, optional
        The arguments below by name, in place of them.
    **given
        ``T_max``, epochs until the end; ``eta_min`` (0), the learning rate there; ``last_epoch``, -1 alone:
        a run is gone on with by its checkpoint.

    Returns
    -------
    CosineAnnealing
        For `create_neural_optimizer`.

    Raises
    ------
    InvalidArgument
        For unknown names, a missing ``T_max`` and another ``last_epoch``.

    Examples
    --------
    >>> create_cosine_annealing_scheduler([("T_max", 100), ("eta_min", 1e-6), ("last_epoch", -1)])
    CosineAnnealing(T_max=100, eta_min=1e-06, last_epoch=-1)
    """
    made = _made(CosineAnnealing, settings, given)
    if made.last_epoch != -1:
        raise InvalidArgument(
            f"last_epoch must be -1, got {made.last_epoch!r}: a schedule begins with its run. To go on with "
            "a run give train_neural_network checkpoint= and resume=True."
        )
    return made


def create_neural_optimizer(settings: Settings = None, **given: Any) -> Any:
    """Return an optimizer with its schedule and its clipping.

    Parameters
    ----------
    settings : sequence of pairs or mapping, optional
        The arguments below by name, in place of them.
    **given
        ``optimizer``: "adam", "adamw" or any registered name. ``config``: from `create_adam_config`, or a
        mapping of the optimizer's own hyperparameters. ``lr_scheduler``: from
        `create_cosine_annealing_scheduler`, or None. ``gradient_clipping``: ``("norm", 1.0)``, ``("value",
        0.5)`` or None.

    Returns
    -------
    Transform
        Takes part in everything an optimizer does here. A weight decay of "adam" is added to the gradient
        (L2), that of "adamw" is decoupled (Loshchilov and Hutter, 2019, arXiv:1711.05101).

    Raises
    ------
    InvalidArgument
        For unknown names and what breaks its law.

    Examples
    --------
    >>> config = create_adam_config(learning_rate=0.1)
    >>> made = create_neural_optimizer(optimizer="adam", config=config, gradient_clipping=("norm", 1.0))
    >>> [type(stage).__name__ for stage in made.stages]
    ['ClipByGlobalNorm', 'Adam']
    """
    asked = _made(_Asked, settings, given)
    parts = []
    if asked.gradient_clipping is not None:
        kind, limit = asked.gradient_clipping
        known = {"norm": ClipByGlobalNorm, "value": ClipByValue}
        if kind not in known:
            raise InvalidArgument(f'gradient_clipping is ("norm", x) or ("value", x), got {kind!r}.')
        parts.append(known[kind](limit))
    config = asked.config or {}
    name, own, decay = asked.optimizer, dict(config) if isinstance(config, Mapping) else {}, 0.0
    if isinstance(config, AdamConfig):
        name, own, decay = _of_adam(asked.optimizer, config)
    if decay:
        parts.append(L2Decay(decay))
    if asked.lr_scheduler is not None:
        peak = own.get("learning_rate", 1e-3)
        own["learning_rate"] = PerEpoch(Cosine(peak, asked.lr_scheduler.T_max, asked.lr_scheduler.eta_min))
    made = optimizers.get(name, **own)
    return chain(*parts, made) if parts else made


@dataclasses.dataclass(frozen=True)
class _Asked:
    optimizer: str = "adam"
    config: Any = None
    lr_scheduler: CosineAnnealing | None = None
    gradient_clipping: Any = None


def _of_adam(name: str, config: AdamConfig) -> tuple[str, dict[str, Any], float]:
    """Return the optimizer's name here, its hyperparameters, and the decay that goes into the gradient."""
    own: dict[str, Any] = {
        "learning_rate": config.learning_rate,
        "b1": config.beta1,
        "b2": config.beta2,
        "eps": config.epsilon,
    }
    if config.amsgrad and name != "adam":
        raise InvalidArgument(f"amsgrad is a kind of 'adam', and optimizer is {name!r}. Take one of the two.")
    if name == "adam":
        return "amsgrad" if config.amsgrad else "adam", own, config.weight_decay
    return name, own | {"weight_decay": config.weight_decay}, 0.0


def _made(kind: Any, settings: Settings, given: Mapping[str, Any]) -> Any:
    """Return a configuration of settings by name."""
    named = dict(settings or {}) | dict(given)
    known = [field.name for field in dataclasses.fields(kind)]
    for name in named:
        if name not in known:
            raise InvalidArgument(
                f"unknown setting {name!r}.{did_you_mean(str(name), known)} Known: {', '.join(known)}."
            )
    required = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING]
    if absent := [name for name in required if name not in named]:
        raise InvalidArgument(f"{', '.join(absent)} is needed.")
    return kind(**named)
