"""Optimizers: one algorithm per file, all with the one ``update`` signature."""

from neuralopt.optimizers.gd import GD
from neuralopt.optimizers.sgd import SGD  # isort: split

from neuralopt.optimizers.adabound import AdaBound
from neuralopt.optimizers.adadelta import AdaDelta
from neuralopt.optimizers.adagrad import AdaGrad
from neuralopt.optimizers.adam import Adam
from neuralopt.optimizers.adamw import AdamW
from neuralopt.optimizers.amsgrad import AMSGrad
from neuralopt.optimizers.base import Optimizer
from neuralopt.optimizers.compared import ConventionTable, compare_conventions
from neuralopt.optimizers.exchange_optax import from_optax_state, to_optax_state
from neuralopt.optimizers.exchange_torch import from_torch_state, to_torch_state
from neuralopt.optimizers.interop import from_optax, to_optax
from neuralopt.optimizers.lamb import LAMB
from neuralopt.optimizers.lars import LARS
from neuralopt.optimizers.lookahead import Lookahead
from neuralopt.optimizers.nadamw import NAdamW
from neuralopt.optimizers.radam import RAdam
from neuralopt.optimizers.rates import with_learning_rate
from neuralopt.optimizers.registry import get, register, registered
from neuralopt.optimizers.rmsprop import RMSprop
from neuralopt.optimizers.states import LoadedState, load_state, state_by_name, warm_start

__all__ = [
    "GD",
    "LAMB",
    "LARS",
    "SGD",
    "AMSGrad",
    "AdaBound",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "ConventionTable",
    "LoadedState",
    "Lookahead",
    "NAdamW",
    "Optimizer",
    "RAdam",
    "RMSprop",
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
