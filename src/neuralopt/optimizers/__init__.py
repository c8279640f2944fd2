"""Optimizers: one algorithm per file, all with the one ``update`` signature."""

from neuralopt.optimizers.gd import GD
from neuralopt.optimizers.sgd import SGD  # isort: split

from neuralopt.optimizers.adabound import AdaBound
from neuralopt.optimizers.adadelta import AdaDelta
from neuralopt.optimizers.adagrad import AdaGrad
from neuralopt.optimizers.adam import Adam
from neuralopt.optimizers.adamw import AdamW
from neuralopt.optimizers.ademamix import AdEMAMix
from neuralopt.optimizers.adopt import ADOPT
from neuralopt.optimizers.amsgrad import AMSGrad
from neuralopt.optimizers.base import Optimizer
from neuralopt.optimizers.compared import ConventionTable, compare_conventions
from neuralopt.optimizers.exchange_optax import from_optax_state, to_optax_state
from neuralopt.optimizers.exchange_torch import from_torch_state, to_torch_state
from neuralopt.optimizers.interop import from_optax, to_optax
from neuralopt.optimizers.lamb import LAMB
from neuralopt.optimizers.lars import LARS
from neuralopt.optimizers.lbfgs import LBFGS
from neuralopt.optimizers.lion import Lion
from neuralopt.optimizers.lookahead import Lookahead
from neuralopt.optimizers.muon import Muon
from neuralopt.optimizers.nadamw import NAdamW
from neuralopt.optimizers.prodigy import Prodigy
from neuralopt.optimizers.radam import RAdam
from neuralopt.optimizers.rates import with_learning_rate
from neuralopt.optimizers.registry import get, register, registered
from neuralopt.optimizers.rmsprop import RMSprop
from neuralopt.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from neuralopt.optimizers.schedule_free_sgd import ScheduleFreeSGD
from neuralopt.optimizers.soap import SOAP
from neuralopt.optimizers.states import LoadedState, load_state, state_by_name
from neuralopt.optimizers.warm import warm_start

__all__ = [
    "ADOPT",
    "GD",
    "LAMB",
    "LARS",
    "LBFGS",
    "SGD",
    "SOAP",
    "AMSGrad",
    "AdEMAMix",
    "AdaBound",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "ConventionTable",
    "Lion",
    "LoadedState",
    "Lookahead",
    "Muon",
    "NAdamW",
    "Optimizer",
    "Prodigy",
    "RAdam",
    "RMSprop",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
    "compare_conventions",
    "from_optax",
    "from_optax_state",
    "from_torch_state",
    "get",
    "load_state",
    "register",
    "registered",
    "state_by_name",
    "to_optax",
    "to_optax_state",
    "to_torch_state",
    "warm_start",
    "with_learning_rate",
]
