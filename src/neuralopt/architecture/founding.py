"""The calls of the founding document, with its names of arguments."""

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from neuralopt.architecture.architecture import Architecture
from neuralopt.architecture.predictors import check_predictor
from neuralopt.architecture.result import ArchitectureResult
from neuralopt.architecture.search import search_architecture
from neuralopt.architecture.spaces import check_space
from neuralopt.architecture.strategies import get_strategy
from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.scalars import check_count


@dataclasses.dataclass(frozen=True)
class NASConfig:
    """How `neural_architecture_search` searches; made by `create_nas_config`.

    Attributes
    ----------
    search_space, search_strategy, performance_predictor : str
    population_size, generations : int
    further : dict
        Other arguments of `search_architecture`.
    """

    search_space: Any
    search_strategy: str
    population_size: int
    generations: int
    performance_predictor: str
    further: dict[str, Any]


def create_nas_config(
    settings: Sequence[tuple[str, Any]] | Mapping[str, Any] | None = None,
    *,
    search_space: Any = "mlp",
    search_strategy: str = "evolutionary",
    population_size: int = 20,
    generations: int = 50,
    performance_predictor: str = "early_stopping",
    **further: Any,
) -> NASConfig:
    """Return the settings of an architecture search.

    Parameters
    ----------
    settings : sequence of pairs or mapping, optional
        The arguments below by name, in place of them: ``[("search_space", "mobilenet_v3"), ...]``.
    search_space : {"mlp", "mobilenet_v3"} or Space, default "mlp"
        As ``space`` of `search_architecture`.
    search_strategy : str, default "evolutionary"
        As ``strategy``.
    population_size, generations : int
        As there.
    performance_predictor : str, default "early_stopping"
        As ``predictor``.
    **further
        Other arguments of `search_architecture`.

    Returns
    -------
    NASConfig
        For `neural_architecture_search`.

    Raises
    ------
    InvalidArgument
        For an unknown space, strategy or predictor, and numbers that break their law.

    Examples
    --------
    >>> create_nas_config(search_space="mobilenet_v3", generations=10, seed=1).further
    {'seed': 1}
    """
    if settings is not None:
        try:
            given = dict(settings)
        except (TypeError, ValueError):
            raise InvalidArgument(
                f"settings are pairs of a name and a value, got {settings!r}. Give one thing by its name: "
                "create_nas_config(search_space='mlp')."
            ) from None
        return create_nas_config(**given, **further)
    known = [
        *inspect.signature(create_nas_config).parameters,
        *inspect.signature(search_architecture).parameters,
    ]
    for name in further:
        if name not in known:
            raise InvalidArgument(f"unknown setting {name!r}.{did_you_mean(name, known)}")
    get_strategy(search_strategy)
    check_predictor(performance_predictor)
    check_space(search_space)
    check_count("population_size", population_size, low=2)
    check_count("generations", generations)
    return NASConfig(
        search_space, search_strategy, population_size, generations, performance_predictor, further
    )


def neural_architecture_search(
    training_data: Any, validation_data: Any, config: NASConfig
) -> ArchitectureResult:
    """Search for an architecture on training rows, chosen by validation rows.

    Parameters
    ----------
    training_data, validation_data : (X, y)
        As ``data`` and ``validation`` of `search_architecture`.
    config : NASConfig
        From `create_nas_config`.

    Returns
    -------
    ArchitectureResult
        As of `search_architecture`.

    Raises
    ------
    InvalidArgument, DataError
        As of `search_architecture`.
    """
    if not isinstance(config, NASConfig):
        raise InvalidArgument(
            f"config must come from create_nas_config, got {type(config).__name__}. "
            "Make it: create_nas_config(search_space='mlp', population_size=20)."
        )
    return search_architecture(
        training_data,
        config.search_space,
        config.search_strategy,
        config.population_size,
        config.generations,
        config.performance_predictor,
        validation=validation_data,
        **config.further,
    )


def get_best_architecture(nas_result: ArchitectureResult) -> Architecture:
    """Return the best architecture of a search.

    Parameters
    ----------
    nas_result : ArchitectureResult
        Of `neural_architecture_search`.

    Returns
    -------
    Architecture
        The same as ``nas_result.best``.
    """
    return nas_result.best


def get_architecture_performance(nas_result: ArchitectureResult) -> float:
    """Return the metric of the best architecture, trained in full.

    Parameters
    ----------
    nas_result : ArchitectureResult
        Of `neural_architecture_search`.

    Returns
    -------
    float
        Accuracy or R² on the test rows, or on the validation rows where there are none.
    """
    return nas_result.performance


def describe_architecture(architecture: Architecture) -> str:
    """Return an architecture in words, with what it costs.

    Parameters
    ----------
    architecture : Architecture
        From `get_best_architecture`.

    Returns
    -------
    str
        The same as ``architecture.describe()``.
    """
    return architecture.describe()
