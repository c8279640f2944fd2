"""The depthwise convolution as matrices, against XLA, flax and torch; MobileNetV3 without flax."""

import sys

import flax.linen as nn
import jax
import numpy as np
import pytest

import neuralopt.models
from neuralopt.core.errors import MissingDependency
from neuralopt.models.depthwise import depthwise, output_length
from neuralopt.models.mobilenet_v3 import lax_depthwise

CASES = [(8, 8, 7, 1), (8, 8, 3, 2), (5, 7, 5, 2), (4, 4, 7, 1), (3, 3, 5, 2), (6, 9, 1, 1)]


@pytest.mark.parametrize(("height", "width", "kernel", "stride"), CASES)
def test_matrices_are_the_convolution(height, width, kernel, stride):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 2, height * width)), rng.normal(size=(3, kernel * kernel))
    out = depthwise(x, w, (height, width), stride)
    rows, taps = np.moveaxis(x, 0, 2).reshape(2, height, width, 3), w.T.reshape(kernel, kernel, 1, 3)
    half = kernel // 2
    with jax.enable_x64(True):
        by_xla = lax_depthwise(rows, taps, stride)
        layer = nn.Conv(
            3, (kernel,) * 2, (stride,) * 2, ((half, half),) * 2, feature_group_count=3, use_bias=False,
            param_dtype=np.float64,
        )  # fmt: skip
        by_flax = layer.apply({"params": {"kernel": taps}}, rows)
        compiled = jax.jit(depthwise, static_argnums=(2, 3))(x, w, (height, width), stride)
    sides = output_length(height, stride), output_length(width, stride)
    ours = np.moveaxis(out, 0, 2).reshape(2, *sides, 3)
    np.testing.assert_allclose(ours, by_xla, atol=1e-12)
    np.testing.assert_allclose(ours, by_flax, atol=1e-12)
    np.testing.assert_allclose(compiled, out, atol=1e-12)


@pytest.mark.parametrize(("height", "width", "kernel", "stride"), CASES)
def test_matrices_are_torchs_convolution(torch, height, width, kernel, stride):
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(3, 2, height * width)), rng.normal(size=(3, kernel * kernel))
    out = torch.nn.functional.conv2d(
        torch.from_numpy(np.moveaxis(x, 0, 1).reshape(2, 3, height, width).copy()),
        torch.from_numpy(w.reshape(3, 1, kernel, kernel)),
        stride=stride,
        padding=kernel // 2,
        groups=3,
    )
    ours = np.moveaxis(depthwise(x, w, (height, width), stride), 0, 1).reshape(out.shape)
    np.testing.assert_allclose(ours, out.numpy(), atol=1e-12)


def test_the_module_by_both_convolutions():
    net = neuralopt.models.make_mobilenet_v3((8, 8), 1, 3, [[(5, 3), (7, 2)]], width=0.25)
    X = np.random.default_rng(2).normal(size=(4, 8, 8, 1))
    with jax.enable_x64(True):
        variables = jax.jit(net.init)(jax.random.key(0), X)
        runs = [jax.jit(type(net)(net.shape, m).apply)(variables, X) for m in ("auto", "toeplitz", "xla")]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_allclose(runs[1], runs[2], atol=1e-5)  # flax keeps its parameters in float32


def test_without_flax_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "neuralopt.models.mobilenet_v3", raising=False)
    monkeypatch.setitem(sys.modules, "flax.linen", None)
    with pytest.raises(MissingDependency, match=r'pip install "neuralopt\[flax\]"'):
        neuralopt.models.make_mobilenet_v3((8, 8), 1, 3, [[(3, 3)]])
