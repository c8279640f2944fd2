"""Training by search: exact and grid line searches per weight, and what they are compared with."""

from neuralopt.search.evolution import EvolutionModel
from neuralopt.search.gradient_model import GradientModel
from neuralopt.search.hybrid_model import HybridModel
from neuralopt.search.search_model import SearchModel

__all__ = ["EvolutionModel", "GradientModel", "HybridModel", "SearchModel"]
