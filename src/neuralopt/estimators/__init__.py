"""Estimators with the scikit-learn contract, and models that are kept; NumPy at the border."""

from neuralopt.estimators.architecture_predictor import ArchitecturePredictor
from neuralopt.estimators.classifier import NeuralClassifier
from neuralopt.estimators.joint_classifier import JointClassifier
from neuralopt.estimators.joint_predictor import JointPredictor, load_predictor
from neuralopt.estimators.joint_regressor import JointRegressor
from neuralopt.estimators.predictor import Predictor
from neuralopt.estimators.regressor import NeuralRegressor
from neuralopt.estimators.search_classifier import SearchClassifier
from neuralopt.estimators.search_regressor import SearchRegressor

__all__ = [
    "ArchitecturePredictor",
    "JointClassifier",
    "JointPredictor",
    "JointRegressor",
    "NeuralClassifier",
    "NeuralRegressor",
    "Predictor",
    "SearchClassifier",
    "SearchRegressor",
    "load_predictor",
]
