"""Train a network with a schedule and early stopping; stop half-way and go on from the checkpoint."""

import tempfile
from pathlib import Path

import numpy as np

import neuralopt
from neuralopt import optimizers, schedules, transforms

rng = np.random.default_rng(0)
X = rng.normal(size=(1000, 10))
y = np.sin(X[:, 0]) * X[:, 1]
train, validation = (X[:800], y[:800]), (X[800:], y[800:])

optimizer = transforms.chain(
    transforms.ClipByGlobalNorm(1.0),
    optimizers.AdamW(schedules.WarmupCosine(peak=1e-2, warmup_steps=100, total_steps=2500)),
)
settings = {"optimizer": optimizer, "validation": validation, "metrics": ["r2"]}
network = neuralopt.MLP((10, 64, 1))

with tempfile.TemporaryDirectory() as folder:
    checkpoint = Path(folder) / "run.ckpt"
    neuralopt.train(network, train, epochs=50, checkpoint=checkpoint, **settings)
    resumed = neuralopt.train(network, train, epochs=100, checkpoint=checkpoint, resume=True, **settings)
whole = neuralopt.train(network, train, epochs=100, **settings)

print(resumed.status.value)
print(f"validation R2 {resumed.history['validation_r2'][-1]:.3f}")
same = np.array_equal(resumed.history["loss"], whole.history["loss"])
print("resumed equals uninterrupted:", same)
assert same
