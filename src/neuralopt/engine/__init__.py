"""Training: one loop, compiled or in NumPy, with callbacks between chunks of epochs."""

from neuralopt.engine.callbacks import Callback, EarlyStopping, Report
from neuralopt.engine.evaluate import evaluate
from neuralopt.engine.founding import (
    converged,
    get_final_loss,
    get_final_weights,
    get_training_history,
    train_neural_network,
)
from neuralopt.engine.founding_optimizer import (
    create_adam_config,
    create_cosine_annealing_scheduler,
    create_neural_optimizer,
)
from neuralopt.engine.history import History
from neuralopt.engine.loggers import CSVLogger, JSONLLogger
from neuralopt.engine.progress import Progress
from neuralopt.engine.result import TrainResult
from neuralopt.engine.statistics import Statistics
from neuralopt.engine.sweep import sweep
from neuralopt.engine.sweep_result import SweepResult
from neuralopt.engine.trackers import MLflowLogger, TensorBoardLogger
from neuralopt.engine.train import train
from neuralopt.engine.trajectory import RecordTrajectory

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "JSONLLogger",
    "MLflowLogger",
    "Progress",
    "RecordTrajectory",
    "Report",
    "Statistics",
    "SweepResult",
    "TensorBoardLogger",
    "TrainResult",
    "converged",
    "create_adam_config",
    "create_cosine_annealing_scheduler",
    "create_neural_optimizer",
    "evaluate",
    "get_final_loss",
    "get_final_weights",
    "get_training_history",
    "sweep",
    "train",
    "train_neural_network",
]
