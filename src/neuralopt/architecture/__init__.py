"""Architecture search: the best network of a space, with random search at equal budget beside it."""

from neuralopt.architecture.architecture import Architecture
from neuralopt.architecture.evaluation import Evaluation
from neuralopt.architecture.founding import (
    NASConfig,
    create_nas_config,
    describe_architecture,
    get_architecture_performance,
    get_best_architecture,
    neural_architecture_search,
)
from neuralopt.architecture.mlp_space import MLPSpace
from neuralopt.architecture.mobilenet_space import MobileNetV3Space
from neuralopt.architecture.result import ArchitectureResult
from neuralopt.architecture.search import search_architecture
from neuralopt.architecture.space import Space

__all__ = [
    "Architecture",
    "ArchitectureResult",
    "Evaluation",
    "MLPSpace",
    "MobileNetV3Space",
    "NASConfig",
    "Space",
    "create_nas_config",
    "describe_architecture",
    "get_architecture_performance",
    "get_best_architecture",
    "neural_architecture_search",
    "search_architecture",
]
