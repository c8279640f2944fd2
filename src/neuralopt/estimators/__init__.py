"""Estimators with the scikit-learn contract, and models that are kept; NumPy at the border."""

from neuralopt.estimators.classifier import NeuralClassifier
from neuralopt.estimators.predictor import Predictor
from neuralopt.estimators.regressor import NeuralRegressor

__all__ = ["NeuralClassifier", "NeuralRegressor", "Predictor"]
