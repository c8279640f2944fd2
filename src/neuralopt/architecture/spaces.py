"""Search spaces by name."""

import math
from typing import Any

from neuralopt.architecture.data import SearchData
from neuralopt.architecture.mlp_space import MLPSpace
from neuralopt.architecture.mobilenet_space import MobileNetV3Space
from neuralopt.architecture.space import Space
from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean

SPACES = ("mlp", "mobilenet_v3")


def takes_images(space: Any) -> bool:
    """Return whether the networks of a space, given by name or as one, take images."""
    return space == MobileNetV3Space.name or isinstance(space, MobileNetV3Space)


def check_space(space: Any) -> None:
    """Raise InvalidArgument for what is neither the name of a space nor one."""
    if isinstance(space, Space) or (isinstance(space, str) and space in SPACES):
        return
    hint = did_you_mean(space, SPACES) if isinstance(space, str) else ""
    raise InvalidArgument(f"unknown space {space!r}.{hint} Known: {', '.join(SPACES)}, or a Space.")


def get_space(space: Any, data: SearchData) -> Space:
    """Return a space by its name, with the inputs and outputs of the data, or a `Space` as it is.

    Parameters
    ----------
    space : {"mlp", "mobilenet_v3"} or Space
    data : SearchData

    Returns
    -------
    Space

    Raises
    ------
    InvalidArgument
        For an unknown name, or a space whose outputs do not fit the data.
    """
    check_space(space)
    shape = data.train[0].shape[1:]
    if isinstance(space, Space):
        held: Any = space
        if held.outputs != data.outputs:
            raise InvalidArgument(
                f"the space has {held.outputs} outputs, the data need {data.outputs}. "
                f"Make it with outputs={data.outputs}."
            )
        return space
    if space == "mlp":
        return MLPSpace(math.prod(shape), data.outputs)
    if len(shape) not in (2, 3):
        raise DataError(
            "mobilenet_v3 takes images of shape (n, height, width) or (n, height, width, channels), got rows "
            f"of shape {shape}. Reshape X, or search the space 'mlp'."
        )
    height, width, channels = (*shape, 1)[:3]
    return MobileNetV3Space((height, width), channels, data.outputs, _width(min(height, width)))


def _width(side: int) -> float:
    """Return the width for images of a size: small ones need few channels."""
    return 0.25 if side <= 32 else 1.0
