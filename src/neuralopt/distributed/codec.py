"""Gradients as messages to a parameter server: what is sent, what is left over."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed.exchanges.base import Exchange
from neuralopt.distributed.exchanges.bf16 import Bf16
from neuralopt.distributed.exchanges.fp32 import Fp32
from neuralopt.distributed.exchanges.int8 import BLOCK, Int8, pack_blocks, unpack_blocks
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.exchanges.sparse import count
from neuralopt.distributed.exchanges.top_k import TopK

_TAKEN = (Fp32, Bf16, Int8, TopK)


def check_codec(exchange: Exchange) -> None:
    """Raise unless an exchange can be one worker's message to a server.

    Parameters
    ----------
    exchange : Exchange

    Raises
    ------
    InvalidArgument
        For those in which all workers take part at once.
    """
    if type(exchange) not in _TAKEN:
        raise InvalidArgument(
            f"ParameterServer: a message to a server is Fp32(), Bf16(), Int8() or TopK(), got {exchange!r}. "
            "The others need all workers at once; take them with DataParallel."
        )


def encode(exchange: Exchange, vector: Any, layout: Layout) -> tuple[Any, ...]:
    """Return the arrays that stand for a vector; JAX, to be compiled.

    Parameters
    ----------
    exchange : Exchange
    vector : array of shape (layout.size,)
    layout : Layout

    Returns
    -------
    tuple of arrays
    """
    if isinstance(exchange, TopK):
        places = jax.lax.top_k(jnp.abs(vector), count(exchange.fraction, layout))[1]
        return places.astype(jnp.int32), vector[places].astype(jnp.float32)
    if isinstance(exchange, Int8):
        return (pack_blocks(jnp.pad(vector, (0, -layout.size % BLOCK))),)
    if isinstance(exchange, Bf16):
        return (jax.lax.bitcast_convert_type(vector.astype(jnp.bfloat16), jnp.uint16),)
    return (vector,)


def decode(exchange: Exchange, message: tuple[Any, ...], layout: Layout) -> Any:
    """Return the vector that a message stands for; see `encode`."""
    if isinstance(exchange, TopK):
        places, values = message
        return jnp.zeros(layout.size, layout.dtype).at[places].set(values.astype(layout.dtype))
    if isinstance(exchange, Int8):
        return unpack_blocks(message[0], layout.dtype)[: layout.size]
    if isinstance(exchange, Bf16):
        return jax.lax.bitcast_convert_type(message[0], jnp.bfloat16).astype(layout.dtype)
    return message[0]


def keeps_residual(exchange: Exchange) -> bool:
    """Return whether a message leaves something over: all but an exact one do."""
    return not isinstance(exchange, Fp32)


def size_of(message: tuple[Any, ...]) -> int:
    """Return the bytes of a message."""
    return sum(np.asarray(part).nbytes for part in message)
