"""The largest MobileNetV3 of a space under masks: channels first, depthwise convolutions as matrices.

Activations have shape (channels, n, pixels): a 1 x 1 convolution is one matrix product, and the mean over
rows and pixels of a batch normalisation is taken along contiguous memory.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from neuralopt.architecture.normalise import EPS, normalise
from neuralopt.models.depthwise import depthwise, toeplitz_index
from neuralopt.models.mobilenet_shape import Block, MobileNetShape
from neuralopt.models.mobilenet_v3 import by_matrices, lax_depthwise

_MOMENTUM = 0.9


def forward(
    shape: MobileNetShape, params: Any, statistics: Any, masks: Any, X: Any, train: bool, method: str = "auto"
) -> tuple[Any, Any]:
    """Return outputs (n, k) and the statistics after them.

    Parameters
    ----------
    shape : MobileNetShape
        Of the largest network.
    params, statistics : tree
        From `mobilenet_weights.draw`.
    masks : tree
        From `mobilenet_weights.masks`.
    X : array of shape (n, height, width, channels)
    train : bool
        Normalise by the batch and learn its statistics; otherwise by the running averages.
    method : {"auto", "toeplitz", "xla"}
        How depthwise convolutions are done.

    Returns
    -------
    outputs : array of shape (n, k)
    statistics : tree
    """
    count = statistics["count"]
    # the first batch replaces what the averages began with, which was nobody's
    keep = jnp.minimum(count / (count + 1), jnp.asarray(_MOMENTUM, X.dtype)) if train else count
    norm = functools.partial(_norm, train=train, keep=keep)
    after: dict[str, Any] = {"count": count + 1 if train else count}

    x = _stem(X, params["stem"]["w"], shape)
    x, after["stem"] = norm(x, params["stem"]["norm"], statistics["stem"])
    x = jax.nn.hard_swish(x)
    first, held = params["first"], statistics["first"]
    h = _filter(x, first["filter"], shape.after_stem, 1, method)
    h, one = norm(h, first["norm"], held[0])
    h, two = norm(_narrow(jax.nn.relu(h), first["narrow"]), first["end"], held[1])
    x, after["first"] = x + h, [one, two]

    after["blocks"] = []
    for block, own, its, mask in zip(
        shape.blocks, params["blocks"], statistics["blocks"], masks, strict=True
    ):
        x, learnt = _block(x, block, own, its, mask, norm, method)
        after["blocks"].append(learnt)
    x, after["head"] = norm(_narrow(x, params["head"]["w"]), params["head"]["norm"], statistics["head"])
    pooled = jnp.mean(jax.nn.hard_swish(x), axis=2).T
    W, b = params["feature"]
    feature = jax.nn.hard_swish(pooled @ W + b[None, :])
    W, b = params["classifier"]
    return feature @ W + b[None, :], after


def _block(
    x: Any, block: Block, own: Any, its: Any, mask: Any, norm: Any, method: str
) -> tuple[Any, list[Any]]:
    act = jax.nn.hard_swish if block.h_swish else jax.nn.relu
    channels = mask["channels"][:, None, None]
    h, one = norm(_narrow(x, own["widen"]), own["norm1"], its[0])
    h = act(h) * channels
    h = _filter(h, own["filter"] * mask["filter"][None, :], block.before, block.stride, method)
    h, two = norm(h, own["norm2"], its[1])
    h = act(h) * channels
    if block.squeezed:
        (W, b), (V, c) = own["squeeze"], own["excite"]
        gate = jax.nn.relu(jnp.mean(h, axis=2).T @ W + b[None, :]) * mask["squeeze"][None, :]
        h = h * jax.nn.hard_sigmoid(gate @ V + c[None, :]).T[:, :, None]
    h, three = norm(_narrow(h, own["narrow"]), own["norm3"], its[2])
    if block.residual:  # blocks that can be absent have one
        h = x + mask["there"] * h
    return h, [one, two, three]


def _norm(x: Any, own: Any, held: Any, train: bool, keep: Any) -> tuple[Any, Any]:
    """Normalise each channel; return the running averages after it as well."""
    (scale, shift), (mean, variance) = own, held
    if train:
        x, *found = normalise(x, scale, shift)
        return x, tuple(keep * old + (1 - keep) * new for old, new in zip(held, found, strict=True))
    factor = scale * lax.rsqrt(variance + EPS)
    return x * factor[:, None, None] + (shift - mean * factor)[:, None, None], held


def _narrow(x: Any, w: Any) -> Any:
    """Return the 1 x 1 convolution by w of shape (outputs, inputs)."""
    channels, n, pixels = x.shape
    return (w @ x.reshape(channels, n * pixels)).reshape(w.shape[0], n, pixels)


def _filter(x: Any, w: Any, image: tuple[int, int], stride: int, method: str) -> Any:
    channels, n, pixels = x.shape
    if by_matrices(method, pixels):
        return depthwise(x, w, image, stride)
    kernel = round(w.shape[1] ** 0.5)
    rows = jnp.transpose(x, (1, 2, 0)).reshape(n, *image, channels)
    out = lax_depthwise(rows, w.T.reshape(kernel, kernel, 1, channels), stride)
    return jnp.transpose(out.reshape(n, -1, channels), (2, 0, 1))


def _stem(X: Any, w: Any, shape: MobileNetShape) -> Any:
    """Return the full 3 x 3 convolution of images (n, height, width, channels): a product with patches."""
    n, height, width, channels = X.shape
    meets = toeplitz_index(height, width, 3, shape.strides[0])  # (pixels, outputs), 9 is none
    pixels = np.full((9, meets.shape[1]), height * width)
    rows, columns = np.nonzero(meets < 9)
    pixels[meets[rows, columns], columns] = rows
    flat = X.reshape(n, height * width, channels)
    padded = jnp.concatenate([flat, jnp.zeros((n, 1, channels), X.dtype)], axis=1)
    patches = jnp.take(padded, jnp.asarray(pixels.reshape(-1)), axis=1)  # n, 9 * outputs, channels
    patches = patches.reshape(n, 9, meets.shape[1], channels)
    columns_first = jnp.transpose(patches, (1, 3, 0, 2)).reshape(9 * channels, n, meets.shape[1])
    return _narrow(columns_first, w)
