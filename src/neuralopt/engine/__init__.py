"""Training: one loop, compiled or in NumPy, with callbacks between chunks of epochs."""

from neuralopt.engine.callbacks import Callback, EarlyStopping, JSONLLogger, Progress, Report
from neuralopt.engine.evaluate import evaluate
from neuralopt.engine.history import History
from neuralopt.engine.result import TrainResult
from neuralopt.engine.statistics import Statistics
from neuralopt.engine.sweep import sweep
from neuralopt.engine.sweep_result import SweepResult
from neuralopt.engine.train import train
from neuralopt.engine.trajectory import RecordTrajectory

__all__ = [
    "Callback",
    "EarlyStopping",
    "History",
    "JSONLLogger",
    "Progress",
    "RecordTrajectory",
    "Report",
    "Statistics",
    "SweepResult",
    "TrainResult",
    "evaluate",
    "sweep",
    "train",
]
