"""One evaluated architecture, as it is kept in the journal."""

import dataclasses
from typing import Any

from neuralopt.architecture.space import Genes
from neuralopt.architecture.trainer import Curves

SEARCH, RANDOM = "search", "random"


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """One evaluated architecture.

    Attributes
    ----------
    number : int
        From 0, within its arm.
    arm : {"search", "random"}
        The strategy asked for, or the random search beside it.
    genes : tuple of int
    parent : int or None
        Number of the evaluation that it was mutated from.
    inherited : bool
        Whether it began with its parent's weights.
    score : float
        By the predictor; higher is better.
    curves : Curves
    parameters, multiply_adds : int
    seconds : float
    """

    number: int
    arm: str
    genes: Genes
    parent: int | None
    inherited: bool
    score: float
    curves: Curves
    parameters: int
    multiply_adds: int
    seconds: float

    @property
    def metric(self) -> float:
        """The validation metric where its training ended."""
        return self.curves.validation_metric[-1]

    def entry(self) -> dict[str, Any]:
        """Return it as plain values."""
        held = dataclasses.asdict(self)
        curves = {name: list(values) for name, values in held.pop("curves").items()}
        return {**held, "genes": list(self.genes), **curves}

    @classmethod
    def of(cls, entry: dict[str, Any]) -> "Evaluation":
        """Return what `entry` made plain; KeyError and TypeError for anything else."""
        names = [field.name for field in dataclasses.fields(Curves)]
        curves = Curves(*(tuple(map(float, entry[name])) for name in names))
        rest = {name: value for name, value in entry.items() if name not in names}
        return cls(**{**rest, "genes": tuple(rest["genes"]), "curves": curves})


def best_of(evaluations: list[Evaluation]) -> Evaluation:
    """Return the evaluation with the highest score; of equals the first."""
    return max(evaluations, key=lambda e: (e.score, -e.number))
