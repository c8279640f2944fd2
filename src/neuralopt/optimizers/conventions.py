"""Conventions that are bundles of switches: what a name sets, and what may not stand beside it."""

from typing import Any

from neuralopt.core.errors import raise_problems


def part(method: Any, name: str) -> Any:
    """Return one switch of a method: as given, or as its convention sets it.

    Parameters
    ----------
    method : Optimizer
        Its class has ``conventions``: for every convention, and for ``None``, name to value.
    name : str
        A field whose default is ``None``, "as the convention has it".

    Returns
    -------
    bool, number or schedule
        The switch in force.

    Examples
    --------
    >>> from neuralopt.optimizers import RMSprop
    >>> part(RMSprop(), "eps_in_sqrt"), part(RMSprop(convention="optax"), "eps_in_sqrt")
    (False, True)
    """
    given = getattr(method, name)
    return method.conventions[method.convention][name] if given is None else given


def check_parts(method: Any) -> None:
    """Raise when a switch contradicts the convention that stands beside it.

    Parameters
    ----------
    method : Optimizer
        As in `part`.

    Raises
    ------
    InvalidArgument
        With every switch that says something else than the convention.

    Examples
    --------
    >>> from neuralopt.optimizers import RMSprop
    >>> RMSprop(convention="optax", eps_in_sqrt=False)
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: RMSprop: convention='optax' means eps_in_sqrt=True, got ...
    """
    if method.convention is None:
        return
    problems = []
    for name, meant in method.conventions[method.convention].items():
        if (
            name == "eps"
        ):  # a number to tune: the convention has its default, and any other may stand beside it
            continue
        given = getattr(method, name)
        # a traced or scheduled value cannot be compared: beside a convention there is no room for it either
        if given is not None and not (isinstance(given, bool | int | float) and given == meant):
            problems.append(
                f"{type(method).__name__}: convention={method.convention!r} means {name}={meant!r}, "
                f"got {name}={given!r}. Leave out one of the two."
            )
    raise_problems(problems)
