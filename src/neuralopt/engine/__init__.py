"""Training: one loop, compiled or in NumPy, with callbacks between chunks of epochs."""

from neuralopt.engine.callbacks import Callback, EarlyStopping, JSONLLogger, Progress, Report
from neuralopt.engine.history import History
from neuralopt.engine.sweep import SweepResult, sweep
from neuralopt.engine.train import TrainResult, train

__all__ = [
    "Callback",
    "EarlyStopping",
    "History",
    "JSONLLogger",
    "Progress",
    "Report",
    "SweepResult",
    "TrainResult",
    "sweep",
    "train",
]
