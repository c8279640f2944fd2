"""Networks, activations, losses and metrics, written once for NumPy and JAX."""

from neuralopt.models.activations import ACTIVATIONS, Activation
from neuralopt.models.losses import LOSSES, CrossEntropy, Hinge, Loss, SquaredError, get_loss, softmax
from neuralopt.models.metrics import METRIC_TARGETS, METRICS, accuracy, r2, sign_accuracy
from neuralopt.models.mlp import MLP
from neuralopt.models.network import Network
from neuralopt.models.networks import NeuralNetwork, RecursiveMLP, TwoLayerMLP

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "METRICS",
    "METRIC_TARGETS",
    "MLP",
    "Activation",
    "CrossEntropy",
    "Hinge",
    "Loss",
    "Network",
    "NeuralNetwork",
    "RecursiveMLP",
    "SquaredError",
    "TwoLayerMLP",
    "accuracy",
    "get_loss",
    "r2",
    "sign_accuracy",
    "softmax",
]
