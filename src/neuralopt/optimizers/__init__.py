"""Optimizers: one algorithm per file, all with the one ``update`` signature."""

from neuralopt.optimizers.gd import GD
from neuralopt.optimizers.sgd import SGD  # isort: split

from neuralopt.optimizers.adagrad import AdaGrad
from neuralopt.optimizers.adam import Adam
from neuralopt.optimizers.adamw import AdamW
from neuralopt.optimizers.ademamix import AdEMAMix
from neuralopt.optimizers.adopt import ADOPT
from neuralopt.optimizers.base import Optimizer
from neuralopt.optimizers.interop import from_optax, to_optax
from neuralopt.optimizers.lbfgs import LBFGS
from neuralopt.optimizers.lion import Lion
from neuralopt.optimizers.muon import Muon
from neuralopt.optimizers.nadamw import NAdamW
from neuralopt.optimizers.prodigy import Prodigy
from neuralopt.optimizers.rates import with_learning_rate
from neuralopt.optimizers.registry import get, register, registered
from neuralopt.optimizers.rmsprop import RMSprop
from neuralopt.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from neuralopt.optimizers.schedule_free_sgd import ScheduleFreeSGD
from neuralopt.optimizers.soap import SOAP

__all__ = [
    "ADOPT",
    "GD",
    "LBFGS",
    "SGD",
    "SOAP",
    "AdEMAMix",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Lion",
    "Muon",
    "NAdamW",
    "Optimizer",
    "Prodigy",
    "RMSprop",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
    "from_optax",
    "get",
    "register",
    "registered",
    "to_optax",
    "with_learning_rate",
]
