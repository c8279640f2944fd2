"""What every search space answers: which networks it has, what each costs, how the largest one holds them."""

import abc
import dataclasses
from typing import Any, ClassVar

import numpy as np

from neuralopt.core import tree

Genes = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Decision:
    """One thing that is chosen for an architecture: a name, and the values it may have."""

    name: str
    choices: tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Counts:
    """What a network costs.

    Attributes
    ----------
    parameters : int
        Trained numbers; the running averages of batch normalisation are not among them.
    multiply_adds : int
        For one row. Biases, normalisation and activations are not counted.
    """

    parameters: int
    multiply_adds: int


class Space(abc.ABC):
    """A finite set of networks, all of them parts of one largest network.

    An architecture is a tuple of genes, one index into the choices of each decision. What a network does
    not have (the width of a layer beyond its depth) is not chosen: `canonical` sets such genes to 0, so
    that each network has one tuple.

    The largest network takes the architecture as masks, which are arrays and not shapes: every candidate
    trains in one compiled program. Weights that a mask leaves out get no gradient.

    Attributes
    ----------
    name : str
        What the command line and the records call it.
    title : str
        What the report calls it.
    learning_rate : float
        Of Adam, where nothing else is asked for.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    learning_rate: ClassVar[float]

    @property
    @abc.abstractmethod
    def decisions(self) -> tuple[Decision, ...]:
        """What is chosen, in the order of the genes."""

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """The number of networks."""

    @abc.abstractmethod
    def active(self, genes: Genes) -> tuple[bool, ...]:
        """Return for every gene whether the network has what it decides."""

    @abc.abstractmethod
    def counts(self, genes: Genes) -> Counts:
        """Return the cost of a network."""

    @abc.abstractmethod
    def describe(self, genes: Genes) -> str:
        """Return a network in words."""

    @abc.abstractmethod
    def layers(self, genes: Genes) -> list[dict[str, Any]]:
        """Return one row of plain values for every layer or block, with ``kind`` and ``label``."""

    @abc.abstractmethod
    def network(self, genes: Genes) -> Any:
        """Return the network at its true size, ready for `train`."""

    @abc.abstractmethod
    def prepare(self, X: np.ndarray) -> np.ndarray:
        """Return inputs in the shape that the true-size network takes; DataError where they do not fit."""

    @abc.abstractmethod
    def masks(self, genes: Genes) -> Any:
        """Return the tree of float64 arrays that makes the largest network this one."""

    @abc.abstractmethod
    def draw(self, genes: Genes, random: np.random.Generator) -> tuple[Any, Any]:
        """Return parameters and statistics of the largest network, scaled as this one's are."""

    @abc.abstractmethod
    def used(self, genes: Genes) -> tuple[Any, Any]:
        """Return trees of bool arrays like parameters and statistics: what this network has of them."""

    @abc.abstractmethod
    def forward(self, params: Any, statistics: Any, masks: Any, X: Any, train: bool) -> tuple[Any, Any]:
        """Return outputs of shape (n, k) of the largest network, and the statistics after them."""

    @abc.abstractmethod
    def sliced(self, params: Any, statistics: Any, genes: Genes) -> Any:
        """Return the weights of `network`: what this architecture has of the largest network's."""

    @property
    @abc.abstractmethod
    def settings(self) -> dict[str, Any]:
        """The arguments that make this space again, as plain values."""

    def canonical(self, genes: Genes) -> Genes:
        """Return the one tuple that stands for a network."""
        return tuple(g if on else 0 for g, on in zip(genes, self.active(genes), strict=True))

    def random(self, random: np.random.Generator) -> Genes:
        """Return a random architecture: every decision drawn uniformly."""
        return self.canonical(tuple(int(random.integers(len(d.choices))) for d in self.decisions))

    def mutated(self, genes: Genes, random: np.random.Generator) -> Genes:
        """Return a neighbour: one decision that counts is given another value."""
        open_ = [k for k, on in enumerate(self.active(genes)) if on and len(self.decisions[k].choices) > 1]
        k = open_[int(random.integers(len(open_)))]
        other = int(random.integers(len(self.decisions[k].choices) - 1))
        changed = list(genes)
        changed[k] = other + (other >= genes[k])
        # what the change opens (a further layer) is drawn: gene 0 there only stood for «not there»
        before, after = self.active(genes), self.active(tuple(changed))
        for j, (was, now) in enumerate(zip(before, after, strict=True)):
            if now and not was:
                changed[j] = int(random.integers(len(self.decisions[j].choices)))
        return self.canonical(tuple(changed))

    def crossed(self, a: Genes, b: Genes, random: np.random.Generator) -> Genes:
        """Return a child that has every gene from one of two parents."""
        take = random.random(len(a)) < 0.5
        # a gene that one parent does not have comes from the other
        on_a, on_b = self.active(a), self.active(b)
        child = [
            x if (t and in_a) or not in_b else y
            for x, y, t, in_a, in_b in zip(a, b, take, on_a, on_b, strict=True)
        ]
        return self.canonical(tuple(child))

    def smallest(self) -> Genes:
        """Return the cheapest network, by every count."""
        return self.canonical(tuple(int(np.argmin(d.choices)) if _numeric(d) else 0 for d in self.decisions))

    def inherited(self, parent: Any, fresh: Any, parent_genes: Genes, genes: Genes) -> Any:
        """Return a child's start: the parent's weights where both networks have them, else freshly drawn.

        Parameters
        ----------
        parent, fresh : (params, statistics)
            Of the largest network.
        parent_genes, genes : tuple of int

        Returns
        -------
        (params, statistics)
        """
        both = tree.map(np.logical_and, self.used(parent_genes), self.used(genes))
        return tree.map(np.where, both, parent, fresh)


def _numeric(decision: Decision) -> bool:
    return all(isinstance(choice, int | float) for choice in decision.choices)
