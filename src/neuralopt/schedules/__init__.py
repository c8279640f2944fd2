"""Schedules: hyperparameters as pure functions of the step."""

from neuralopt.schedules.base import Schedule
from neuralopt.schedules.basic import Constant, Function
from neuralopt.schedules.combine import Join, Product, Scale
from neuralopt.schedules.cosine import Cosine, CosineRestarts
from neuralopt.schedules.cyclical import Cyclical
from neuralopt.schedules.decay import Exponential, InverseSqrt, Polynomial
from neuralopt.schedules.dropout import AdaptiveDropout
from neuralopt.schedules.feedback import Feedback, check_monitors, feedback_init, feedback_observe, settle
from neuralopt.schedules.one_cycle import OneCycle, OneCycleMomentum
from neuralopt.schedules.piecewise import Piecewise
from neuralopt.schedules.plateau import ReduceOnPlateau
from neuralopt.schedules.record import scheduled
from neuralopt.schedules.stairs import MultiStep, Step
from neuralopt.schedules.units import OfRun, PerEpoch, Stretch, bind
from neuralopt.schedules.warmup import Warmup, WarmupCosine
from neuralopt.schedules.wsd import WSD

__all__ = [
    "WSD",
    "AdaptiveDropout",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Cyclical",
    "Exponential",
    "Feedback",
    "Function",
    "InverseSqrt",
    "Join",
    "MultiStep",
    "OfRun",
    "OneCycle",
    "OneCycleMomentum",
    "PerEpoch",
    "Piecewise",
    "Polynomial",
    "Product",
    "ReduceOnPlateau",
    "Scale",
    "Schedule",
    "Step",
    "Stretch",
    "Warmup",
    "WarmupCosine",
    "bind",
    "check_monitors",
    "feedback_init",
    "feedback_observe",
    "scheduled",
    "settle",
]
