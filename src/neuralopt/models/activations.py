"""Activation functions with their derivatives, once for every array namespace."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.namespace import namespace


class Activation(NamedTuple):
    """An activation a = f(z) and its pull-back.

    Attributes
    ----------
    apply : callable
        ``apply(z) -> a``.
    pull : callable
        ``pull(d, z, a) -> d * f'(z)``: carries a gradient from a to z.
    differentiable : bool
        False where the derivative is zero almost everywhere, so that no gradient passes.
    """

    apply: Callable[[Any], Any]
    pull: Callable[[Any, Any, Any], Any]
    differentiable: bool = True


def _tanh(z: Any) -> Any:
    return namespace(z).tanh(z)


def _relu(z: Any) -> Any:
    xp = namespace(z)
    return xp.where(
        z <= 0, xp.zeros_like(z), z
    )  # autodiff then gives 0 at 0, as the pull-back does; NaN stays NaN


def _relu_pull(d: Any, z: Any, a: Any) -> Any:
    xp = namespace(d)
    return xp.where(z > 0, d, xp.zeros_like(d))


def _sigmoid(z: Any) -> Any:
    return 0.5 * (1 + namespace(z).tanh(0.5 * z))  # never overflows


_GELU_SCALE, _GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715


def _gelu(z: Any) -> Any:
    return 0.5 * z * (1 + namespace(z).tanh(_GELU_SCALE * (z + _GELU_CUBIC * z * z * z)))


def _gelu_pull(d: Any, z: Any, a: Any) -> Any:
    t = namespace(z).tanh(_GELU_SCALE * (z + _GELU_CUBIC * z * z * z))
    inner = _GELU_SCALE * (1 + 3 * _GELU_CUBIC * z * z)
    return d * (0.5 * (1 + t) + 0.5 * z * (1 - t * t) * inner)


def _step(z: Any) -> Any:
    return namespace(z).astype(z >= 0, z.dtype)


def _sign(z: Any) -> Any:
    return 2 * _step(z) - 1


def _no_gradient(d: Any, z: Any, a: Any) -> Any:
    return namespace(d).zeros_like(d)


ACTIVATIONS: dict[str, Activation] = {
    "tanh": Activation(_tanh, lambda d, z, a: d * (1 - a * a)),
    "relu": Activation(_relu, _relu_pull),
    "gelu": Activation(_gelu, _gelu_pull),
    "sigmoid": Activation(_sigmoid, lambda d, z, a: d * a * (1 - a)),
    "identity": Activation(lambda z: z, lambda d, z, a: d),
    "step": Activation(_step, _no_gradient, differentiable=False),
    "sign": Activation(_sign, _no_gradient, differentiable=False),
}
"""Name to activation. ``gelu`` is the tanh form; ``step`` is 1 and ``sign`` +1 at z = 0."""


def check_activation(name: str) -> None:
    """Raise unless an activation of this name exists.

    Parameters
    ----------
    name : str
        One of the keys of `ACTIVATIONS`.

    Raises
    ------
    InvalidArgument
        With the nearest known name.

    Examples
    --------
    >>> check_activation("tahn")
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: unknown activation 'tahn'. Did you mean 'tanh'? \
Known: tanh, relu, gelu, sigmoid, identity, step, sign.
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        hint = did_you_mean(name, ACTIVATIONS) if isinstance(name, str) else ""
        raise InvalidArgument(f"unknown activation {name!r}.{hint} Known: {', '.join(ACTIVATIONS)}.")
