"""Training with several workers: exchanges with error feedback, synchronous and local updates."""

from neuralopt.distributed.backends import Processes, RayCluster
from neuralopt.distributed.by_name import get_exchange
from neuralopt.distributed.comoments import all_merge, merge_shards
from neuralopt.distributed.data_parallel import DataParallel
from neuralopt.distributed.exchanges.base import Exchange, Parts
from neuralopt.distributed.exchanges.bf16 import Bf16
from neuralopt.distributed.exchanges.dgc import DGC
from neuralopt.distributed.exchanges.fp32 import Fp32
from neuralopt.distributed.exchanges.int8 import Int8
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.exchanges.momentum_1bit import Momentum1Bit
from neuralopt.distributed.exchanges.power_sgd import PowerSGD
from neuralopt.distributed.exchanges.sign_majority import SignMajority
from neuralopt.distributed.exchanges.top_k import TopK
from neuralopt.distributed.network import MeasuredNetwork, Network
from neuralopt.distributed.periodic import DiLoCo, LocalSGD
from neuralopt.distributed.plan_table import PlanRow, TrainingPlan
from neuralopt.distributed.planning import plan
from neuralopt.distributed.probing import measure_network
from neuralopt.distributed.server import ParameterServer
from neuralopt.distributed.simulate import Simulation, Stragglers, simulate

__all__ = [
    "DGC",
    "Bf16",
    "DataParallel",
    "DiLoCo",
    "Exchange",
    "Fp32",
    "Int8",
    "Layout",
    "LocalSGD",
    "MeasuredNetwork",
    "Momentum1Bit",
    "Network",
    "ParameterServer",
    "Parts",
    "PlanRow",
    "PowerSGD",
    "Processes",
    "RayCluster",
    "SignMajority",
    "Simulation",
    "Stragglers",
    "TopK",
    "TrainingPlan",
    "all_merge",
    "get_exchange",
    "measure_network",
    "merge_shards",
    "plan",
    "simulate",
]
