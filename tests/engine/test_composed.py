"""Composed optimizers in the compiled loop: their state holds the learning rate in several places."""

import numpy as np
import pytest

import neuralopt
from neuralopt import optimizers, transforms

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X @ np.array([1.0, -2.0, 0.5])
COMPOSED = {
    "chain": transforms.chain(transforms.ClipByGlobalNorm(1.0), optimizers.Adam(0.01)),
    "decoupled": transforms.DecoupledDecay(optimizers.Adam(0.01), 1e-3),
    "both": transforms.chain(transforms.L2Decay(1e-3), transforms.DecoupledDecay(optimizers.SGD(0.01))),
}


@pytest.mark.parametrize("name", COMPOSED)
@pytest.mark.parametrize("memory", [None, 1], ids=["device", "streamed"])
def test_composed_optimizers_train_compiled_as_in_numpy(name: str, memory: int | None) -> None:
    def losses(**where: object) -> np.ndarray:
        result = neuralopt.train(
            neuralopt.MLP((3, 4, 1)), (X, Y), optimizer=COMPOSED[name], epochs=3, dtype="float64", **where
        )
        return result.history["loss"]

    compiled = losses(device_memory=memory)
    np.testing.assert_allclose(compiled, losses(backend="numpy"), rtol=1e-12)
