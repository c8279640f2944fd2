"""The stored rows that are similar to others: exact, by a kd-tree, or by faiss."""

from neuralopt.neighbors.coverage import Coverage
from neuralopt.neighbors.lookup import SimilarityLookup

__all__ = ["Coverage", "SimilarityLookup"]
