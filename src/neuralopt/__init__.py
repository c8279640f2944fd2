"""Train a neural network by gradient, by closed form or by search, and learn which did best."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuralopt import (
        architecture,
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
        tuning,
    )
    from neuralopt.architecture import (
        ArchitectureResult,
        MLPSpace,
        MobileNetV3Space,
        create_nas_config,
        describe_architecture,
        get_architecture_performance,
        get_best_architecture,
        neural_architecture_search,
        search_architecture,
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
        converged,
        create_adam_config,
        create_cosine_annealing_scheduler,
        create_neural_optimizer,
        evaluate,
        get_final_loss,
        get_final_weights,
        get_training_history,
        sweep,
        train,
        train_neural_network,
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
    from neuralopt.tuning import (
        TuneResult,
        create_hyperparameter_optimization_config,
        format_hyperparameters,
        get_best_hyperparameters,
        hyperparameter_optimization,
        tune,
    )

__version__ = "0.1.0"

_HOMES = {
    "architecture": (
        *("ArchitectureResult", "MLPSpace", "MobileNetV3Space", "create_nas_config", "describe_architecture"),
        *("get_architecture_performance", "get_best_architecture", "neural_architecture_search"),
        "search_architecture",
    ),
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
        "converged",
        "create_adam_config",
        "create_cosine_annealing_scheduler",
        "create_neural_optimizer",
        "get_final_loss",
        "get_final_weights",
        "get_training_history",
        "train_neural_network",
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
    "tuning": (
        *("TuneResult", "create_hyperparameter_optimization_config", "format_hyperparameters"),
        *("get_best_hyperparameters", "hyperparameter_optimization", "tune"),
    ),
}
_ROOMS = (
    *("architecture", "datasets", "distributed", "joint", "models", "optimizers", "readout", "schedules"),
    *("search", "testing", "text", "trajectories", "transforms", "tuning"),
)
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "MLP",
    "ArchitectureResult",
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
    "MLPSpace",
    "MLflowLogger",
    "MobileNetV3Space",
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
    "TuneResult",
    "TwoLayerMLP",
    "__version__",
    "apply_updates",
    "architecture",
    "compare",
    "compare_text",
    "compute_alignment_error",
    "converged",
    "create_adam_config",
    "create_cosine_annealing_scheduler",
    "create_hyperparameter_optimization_config",
    "create_nas_config",
    "create_neural_optimizer",
    "datasets",
    "describe_architecture",
    "distributed",
    "evaluate",
    "evaluate_model",
    "format_hyperparameters",
    "generate_real_data",
    "generate_simulated_data",
    "get_architecture_performance",
    "get_best_architecture",
    "get_best_hyperparameters",
    "get_final_loss",
    "get_final_weights",
    "get_training_history",
    "hyperparameter_optimization",
    "joint",
    "make_task",
    "make_text_task",
    "models",
    "neural_architecture_search",
    "optimizers",
    "plot_training_history",
    "readout",
    "schedules",
    "search",
    "search_architecture",
    "sweep",
    "testing",
    "text",
    "train",
    "train_neural_network",
    "train_text",
    "trajectories",
    "transforms",
    "tune",
    "tuning",
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
