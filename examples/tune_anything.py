"""Tune any function: report on the way, let the study end what is not worth it, resume after a kill."""

import tempfile

import neuralopt
from neuralopt.tuning import integer, log_uniform, uniform


def objective(trial):
    """Stands for a training of your own; trial.seed and trial.checkpoint are for it."""
    momentum = trial.get("momentum", 0.0)
    best = (trial["units"] - 24) ** 2 / 400 + abs(trial["rate"] - 0.03) * 10 - momentum / 5
    for epoch in range(1, 28):
        trial.report(epoch, best + 3 / epoch)
        if trial.should_prune():
            break
    return best


space = {
    "method": ["plain", "momentum"],
    "momentum": uniform(0, 0.95, when={"method": "momentum"}),
    "rate": log_uniform(1e-4, 1.0),
    "units": integer(4, 64, step=4),
}
with tempfile.TemporaryDirectory() as folder:
    options = {"pruner": "asha", "early_stopping_patience": None, "output": folder}
    neuralopt.tune(objective, space, max_trials=20, **options)
    result = neuralopt.tune(objective, space, max_trials=40, resume=True, **options)

print(result.summary())
print(result.frame()[["trial", "state", "value", "steps"]].head())
spent = sum(max(trial.reports) for trial in result.trials)
print(f"epochs spent: {spent} of {27 * len(result.trials)}")
