"""Scikit-learn estimators over the one training loop; NumPy at the border."""

from neuralopt.estimators.classifier import NeuralClassifier
from neuralopt.estimators.regressor import NeuralRegressor

__all__ = ["NeuralClassifier", "NeuralRegressor"]
