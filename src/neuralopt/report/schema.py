"""What a ranking of format version 1 must hold."""

import math
from collections.abc import Mapping
from typing import Any

_OPTIONAL = (int, float, type(None))
_TOP = {
    "neuralopt": str,
    "title": str,
    "created": str,
    "machine": dict,
    "config": dict,
    "complete": bool,
    "tasks": list,
}
_TASK = {
    "name": str,
    "kind": str,
    "metric": str,
    "loss": str,
    "target": str,
    "n_train": int,
    "n_validation": int,
    "n_test": int,
    "n_features": int,
    "n_outputs": int,
    "classes": (list, type(None)),
    "reason": str,
    "notes": list,
    "summary": str,
    "best_model": (str, type(None)),
    "rows": list,
    "findings": list,
}
_ROW = {
    "rank": int,
    "method": str,
    "label": str,
    "family": str,
    "learning_rate": _OPTIONAL,
    "metric": _OPTIONAL,
    "metric_low": _OPTIONAL,
    "metric_high": _OPTIONAL,
    "loss": _OPTIONAL,
    "loss_low": _OPTIONAL,
    "loss_high": _OPTIONAL,
    "status": str,
    "diverged_runs": int,
    "runs": int,
    "record": str,
}
_TABLE = {"title": str, "columns": list, "rows": list, "note": str}
_FINDING = {"code": str, "title": str, "cause": str, "cure": str, "methods": list}


def ranking_problems(ranking: Mapping[str, Any]) -> list[str]:
    """List what a ranking lacks or holds in the wrong type, one clause for each place.

    Parameters
    ----------
    ranking : mapping
        The parsed ``ranking.json``.

    Returns
    -------
    list of str
        Empty when the ranking is sound.

    Examples
    --------
    >>> sound = dict(neuralopt="0.1.0", title="t", created="", machine={}, config={}, complete=True, tasks=[])
    >>> ranking_problems(sound), ranking_problems({**sound, "tasks": None})
    ([], ["the ranking's tasks is None"])
    """
    problems = _check(ranking, _TOP, "the ranking")
    for i, task in enumerate(_items(ranking, "tasks")):
        place = f"task {i + 1}"
        problems += _check(task, _TASK, place)
        for j, row in enumerate(_items(task, "rows")):
            problems += _check(row, _ROW, f"row {j + 1} of {place}")
        for j, finding in enumerate(_items(task, "findings")):
            problems += _check(finding, _FINDING, f"finding {j + 1} of {place}")
        if isinstance(task, Mapping) and not isinstance(task.get("trajectories", ""), str):
            problems.append(f"{place}'s trajectories is not the name of a file")
        for j, table in enumerate(_items(task, "tables")):  # older rankings have none
            problems += _check(table, _TABLE, f"table {j + 1} of {place}")
            width = len(_items(table, "columns"))
            if any(not isinstance(row, list) or len(row) != width for row in _items(table, "rows")):
                problems.append(f"table {j + 1} of {place} has rows of other widths than its {width} columns")
    return problems


def plain_numbers(value: Any) -> Any:
    """Return the same JSON document with every infinite or undefined number as None.

    Parameters
    ----------
    value : any
        A parsed JSON document.

    Returns
    -------
    any
        A copy.

    Examples
    --------
    >>> plain_numbers({"loss": [1.0, float("inf")]})
    {'loss': [1.0, None]}
    """
    if isinstance(value, dict):
        return {key: plain_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_numbers(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _items(mapping: Any, key: str) -> list[Any]:
    items = mapping.get(key) if isinstance(mapping, Mapping) else None
    return items if isinstance(items, list) else []


def _check(value: Any, keys: Mapping[str, Any], place: str) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"{place} is not an object"]
    absent = [key for key in keys if key not in value]
    problems = [f"{place} lacks {', '.join(absent)}"] if absent else []
    wrong = [key for key in keys if key in value and not isinstance(value[key], keys[key])]
    return problems + [f"{place}'s {key} is {value[key]!r}" for key in wrong]
