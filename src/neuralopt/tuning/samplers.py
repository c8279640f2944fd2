"""Where the next configuration comes from: a function of seed, number and what was known, nothing else."""

import abc
import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from scipy.stats import qmc

from neuralopt.tuning.space import Space

_WORDS = 2**64


@dataclasses.dataclass(frozen=True)
class Observation:
    """What is known of one trial when another is proposed.

    Attributes
    ----------
    number : int
        Of the trial.
    params : dict
        Its configuration.
    losses : tuple of float
        To be minimised, one for each objective; infinite where the trial failed or gave no finite number,
        of a pruned trial its last report.
    pruned : bool
        Whether it was ended early.
    """

    number: int
    params: dict[str, Any]
    losses: tuple[float, ...]
    pruned: bool = False


class Sampler(abc.ABC):
    """Proposes configurations. The same arguments give the same configuration, in every process."""

    name: ClassVar[str]

    @abc.abstractmethod
    def propose(
        self,
        space: Space,
        seed: int,
        number: int,
        known: Sequence[Observation],
        pending: Sequence[dict[str, Any]],
    ) -> dict[str, Any]:
        """Return the configuration of a trial.

        Parameters
        ----------
        space : Space
            What the hyperparameters may be.
        seed : int
            Of the study.
        number : int
            Of the trial, counted from 0.
        known : sequence of Observation
            The trials that had ended when this one was asked for, by number.
        pending : sequence of dict
            The configurations that were being evaluated then, by number.

        Returns
        -------
        dict
        """


def generator(seed: int, number: int) -> np.random.Generator:
    """Return the random numbers of one trial of a study."""
    return np.random.Generator(np.random.Philox(key=np.array([seed % _WORDS, number], np.uint64)))


class RandomSampler(Sampler):
    """Every configuration is drawn independently, uniformly in the unit cube.

    Examples
    --------
    >>> space = Space({"x": ("uniform", 0, 1)})
    >>> RandomSampler().propose(space, 0, 0, [], []) == RandomSampler().propose(space, 0, 0, [], [])
    True
    """

    name: ClassVar[str] = "random"

    def propose(
        self,
        space: Space,
        seed: int,
        number: int,
        known: Sequence[Observation],
        pending: Sequence[dict[str, Any]],
    ) -> dict[str, Any]:
        """See `Sampler.propose`."""
        return space.params(generator(seed, number).random(len(space)))


class SobolSampler(Sampler):
    """The points of a scrambled Sobol sequence: they fill the cube more evenly than independent ones.

    Examples
    --------
    >>> space = Space({"x": ("uniform", 0, 1)})
    >>> xs = [SobolSampler().propose(space, 0, k, [], [])["x"] for k in range(4)]
    >>> sorted(int(4 * x) for x in xs)
    [0, 1, 2, 3]
    """

    name: ClassVar[str] = "sobol"

    def propose(
        self,
        space: Space,
        seed: int,
        number: int,
        known: Sequence[Observation],
        pending: Sequence[dict[str, Any]],
    ) -> dict[str, Any]:
        """See `Sampler.propose`."""
        return space.params(sobol_point(len(space), seed, number))


def sobol_point(d: int, seed: int, number: int) -> np.ndarray:
    """Return one point of a scrambled Sobol sequence, shape (d,)."""
    # SciPy renamed the argument, and takes the old name still
    options: dict[str, Any] = {"scramble": True, "seed": np.random.default_rng(seed)}
    sequence = qmc.Sobol(d, **options)
    if number:  # SciPy cannot go on by zero
        sequence.fast_forward(number)
    return sequence.random(1)[0]
