"""Train a neural network by gradient, by closed form or by search, and learn which did best."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuralopt import (
        datasets,
        distributed,
        joint,
        models,
        optimizers,
        readout,
        schedules,
        search,
        testing,
        text,
        trajectories,
        transforms,
    )
    from neuralopt.benchmark import (
        Budget,
        Comparison,
        compare,
        compare_text,
        make_task,
        make_text_task,
        train_text,
    )
    from neuralopt.core.results import Status
    from neuralopt.core.tree import apply_updates
    from neuralopt.datasets import generate_real_data, generate_simulated_data
    from neuralopt.engine import (
        Callback,
        CSVLogger,
        EarlyStopping,
        History,
        JSONLLogger,
        MLflowLogger,
        Progress,
        RecordTrajectory,
        SweepResult,
        TensorBoardLogger,
        TrainResult,
        evaluate,
        sweep,
        train,
    )
    from neuralopt.estimators import (
        JointClassifier,
        JointRegressor,
        NeuralClassifier,
        NeuralRegressor,
        Predictor,
        SearchClassifier,
        SearchRegressor,
    )
    from neuralopt.joint import (
        JointOptimizer,
        compute_alignment_error,
        evaluate_model,
        plot_training_history,
    )
    from neuralopt.models import MLP, NeuralNetwork, RecursiveMLP, TwoLayerMLP
    from neuralopt.neighbors import SimilarityLookup
    from neuralopt.readout import LinearRegressionRefiner
    from neuralopt.search import EvolutionModel, GradientModel, HybridModel, SearchModel

__version__ = "0.1.0"

_HOMES = {
    "benchmark": (
        *("Budget", "Comparison", "compare", "make_task"),
        *("compare_text", "make_text_task", "train_text"),
    ),
    "core.results": ("Status",),
    "core.tree": ("apply_updates",),
    "datasets": ("generate_real_data", "generate_simulated_data"),
    "engine": (
        "CSVLogger",
        "Callback",
        "EarlyStopping",
        "History",
        "JSONLLogger",
        "MLflowLogger",
        "Progress",
        "RecordTrajectory",
        "SweepResult",
        "TensorBoardLogger",
        "TrainResult",
        "evaluate",
        "sweep",
        "train",
    ),
    "estimators": (
        *("JointClassifier", "JointRegressor", "NeuralClassifier", "NeuralRegressor", "Predictor"),
        *("SearchClassifier", "SearchRegressor"),
    ),
    "joint": ("JointOptimizer", "compute_alignment_error", "evaluate_model", "plot_training_history"),
    "models": ("MLP", "NeuralNetwork", "RecursiveMLP", "TwoLayerMLP"),
    "neighbors": ("SimilarityLookup",),
    "readout": ("LinearRegressionRefiner",),
    "search": ("EvolutionModel", "GradientModel", "HybridModel", "SearchModel"),
}
_ROOMS = (
    *(
        "datasets",
        "distributed",
        "joint",
        "models",
        "optimizers",
        "readout",
        "schedules",
        "search",
        "testing",
    ),
    *("text", "trajectories", "transforms"),
)
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "MLP",
    "Budget",
    "CSVLogger",
    "Callback",
    "Comparison",
    "EarlyStopping",
    "EvolutionModel",
    "GradientModel",
    "History",
    "HybridModel",
    "JSONLLogger",
    "JointClassifier",
    "JointOptimizer",
    "JointRegressor",
    "LinearRegressionRefiner",
    "MLflowLogger",
    "NeuralClassifier",
    "NeuralNetwork",
    "NeuralRegressor",
    "Predictor",
    "Progress",
    "RecordTrajectory",
    "RecursiveMLP",
    "SearchClassifier",
    "SearchModel",
    "SearchRegressor",
    "SimilarityLookup",
    "Status",
    "SweepResult",
    "TensorBoardLogger",
    "TrainResult",
    "TwoLayerMLP",
    "__version__",
    "apply_updates",
    "compare",
    "compare_text",
    "compute_alignment_error",
    "datasets",
    "distributed",
    "evaluate",
    "evaluate_model",
    "generate_real_data",
    "generate_simulated_data",
    "joint",
    "make_task",
    "make_text_task",
    "models",
    "optimizers",
    "plot_training_history",
    "readout",
    "schedules",
    "search",
    "sweep",
    "testing",
    "text",
    "train",
    "train_text",
    "trajectories",
    "transforms",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: JAX alone takes longer than many a script."""
    if name in _ROOMS:
        return importlib.import_module(f"neuralopt.{name}")
    if name in _HOME:
        value = getattr(importlib.import_module(f"neuralopt.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    from neuralopt.core.errors import did_you_mean

    raise AttributeError(f"module 'neuralopt' has no attribute {name!r}.{did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
