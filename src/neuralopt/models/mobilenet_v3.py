"""MobileNetV3 in flax, of any kernels, expansions and depths."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from neuralopt.models.depthwise import depthwise
from neuralopt.models.mobilenet_shape import Block, MobileNetShape

SMALL = 256  # pixels up to which a CPU is faster with matrix products
_MOMENTUM = 0.9
# He's variance for all weights; uniform numbers, because normal ones take XLA a second for every shape
_INIT = nn.initializers.he_uniform()


class DepthwiseConv(nn.Module):
    """A depthwise convolution: matrix products for small images on a CPU, else XLA's convolution.

    Attributes
    ----------
    kernel, stride : int
    method : {"auto", "toeplitz", "xla"}
    """

    kernel: int
    stride: int
    method: str = "auto"

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Return (n, height, width, channels) filtered channel by channel."""
        n, height, width, channels = x.shape
        shape = (self.kernel, self.kernel, 1, channels)
        w = self.param("kernel", _INIT, shape)
        if not by_matrices(self.method, height * width):
            return lax_depthwise(x, w, self.stride)
        rows = jnp.transpose(x.reshape(n, height * width, channels), (2, 0, 1))
        out = depthwise(rows, w.reshape(-1, channels).T, (height, width), self.stride)
        sides = [(side - 1) // self.stride + 1 for side in (height, width)]
        return jnp.transpose(out, (1, 2, 0)).reshape(n, *sides, channels)


def by_matrices(method: str, pixels: int) -> bool:
    """Return whether a depthwise convolution is done by matrix products."""
    return method == "toeplitz" or (method == "auto" and pixels <= SMALL and jax.default_backend() == "cpu")


def lax_depthwise(x: Any, w: Any, stride: int) -> Any:
    """Return XLA's grouped convolution of (n, height, width, channels), padded by half the kernel."""
    half = w.shape[0] // 2
    return jax.lax.conv_general_dilated(
        x,
        w,
        (stride, stride),
        [(half, half), (half, half)],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=x.shape[-1],
    )


class MobileNetV3(nn.Module):
    """A MobileNetV3 for images of shape (n, height, width, channels).

    Attributes
    ----------
    shape : MobileNetShape
        All sizes.
    method : {"auto", "toeplitz", "xla"}
        How depthwise convolutions are done.

    References
    ----------
    Howard et al., 2019, arXiv:1905.02244; the choice of kernels, expansions and depths: Cai, Gan, Wang, Zhang
    and Han, 2020, arXiv:1908.09791. Squeeze-excite has a quarter of the widened channels; weights begin with
    He's variance (arXiv:1502.01852), uniform.
    """

    shape: MobileNetShape
    method: str = "auto"

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments of `make_mobilenet_v3` that make it again."""
        return self.shape.settings

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return (*self.shape.image, self.shape.channels)

    @nn.compact
    def __call__(self, x: Any, train: bool = False) -> Any:
        """Return outputs of shape (n, outputs)."""
        shape = self.shape

        def norm(x: Any, name: str) -> Any:
            return nn.BatchNorm(use_running_average=not train, momentum=_MOMENTUM, name=name)(x)

        def narrow(x: Any, width: int, name: str) -> Any:
            return nn.Conv(width, (1, 1), use_bias=False, kernel_init=_INIT, name=name)(x)

        stride = shape.strides[0]
        stem = nn.Conv(
            shape.stem,
            (3, 3),
            (stride, stride),
            padding=((1, 1), (1, 1)),
            use_bias=False,
            kernel_init=_INIT,
            name="stem",
        )
        x = nn.hard_swish(norm(stem(x), "stem_norm"))
        h = nn.relu(norm(DepthwiseConv(3, 1, self.method, name="first_filter")(x), "first_norm"))
        x = x + norm(narrow(h, shape.stem, "first_narrow"), "first_end")
        for block in shape.blocks:
            x = self._block(x, block, norm, narrow)
        x = nn.hard_swish(norm(narrow(x, shape.head, "head"), "head_norm"))
        x = nn.hard_swish(
            nn.Dense(shape.feature, kernel_init=_INIT, name="feature")(jnp.mean(x, axis=(1, 2)))
        )
        return nn.Dense(shape.outputs, kernel_init=_INIT, name="classifier")(x)

    def _block(self, x: Any, block: Block, norm: Any, narrow: Any) -> Any:
        name = f"stage{block.stage}_{block.place}"
        act = nn.hard_swish if block.h_swish else nn.relu
        h = act(norm(narrow(x, block.middle, f"{name}_widen"), f"{name}_norm1"))
        h = DepthwiseConv(block.kernel, block.stride, self.method, name=f"{name}_filter")(h)
        h = act(norm(h, f"{name}_norm2"))
        if block.squeezed:
            gate = jnp.mean(h, axis=(1, 2))
            gate = nn.relu(nn.Dense(block.squeezed, kernel_init=_INIT, name=f"{name}_squeeze")(gate))
            gate = nn.hard_sigmoid(nn.Dense(block.middle, kernel_init=_INIT, name=f"{name}_excite")(gate))
            h = h * gate[:, None, None, :]
        h = norm(narrow(h, block.outputs, f"{name}_narrow"), f"{name}_norm3")
        return x + h if block.residual else h
