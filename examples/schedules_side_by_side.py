"""Draw three learning-rate schedules into one picture, with their data as tables."""

import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no window
import matplotlib.pyplot as plt

from neuralopt import schedules

STEPS = 1000
shown = [
    schedules.WarmupCosine(peak=1e-2, warmup_steps=100, total_steps=STEPS),
    schedules.OneCycle(1e-2, STEPS),
    schedules.Join((schedules.Constant(1e-2), schedules.Cosine(1e-2, 400)), (600,)),
]
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for schedule in shown:
    schedule.plot(STEPS, ax=axes)
    table = schedule.frame(STEPS)
    print(
        f"{type(schedule).__name__}: highest {table['value'].max():.3g}, last {table['value'].iloc[-1]:.3g}"
    )
axes.legend()
with tempfile.TemporaryDirectory() as folder:
    picture = Path(folder) / "schedules.svg"
    figure.savefig(picture)
    assert picture.stat().st_size > 0
