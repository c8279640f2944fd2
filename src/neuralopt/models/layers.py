"""The parameters of a multi-layer perceptron under the names that they have in a kept file."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def layer_arrays(params: Sequence[tuple[Any, Any]]) -> dict[str, np.ndarray]:
    """Return parameters by name.

    Examples
    --------
    >>> list(layer_arrays([(np.ones((2, 1)), np.zeros(1))]))
    ['layers/0/W', 'layers/0/b']
    """
    named = (
        (f"layers/{k}/{name}", array) for k, pair in enumerate(params) for name, array in zip("Wb", pair)
    )
    return {name: np.asarray(array) for name, array in named}


def layers_of(arrays: Mapping[str, np.ndarray], count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return so many layers of `layer_arrays`; KeyError when one is not there."""
    return [(arrays[f"layers/{k}/W"], arrays[f"layers/{k}/b"]) for k in range(count)]
