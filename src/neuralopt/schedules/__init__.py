"""Schedules: hyperparameters as pure functions of the step."""

from neuralopt.schedules.base import Schedule
from neuralopt.schedules.basic import Constant, Function
from neuralopt.schedules.combine import Join, Product, Scale
from neuralopt.schedules.cosine import Cosine, CosineRestarts
from neuralopt.schedules.feedback import Feedback, feedback_init, feedback_observe, settle
from neuralopt.schedules.piecewise import Piecewise
from neuralopt.schedules.record import scheduled
from neuralopt.schedules.units import OfRun, PerEpoch, Stretch, bind
from neuralopt.schedules.warmup import Warmup, WarmupCosine

__all__ = [
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Feedback",
    "Function",
    "Join",
    "OfRun",
    "PerEpoch",
    "Piecewise",
    "Product",
    "Scale",
    "Schedule",
    "Stretch",
    "Warmup",
    "WarmupCosine",
    "bind",
    "feedback_init",
    "feedback_observe",
    "scheduled",
    "settle",
]
