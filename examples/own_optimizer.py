"""Put an optimizer together from parts and train with it."""

import numpy as np

import neuralopt
from neuralopt import optimizers, schedules, transforms


def mine(rate: float, steps: int) -> transforms.Transform:
    """Return momentum whose steps are clipped, cautious, decayed to zero and averaged."""
    momentum = optimizers.SGD(schedules.WarmupCosine(rate, steps // 20, steps), momentum=0.9, nesterov=True)
    clipped = transforms.chain(transforms.Centralise(), transforms.ClipByGlobalNorm(1.0), momentum)
    return transforms.EMA(transforms.Cautious(clipped), decay=0.99)


rng = np.random.default_rng(0)
X = rng.normal(size=(600, 6))
y = np.sin(X[:, 0]) * X[:, 1]
epochs, batch = 60, 32
steps = epochs * -(-400 // batch)
result = neuralopt.train(
    neuralopt.MLP((6, 32, 1)),
    (X[:400], y[:400]),
    validation=(X[400:], y[400:]),
    optimizer=mine(0.1, steps),
    epochs=epochs,
    batch_size=batch,
    metrics=["r2"],
)
result.raise_for_status()
print(mine(0.1, steps))
print(f"validation R2 of the averaged weights: {result.history['validation_r2'][-1]:.3f}")
assert result.history["validation_r2"][-1] > 0.7
