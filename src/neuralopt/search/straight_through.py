"""The loss of a network as a function of its parameters, for the engine; on/off units pass gradients."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from neuralopt.core.errors import InvalidArgument
from neuralopt.models import LOSSES, MLP
from neuralopt.models.activations import ACTIVATIONS
from neuralopt.search.objectives import scores
from neuralopt.search.own_loss import call, check_answer, check_finite, name_of

_GENTLE = {
    "step": lambda z: jnp.clip(0.5 * (z + 1), 0, 1),
    "sign": lambda z: jnp.clip(z, -1, 1),
}


@dataclasses.dataclass(frozen=True)
class DescentLoss:
    r"""The mean loss of an MLP on a batch, for `neuralopt.train`; a value, so that programs are shared.

    On/off units are computed as they are; their gradient is that of a ramp,

    .. math:: \frac{\partial a}{\partial z} := s\,1[|z| < 1], \quad s = \tfrac12 \text{ or } 1

    Parameters
    ----------
    mlp : MLP
    loss : str or callable
        A name in `neuralopt.models.LOSSES`, or ``loss(prediction, y)`` in JAX.

    References
    ----------
    Bengio, Léonard and Courville, 2013, arXiv:1308.3432; Hubara et al., 2016, arXiv:1602.02830, equation 4.
    """

    mlp: MLP
    loss: str | Callable[[Any, Any], Any]

    def __call__(self, params: Any, batch: Any) -> Any:
        a, y = batch
        *hidden, (V, c) = params
        act = ACTIVATIONS[self.mlp.activation].apply
        gentle = _GENTLE.get(self.mlp.activation)
        for W, b in hidden:
            z = a @ W + b[None, :]
            a = act(z)
            if gentle is not None:
                soft = gentle(z)
                a = soft + jax.lax.stop_gradient(a - soft)
        out = a @ V + c[None, :]
        if not isinstance(self.loss, str):
            return jnp.mean(call(self.loss, out, y))
        loss = LOSSES[self.loss]
        return loss.value(out if loss.targets == "real" else scores(out), y)


def check_descended(loss: Callable[[Any, Any], Any], outputs: Any, y: Any) -> None:
    """Raise unless a gradient of a loss of one's own can be taken, before any work.

    Parameters
    ----------
    loss : callable
    outputs, y : array
        The first predictions and the targets.

    Raises
    ------
    InvalidArgument
        For a loss that JAX cannot trace.
    DataError
        For an answer of another shape, or NaN.
    """

    def traced(prediction: Any, y: Any) -> None:
        check_answer(loss, call(loss, prediction, y), prediction, y)

    try:
        with jax.enable_x64(True):
            given = jnp.asarray(outputs), jnp.asarray(y)
            jax.eval_shape(traced, *given)
            check_finite(loss, call(loss, *given), outputs, y)
    except (jax.errors.JAXTypeError, jax.errors.JAXIndexError) as error:
        raise InvalidArgument(
            f"loss {name_of(loss)} must be written in jax.numpy, for a gradient of it is taken; JAX cannot "
            f"trace it ({type(error).__name__}). Likely cause: a NumPy function, float(...) or a Python if "
            "on what it is given. Write jax.numpy for numpy, or train by SearchModel, which takes any loss."
        ) from error
