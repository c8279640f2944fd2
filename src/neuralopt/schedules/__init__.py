"""Schedules: hyperparameters as pure functions of the step."""

from neuralopt.schedules.base import Schedule
from neuralopt.schedules.basic import Constant, Cosine
from neuralopt.schedules.warmup import Warmup, WarmupCosine

__all__ = ["Constant", "Cosine", "Schedule", "Warmup", "WarmupCosine"]
