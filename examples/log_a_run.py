"""Follow a run: a progress bar, a CSV log and a JSONL log that a resumed run goes on in."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import neuralopt

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 4))
y = X[:, 0] * X[:, 1]

with tempfile.TemporaryDirectory() as folder:
    log, checkpoint = Path(folder) / "run.csv", Path(folder) / "run.ckpt"
    for epochs in (20, 40):
        neuralopt.train(
            neuralopt.MLP((4, 16, 1)),
            (X, y),
            optimizer=neuralopt.optimizers.Adam(0.01),
            epochs=epochs,
            checkpoint=checkpoint,
            resume=True,
            callbacks=[
                neuralopt.Progress(),
                neuralopt.CSVLogger(log),
                neuralopt.JSONLLogger(Path(folder) / "run.jsonl"),
            ],
        )
    table = pd.read_csv(log)
print(table.tail(3).to_string(index=False))
assert list(table["epoch"]) == list(range(1, 41))
