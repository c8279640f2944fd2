"""Finding hyperparameters: spaces, searches, pruning, studies that resume."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuralopt.tuning.bayesian import BayesianSampler
    from neuralopt.tuning.evaluation import Trial
    from neuralopt.tuning.founding import (
        HyperparameterConfig,
        create_hyperparameter_optimization_config,
        format_hyperparameters,
        get_best_hyperparameters,
        hyperparameter_optimization,
    )
    from neuralopt.tuning.importances import importance
    from neuralopt.tuning.kinds import categorical, integer, log_uniform, uniform
    from neuralopt.tuning.optuna_bridge import export_to_optuna
    from neuralopt.tuning.pareto import hypervolume, nondominated_ranks
    from neuralopt.tuning.pruners import ASHA, Hyperband, MedianPruner, Pruner
    from neuralopt.tuning.replaying import ReplayDiffers, replay
    from neuralopt.tuning.result import TuneResult
    from neuralopt.tuning.samplers import Observation, RandomSampler, Sampler, SobolSampler
    from neuralopt.tuning.space import Space
    from neuralopt.tuning.study import Study
    from neuralopt.tuning.trials import Outcome, Pruned, TrialRecord, TrialsFailed, TrialState
    from neuralopt.tuning.tuner import tune

_HOMES = {
    "bayesian": ("BayesianSampler",),
    "kinds": ("categorical", "integer", "log_uniform", "uniform"),
    "evaluation": ("Trial",),
    "founding": (
        "HyperparameterConfig",
        "create_hyperparameter_optimization_config",
        "format_hyperparameters",
        "get_best_hyperparameters",
        "hyperparameter_optimization",
    ),
    "importances": ("importance",),
    "optuna_bridge": ("export_to_optuna",),
    "pareto": ("hypervolume", "nondominated_ranks"),
    "pruners": ("ASHA", "Hyperband", "MedianPruner", "Pruner"),
    "replaying": ("ReplayDiffers", "replay"),
    "result": ("TuneResult",),
    "samplers": ("Observation", "RandomSampler", "Sampler", "SobolSampler"),
    "space": ("Space",),
    "study": ("Study",),
    "trials": ("Outcome", "Pruned", "TrialRecord", "TrialState", "TrialsFailed"),
    "tuner": ("tune",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ASHA",
    "BayesianSampler",
    "Hyperband",
    "HyperparameterConfig",
    "MedianPruner",
    "Observation",
    "Outcome",
    "Pruned",
    "Pruner",
    "RandomSampler",
    "ReplayDiffers",
    "Sampler",
    "SobolSampler",
    "Space",
    "Study",
    "Trial",
    "TrialRecord",
    "TrialState",
    "TrialsFailed",
    "TuneResult",
    "categorical",
    "create_hyperparameter_optimization_config",
    "export_to_optuna",
    "format_hyperparameters",
    "get_best_hyperparameters",
    "hyperparameter_optimization",
    "hypervolume",
    "importance",
    "integer",
    "log_uniform",
    "nondominated_ranks",
    "replay",
    "tune",
    "uniform",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: a list of trials needs no engine."""
    if name in _HOME:
        value = getattr(importlib.import_module(f"neuralopt.tuning.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'neuralopt.tuning' has no attribute {name!r}.")


def __dir__() -> list[str]:
    return sorted(__all__)
