"""Networks, activations, losses and metrics, written once for NumPy and JAX."""

from typing import TYPE_CHECKING, Any

from neuralopt.models.activations import ACTIVATIONS, Activation
from neuralopt.models.losses import LOSSES, CrossEntropy, Hinge, Loss, SquaredError, get_loss, softmax
from neuralopt.models.metrics import METRIC_TARGETS, METRICS, accuracy, r2, sign_accuracy
from neuralopt.models.mlp import MLP
from neuralopt.models.mobilenet_shape import MobileNetShape
from neuralopt.models.network import Network
from neuralopt.models.networks import NeuralNetwork, RecursiveMLP, TwoLayerMLP

if TYPE_CHECKING:
    from neuralopt.models.mobilenet_v3 import MobileNetV3

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
    "MobileNetShape",
    "MobileNetV3",
    "Network",
    "NeuralNetwork",
    "RecursiveMLP",
    "SquaredError",
    "TwoLayerMLP",
    "accuracy",
    "get_loss",
    "make_mobilenet_v3",
    "r2",
    "sign_accuracy",
    "softmax",
]


def make_mobilenet_v3(
    image: tuple[int, int],
    channels: int,
    outputs: int,
    stages: Any,
    width: float = 1.0,
) -> "MobileNetV3":
    """Return a MobileNetV3 as a flax module, ready for `train`.

    Parameters
    ----------
    image : (int, int)
        Height and width of the images.
    channels, outputs : int >= 1
        Of the images; classes or targets.
    stages : sequence of sequence of (int, int)
        Kernel and expansion of every block of every stage.
    width : float > 0, default 1.0
        Multiplies all channels.

    Returns
    -------
    MobileNetV3
        A flax.linen module.

    Raises
    ------
    MissingDependency
        When flax is not installed.

    Examples
    --------
    >>> make_mobilenet_v3((8, 8), 1, 10, [[(3, 3), (5, 6)]], width=0.25).shape.blocks[1].label
    'kernel 5, expansion 6, 8 channels, relu'
    """
    sides = (image[0], image[1])
    return __getattr__("MobileNetV3")(MobileNetShape(sides, channels, outputs, stages, width))


def __getattr__(name: str) -> Any:
    """Import what needs flax when it is first asked for."""
    if name == "MobileNetV3":
        try:
            from neuralopt.models.mobilenet_v3 import MobileNetV3
        except ImportError as error:
            from neuralopt.core.errors import missing_dependency

            raise missing_dependency("flax", "flax", "MobileNetV3") from error
        return MobileNetV3
    raise AttributeError(f"module 'neuralopt.models' has no attribute {name!r}")
