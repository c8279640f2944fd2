"""How a search goes from one architecture to the next: at random, by ageing, by generations."""

import abc
import itertools
from collections import deque
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import numpy as np

from neuralopt.architecture.space import Genes, Space
from neuralopt.core.errors import InvalidArgument, did_you_mean

_TRIES, _COUNTED = 200, 20_000


class Candidate(NamedTuple):
    """What is to be evaluated next: genes, and the number of the evaluation that it descends from."""

    genes: Genes
    parent: int | None


class Member(NamedTuple):
    """An evaluated architecture: number, genes, score."""

    number: int
    genes: Genes
    score: float


class Chooser:
    """Draws architectures that keep the limits and have not been evaluated, where there are any left.

    Parameters
    ----------
    space : Space
    fits : callable
        ``fits(genes)``: whether the limits are kept.
    random : numpy.random.Generator
    """

    def __init__(self, space: Space, fits: Callable[[Genes], bool], random: np.random.Generator) -> None:
        self.space, self.fits, self.random = space, fits, random
        self.seen: set[Genes] = set()

    def first(self) -> Genes:
        """Return a random architecture."""
        found = None
        for _ in range(_TRIES):
            found = self.space.random(self.random)
            if found not in self.seen and self.fits(found):
                return found
        return self._shrunk(self.space.random(self.random))

    def _shrunk(self, genes: Genes) -> Genes:
        """Return genes with one decision after another set to the smallest network's until all fits."""
        small = self.space.smallest()
        for k in self.random.permutation(len(genes)):
            if self.fits(genes):
                break
            changed = (*genes[:k], small[k], *genes[k + 1 :])
            genes = self.space.canonical(changed)
        return genes

    def neighbour(self, genes: Genes, also: Genes | None = None) -> Genes:
        """Return a mutation of an architecture, or of its cross with another one."""
        start = genes
        for attempt in range(_TRIES):
            if also is not None:
                start = self.space.crossed(genes, also, self.random)
            found = self.space.mutated(start, self.random)
            if found not in self.seen and self.fits(found):
                return found
            if attempt % 20 == 19:  # all neighbours are known: go a step further away
                start = found
        return self.first()

    @property
    def exhausted(self) -> bool:
        """Whether every network of a small space has been evaluated."""
        return len(self.seen) >= self._count

    @property
    def _count(self) -> int:
        if not hasattr(self, "_counted"):
            self._counted = feasible(self.space, self.fits)
        return self._counted


def feasible(space: Space, fits: Callable[[Genes], bool]) -> int:
    """Return how many networks keep the limits; of a large space its whole size."""
    return space.size if space.size > _COUNTED else sum(fits(genes) for genes in every(space))


def every(space: Space) -> list[Genes]:
    """Return all networks of a small space, each once, in a fixed order."""
    choices = itertools.product(*(range(len(d.choices)) for d in space.decisions))
    return list(dict.fromkeys(space.canonical(genes) for genes in choices))


class Strategy(abc.ABC):
    """Asked for candidates, told their scores; the same seed and scores give the same candidates.

    Parameters
    ----------
    chooser : Chooser
    population_size : int >= 2
    generations : int >= 0
    """

    name: ClassVar[str]
    breeds: ClassVar[bool] = True  # whether evaluations have children

    def __init__(self, chooser: Chooser, population_size: int, generations: int) -> None:
        self._chooser, self._size, self._generations = chooser, population_size, generations

    @classmethod
    @abc.abstractmethod
    def evaluations(cls, population_size: int, generations: int) -> int:
        """Return how many architectures it evaluates."""

    @abc.abstractmethod
    def propose(self) -> Candidate:
        """Return the next architecture."""

    @abc.abstractmethod
    def tell(self, member: Member) -> None:
        """Take note of a score."""

    @property
    @abc.abstractmethod
    def parents(self) -> set[int]:
        """Numbers of the evaluations that later ones may descend from."""

    def ask(self) -> Candidate | None:
        """Return the next architecture, or None when a small space is exhausted."""
        if self._chooser.exhausted:
            return None
        candidate = self.propose()
        self._chooser.seen.add(candidate.genes)
        return candidate


class Random(Strategy):
    """Uniform draws, none of them twice."""

    name = "random"
    breeds = False

    @classmethod
    def evaluations(cls, population_size: int, generations: int) -> int:
        """Return as many as ageing evolution; see `Strategy.evaluations`."""
        return population_size + generations

    def propose(self) -> Candidate:
        """Draw; see `Strategy.propose`."""
        return Candidate(self._chooser.first(), None)

    def tell(self, member: Member) -> None:
        """Forget; see `Strategy.tell`."""

    @property
    def parents(self) -> set[int]:
        """Return nobody; see `Strategy.parents`."""
        return set()


class Ageing(Strategy):
    """Regularised evolution: the best of a sample has a mutated child, the oldest of all dies.

    A quarter of the population is sampled, at least two.

    References
    ----------
    Real, Aggarwal, Huang and Le, 2019, arXiv:1802.01548, algorithm 1.
    """

    name = "ageing"

    def __init__(self, chooser: Chooser, population_size: int, generations: int) -> None:
        super().__init__(chooser, population_size, generations)
        self._population: deque[Member] = deque()

    @classmethod
    def evaluations(cls, population_size: int, generations: int) -> int:
        """Return one for every first member and one for every step; see `Strategy.evaluations`."""
        return population_size + generations

    def propose(self) -> Candidate:
        """Draw the first ones, then mutate; see `Strategy.propose`."""
        if len(self._population) < self._size:
            return Candidate(self._chooser.first(), None)
        count = max(2, self._size // 4)
        picked = self._chooser.random.choice(self._size, count, replace=False)
        parent = max((self._population[int(k)] for k in picked), key=_merit)
        return Candidate(self._chooser.neighbour(parent.genes), parent.number)

    def tell(self, member: Member) -> None:
        """Take a member in; the oldest leaves; see `Strategy.tell`."""
        self._population.append(member)
        if len(self._population) > self._size:
            self._population.popleft()

    @property
    def parents(self) -> set[int]:
        """Return the living; see `Strategy.parents`."""
        return {member.number for member in self._population}


class Generational(Strategy):
    """Generations of as many children as parents; the best of both live on.

    A child is a mutation of its better parent, or, half of the time, of a cross of two parents. Parents are
    winners of tournaments of two.
    """

    name = "generational"

    def __init__(self, chooser: Chooser, population_size: int, generations: int) -> None:
        super().__init__(chooser, population_size, generations)
        self._population: list[Member] = []
        self._children: list[Member] = []

    @classmethod
    def evaluations(cls, population_size: int, generations: int) -> int:
        """Return the first generation's and all its successors'; see `Strategy.evaluations`."""
        return population_size * (1 + generations)

    def propose(self) -> Candidate:
        """Draw the first generation, then breed; see `Strategy.propose`."""
        if len(self._population) < self._size:
            return Candidate(self._chooser.first(), None)
        first, second = self._winner(), self._winner()
        first, second = (first, second) if _merit(first) >= _merit(second) else (second, first)
        also = second.genes if self._chooser.random.random() < 0.5 else None
        return Candidate(self._chooser.neighbour(first.genes, also), first.number)

    def _winner(self) -> Member:
        pair = self._chooser.random.choice(len(self._population), 2, replace=False)
        return max((self._population[int(k)] for k in pair), key=_merit)

    def tell(self, member: Member) -> None:
        """Take a member in; at the end of a generation keep the best; see `Strategy.tell`."""
        if len(self._population) < self._size:
            self._population.append(member)
            return
        self._children.append(member)
        if len(self._children) == self._size:
            ranked = sorted([*self._population, *self._children], key=_merit, reverse=True)
            self._population, self._children = ranked[: self._size], []

    @property
    def parents(self) -> set[int]:
        """Return parents and children so far; see `Strategy.parents`."""
        return {member.number for member in (*self._population, *self._children)}


def _merit(member: Member) -> tuple[float, int]:
    """Order by score; of equals the earlier one is first, whatever the order of comparison."""
    score = member.score if np.isfinite(member.score) else -np.inf
    return score, -member.number


STRATEGIES: dict[str, type[Strategy]] = {
    "evolutionary": Ageing,
    "ageing": Ageing,
    "generational": Generational,
    "random": Random,
}
"""Name to strategy; ``"evolutionary"`` is ageing evolution, the cheaper of the two readings."""


def get_strategy(name: str) -> type[Strategy]:
    """Return a strategy by its name, or raise InvalidArgument with the nearest one."""
    if name not in STRATEGIES:
        hint = did_you_mean(name, STRATEGIES) if isinstance(name, str) else ""
        raise InvalidArgument(f"unknown strategy {name!r}.{hint} Known: {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]
