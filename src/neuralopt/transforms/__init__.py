"""Transforms of gradients, and their composition with an optimizer."""

from neuralopt.transforms.accumulate import Accumulate
from neuralopt.transforms.adaptive_clip import AdaptiveClip
from neuralopt.transforms.average import EMA
from neuralopt.transforms.base import Transform
from neuralopt.transforms.cautious import Cautious
from neuralopt.transforms.centralise import Centralise
from neuralopt.transforms.clip import ClipByGlobalNorm, ClipByValue
from neuralopt.transforms.composition import Chain, chain
from neuralopt.transforms.decay import DecoupledDecay, L2Decay
from neuralopt.transforms.guard import FiniteGuard
from neuralopt.transforms.mars import MARS
from neuralopt.transforms.masks import by_name, by_ndim, excluding
from neuralopt.transforms.noise import AnnealedNoise
from neuralopt.transforms.partition import Partition, PartitionState, partition
from neuralopt.transforms.policy import DecayPolicy, decay_policy
from neuralopt.transforms.wrapper import Wrapper, WrapperState

__all__ = [
    "EMA",
    "MARS",
    "Accumulate",
    "AdaptiveClip",
    "AnnealedNoise",
    "Cautious",
    "Centralise",
    "Chain",
    "ClipByGlobalNorm",
    "ClipByValue",
    "DecayPolicy",
    "DecoupledDecay",
    "FiniteGuard",
    "L2Decay",
    "Partition",
    "PartitionState",
    "Transform",
    "Wrapper",
    "WrapperState",
    "by_name",
    "by_ndim",
    "chain",
    "decay_policy",
    "excluding",
    "partition",
]
