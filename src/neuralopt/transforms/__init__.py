"""Transforms of gradients, and their composition with an optimizer."""

from neuralopt.transforms.base import Chain, Transform, chain
from neuralopt.transforms.clip import ClipByGlobalNorm, ClipByValue
from neuralopt.transforms.decay import DecoupledDecay, L2Decay
from neuralopt.transforms.guard import FiniteGuard
from neuralopt.transforms.wrapper import Wrapper, WrapperState

__all__ = [
    "Chain",
    "ClipByGlobalNorm",
    "ClipByValue",
    "DecoupledDecay",
    "FiniteGuard",
    "L2Decay",
    "Transform",
    "Wrapper",
    "WrapperState",
    "chain",
]
