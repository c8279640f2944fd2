"""The arguments of a search, checked all at once."""

import dataclasses
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean, raise_problems
from neuralopt.core.scalars import check_count
from neuralopt.models import MLP
from neuralopt.models.activations import check_activation
from neuralopt.search.targets import check_loss

LINES = ("auto", "grid", "exact", "brent")
ORDERS = ("cyclic", "random", "greedy")
DIRECTIONS = ("weights", "least_squares", "random")
READOUTS = ("ridge", "search")
_FINEST = 1_000_000  # values of a grid: each is a pass over all rows


@dataclasses.dataclass(frozen=True)
class Settings:
    """The arguments of a search, in one form.

    Attributes
    ----------
    mlp : MLP
    weight_range, bias_range : (float, float)
    weight_range_size, bias_range_size : int
        Values of the grids.
    line, order, readout : str
        readout is "ridge" or "search" here.
    directions : tuple of str
    loss : str or callable
    levels : array or None
        Ascending.
    restarts, seed : int
    budget_s, tolerance : float or None
    """

    mlp: MLP
    weight_range: tuple[float, float]
    bias_range: tuple[float, float]
    weight_range_size: int
    bias_range_size: int
    line: str
    order: str
    directions: tuple[str, ...]
    loss: Any
    levels: np.ndarray | None
    restarts: int
    readout: str
    budget_s: float | None
    tolerance: float | None
    seed: int


def check_settings(given: dict[str, Any]) -> Settings:
    """Return the settings of the constructor's arguments, or raise one error with every problem."""
    problems: list[str] = []

    def attempt(check: Callable[..., Any], *args: Any, **options: Any) -> Any:
        try:
            return check(*args, **options)
        except InvalidArgument as error:
            problems.append(str(error))
            return None

    sizes = attempt(check_sizes, given)
    attempt(check_activation, given["activation"])
    ranges = [attempt(_range, name, given[name]) for name in ("weight_range", "bias_range")]
    counts = [attempt(_grid_size, name, given[name]) for name in ("weight_range_size", "bias_range_size")]
    for name, known in (("line", LINES), ("order", ORDERS)):
        attempt(_known, name, given[name], known)
    if given["readout"] is not None:
        attempt(_known, "readout", given["readout"], READOUTS)
    directions = attempt(_directions, given["directions"])
    attempt(check_loss, given["loss"])
    levels = attempt(_levels, given["levels"])
    restarts = attempt(check_count, "restarts", given["restarts"], low=0)
    budget = attempt(check_budget, given["budget_s"])
    tolerance = attempt(_tolerance, given["tolerance"])
    seed = attempt(check_count, "seed", given["seed"], low=0)
    raise_problems(problems)
    mlp = MLP(tuple(sizes), given["activation"])
    readout = given["readout"] or ("ridge" if levels is None else "search")
    return Settings(
        *(mlp, ranges[0], ranges[1], counts[0], counts[1], given["line"], given["order"], directions),
        *(given["loss"], levels, restarts, readout, budget, tolerance, seed),
    )


def check_sizes(given: dict[str, Any]) -> list[int]:
    """Return the layer sizes of the three founding arguments, or raise."""
    hidden = given["hidden_sizes"]
    if isinstance(hidden, numbers.Integral) and not isinstance(hidden, bool):
        hidden = [hidden]
    if not isinstance(hidden, Sequence | np.ndarray) or isinstance(hidden, str):
        raise InvalidArgument(
            f"hidden_sizes must be a sequence of whole numbers >= 1, got {given['hidden_sizes']!r}. "
            "One hidden layer of 64 units is [64]; [] is a linear model."
        )
    return [
        check_count("input_size", given["input_size"]),
        *(check_count("every entry of hidden_sizes", size) for size in hidden),
        check_count("output_size", given["output_size"]),
    ]


def check_budget(budget: Any) -> float | None:
    """Return seconds, or None for no limit, or raise."""
    if budget is None:
        return None
    if not _is_number(budget) or not 0 < budget < np.inf:
        raise InvalidArgument(
            f"budget_s must be seconds, finite and > 0, or None for no limit, got {budget!r}."
        )
    return float(budget)


def _range(name: str, given: Any) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in given)
    except (TypeError, ValueError):
        raise InvalidArgument(f"{name} must be two numbers, lowest first, got {given!r}.") from None
    law = f"{name} must be two finite numbers, the first below the second, got {given!r}"
    if not np.isfinite([low, high]).all():
        raise InvalidArgument(
            f"{law}: a grid has ends. Give some, such as (-5, 5); a ridge readout is free of them."
        )
    if low == high:
        raise InvalidArgument(f"{law}: it is empty. To fix weights, give levels instead.")
    if low > high:
        raise InvalidArgument(f"{law}: it is empty. Likely cause: the ends are swapped.")
    return low, high


def _grid_size(name: str, given: Any) -> int:
    count = check_count(name, given, low=2)
    if count > _FINEST:
        raise InvalidArgument(
            f"{name} must be at most {_FINEST}, got {count}: every value costs a pass over all rows, "
            "for every weight. Give hundreds; line='auto' goes on between them."
        )
    return count


def _known(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidArgument(
            f"{name} must be one of {', '.join(known)}, got {value!r}.{did_you_mean(str(value), known)}"
        )


def _directions(given: Any) -> tuple[str, ...]:
    if given is not None and not isinstance(given, Iterable):
        raise InvalidArgument(
            f"directions must be names out of {', '.join(DIRECTIONS)}, got {given!r}. None is all of them."
        )
    named = DIRECTIONS if given is None else (given,) if isinstance(given, str) else tuple(given)
    for name in named:
        _known("every entry of directions", name, DIRECTIONS)
    if not named:
        raise InvalidArgument(f"directions must name at least one of {', '.join(DIRECTIONS)}, got none.")
    return named


def _levels(given: Any) -> np.ndarray | None:
    if given is None:
        return None
    try:
        levels = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        levels = np.array([np.nan])
    if levels.ndim > 1:
        raise InvalidArgument(
            f"levels must be one row of numbers, got shape {levels.shape}: every weight has the same levels. "
            "Likely cause: levels for each layer or unit. Give one list, such as [-1, 0, 1]."
        )
    levels = np.unique(levels)
    if levels.size < 2 or not np.isfinite(levels).all():
        raise InvalidArgument(
            f"levels must be two or more different finite numbers, got {given!r}. "
            "Ternary weights are [-1, 0, 1]; None leaves weights real."
        )
    return levels


def _tolerance(given: Any) -> float | None:
    if given is None:
        return None
    if not _is_number(given) or not 0 <= given < np.inf:
        raise InvalidArgument(f"tolerance must be finite and >= 0, or None, got {given!r}.")
    return float(given)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
