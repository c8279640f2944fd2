"""Joint training on simulated and real rows."""

from neuralopt.joint.evaluation import compute_alignment_error, evaluate_model
from neuralopt.joint.optimizer import JointOptimizer
from neuralopt.joint.picture import plot_training_history, training_curves
from neuralopt.joint.shift import ShiftReport, shift_report

__all__ = [
    "JointOptimizer",
    "ShiftReport",
    "compute_alignment_error",
    "evaluate_model",
    "plot_training_history",
    "shift_report",
    "training_curves",
]
