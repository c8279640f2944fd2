"""The methods by name."""

from typing import Any

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.tuning.bayesian import BayesianSampler
from neuralopt.tuning.samplers import RandomSampler, Sampler, SobolSampler

METHODS = ("bayesian", "random", "sobol", "tpe", "gp")


def make_sampler(method: Any) -> Sampler:
    """Return a sampler by name, or the given one.

    Parameters
    ----------
    method : str or Sampler
        "bayesian", "random", "sobol", or "tpe" and "gp" of Optuna.

    Returns
    -------
    Sampler

    Raises
    ------
    InvalidArgument
        For an unknown name.
    MissingDependency
        When Optuna is asked for and absent.
    """
    if isinstance(method, Sampler):
        return method
    own = {s.name: s for s in (BayesianSampler, RandomSampler, SobolSampler)}
    if method in own:
        return own[method]()
    if method in ("tpe", "gp"):
        from neuralopt.tuning.optuna_bridge import OptunaSampler

        return OptunaSampler(method)
    hint = did_you_mean(method, METHODS) if isinstance(method, str) else ""
    raise InvalidArgument(f"method must be one of {', '.join(METHODS)}, got {method!r}.{hint}")
