"""One bit for every number, by blocks."""

from typing import Any

import jax
import jax.numpy as jnp

BLOCK = 256
BIT_BYTES, SCALE_BYTES = BLOCK // 8, 4


def pack_signs(numbers: Any) -> Any:
    """Return the signs as rows of bytes, one row for each block; zero counts as positive."""
    return jnp.packbits(numbers.reshape(-1, BLOCK) >= 0, axis=-1)


def unpack_signs(rows: Any, dtype: Any) -> Any:
    """Return rows of bytes as numbers -1 and 1, the blocks one after the other; leading axes stay."""
    found = jnp.unpackbits(rows, axis=-1).astype(dtype) * 2 - 1
    return found.reshape(*found.shape[:-2], -1)


def pack_scaled(numbers: Any) -> Any:
    """Return signs and the mean magnitude of each block, four bytes, in one row of bytes."""
    scales = jnp.mean(jnp.abs(numbers.reshape(-1, BLOCK)), axis=1).astype(jnp.float32)
    return jnp.concatenate([pack_signs(numbers), jax.lax.bitcast_convert_type(scales, jnp.uint8)], axis=1)


def unpack_scaled(rows: Any, dtype: Any) -> Any:
    """Return the numbers that rows of `pack_scaled` stand for; leading axes stay."""
    scales = jax.lax.bitcast_convert_type(rows[..., BIT_BYTES:], jnp.float32).astype(dtype)
    signs = jnp.unpackbits(rows[..., :BIT_BYTES], axis=-1).astype(dtype) * 2 - 1
    found = signs * scales[..., None]
    return found.reshape(*found.shape[:-2], -1)
