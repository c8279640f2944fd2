"""Train with four simulated workers: what an exchange saves in bytes, and what it costs in accuracy."""

import numpy as np

import neuralopt
from neuralopt.distributed import DataParallel, DiLoCo, Fp32, Int8, PowerSGD

rng = np.random.default_rng(0)
X = rng.normal(size=(1000, 10))
y = np.sin(X[:, 0]) * X[:, 1]
train, validation = (X[:800], y[:800]), (X[800:], y[800:])
network = neuralopt.MLP((10, 64, 1))

ways = {
    "one process": None,
    "fp32": DataParallel(workers=4, exchange=Fp32()),
    "int8": DataParallel(workers=4, exchange=Int8()),
    "PowerSGD": DataParallel(workers=4, exchange=PowerSGD(2)),
    "DiLoCo, int8": DiLoCo(workers=4, period=50, exchange=Int8()),
}
for name, distribute in ways.items():
    result = neuralopt.train(
        network,
        train,
        optimizer=neuralopt.optimizers.Adam(0.01),
        epochs=60,
        batch_size=32,
        validation=validation,
        metrics=["r2"],
        distribute=distribute,
    )
    sent = result.history["bytes_sent"].sum() if distribute else 0
    print(f"{name:12}  validation R2 {result.history['validation_r2'][-1]:.3f}  {sent:12,.0f} bytes a worker")
