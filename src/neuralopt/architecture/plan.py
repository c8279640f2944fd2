"""How candidates are evaluated: the arguments of a search, checked."""

import dataclasses

from neuralopt.architecture.predictors import check_predictor
from neuralopt.architecture.strategies import Strategy
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count

_SHARE = 4  # a candidate trains for a quarter of the epochs


@dataclasses.dataclass(frozen=True)
class Plan:
    """How candidates are evaluated.

    Attributes
    ----------
    predictor : str
    epochs : int
        Of a full training.
    candidate_epochs : int
        Of a candidate.
    inherit : bool
        Whether children begin with their parents' weights.
    population_size, generations, seed : int
    """

    predictor: str
    epochs: int
    candidate_epochs: int
    inherit: bool
    population_size: int
    generations: int
    seed: int


def make_plan(
    strategy: type[Strategy],
    population_size: int,
    generations: int,
    predictor: str,
    epochs: int,
    candidate_epochs: int | None,
    inherit: bool | None,
    seed: int,
) -> Plan:
    """Return the arguments of `search_architecture` that say how candidates are evaluated, checked."""
    name = check_predictor(predictor)
    if check_count("population_size", population_size) < 2:
        raise InvalidArgument(
            f"population_size must be a whole number >= 2, got {population_size}: a single parent has nobody "
            "to be compared with. The default is 20."
        )
    check_count("generations", generations)
    check_count("epochs", epochs)
    check_count("seed", seed, low=0)
    if candidate_epochs is None:
        candidate_epochs = max(1, epochs // _SHARE)
    if check_count("candidate_epochs", candidate_epochs) > epochs:
        raise InvalidArgument(
            f"candidate_epochs must be at most epochs, got {candidate_epochs} > {epochs}. Raise epochs."
        )
    if inherit and name != "early_stopping":
        raise InvalidArgument(
            f"predictor {name!r} speaks of trainings from the start, and inherit=True begins in the middle. "
            "Take predictor='early_stopping', or leave inherit out."
        )
    own = strategy.breeds and (name == "early_stopping" if inherit is None else bool(inherit))
    return Plan(name, epochs, candidate_epochs, own, population_size, generations, seed)
