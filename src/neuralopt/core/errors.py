"""Errors that say the law, the value, the likely cause and the cure."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any


class NeuraloptError(Exception):
    """Base of every error that neuralopt raises on purpose."""


class InvalidArgument(NeuraloptError, ValueError):
    """An argument breaks a stated law; the text says which, with the value and the cure."""


class DataError(NeuraloptError, ValueError):
    """The user's data cannot be used as they are; the text names the place and the cure."""


class StorageError(NeuraloptError, OSError):
    """A file cannot be written, or is damaged, foreign or newer than this version reads."""


class ServerError(NeuraloptError, ConnectionError):
    """A server is absent, too slow, or answers what cannot be used; the text says what was kept."""


class WorkerError(NeuraloptError, RuntimeError):
    """A worker of a distributed run failed, or could not be started again."""


class MissingDependency(NeuraloptError, ImportError):
    """An optional package is needed; the text gives the line that installs it."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest known name, or an empty string.

    Parameters
    ----------
    name : str
        What was asked for.
    known : iterable of str
        What there is.

    Returns
    -------
    str
        A sentence with a leading space, or ``""`` when nothing is near.

    Examples
    --------
    >>> did_you_mean("adma", ["adam", "sgd"])
    " Did you mean 'adam'?"
    >>> did_you_mean("zzz", ["adam", "sgd"])
    ''
    """
    by_folded = {k.casefold(): k for k in known}
    near = difflib.get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.6)
    return f" Did you mean {by_folded[near[0]]!r}?" if near else ""


def missing_dependency(package: str, extra: str, purpose: str) -> MissingDependency:
    """Return the error for an absent optional package, with the line that installs it.

    Parameters
    ----------
    package : str
        The import name of the absent package.
    extra : str
        The extra of neuralopt that brings it.
    purpose : str
        What needs it, as the subject of a sentence.

    Returns
    -------
    MissingDependency
        To be raised by the caller.

    Examples
    --------
    >>> print(missing_dependency("optax", "optax", "from_optax"))  # doctest: +ELLIPSIS
    from_optax needs the package optax, which is not installed. Install it with: pip install ...
    """
    return MissingDependency(
        f"{purpose} needs the package {package}, which is not installed. "
        f'Install it with: pip install "neuralopt[{extra}]"'
    )


def refuse_unknown(init: Callable[..., None]) -> Callable[..., None]:
    """Wrap a constructor so that an argument it does not have is answered with the nearest one it has.

    Parameters
    ----------
    init : callable
        An ``__init__``.

    Returns
    -------
    callable
        The same with the same signature; raises TypeError, as Python does for a wrong call.

    Examples
    --------
    >>> class Ridge:
    ...     @refuse_unknown
    ...     def __init__(self, alpha=1.0): ...
    >>> Ridge(alhpa=2.0)
    Traceback (most recent call last):
    TypeError: Ridge has no argument 'alhpa'. Did you mean 'alpha'? It has: alpha.
    """
    known = list(inspect.signature(init).parameters)[1:]

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **given: Any) -> None:
        for name in given:
            if name not in known:
                raise TypeError(
                    f"{type(self).__name__} has no argument {name!r}.{did_you_mean(name, known)} "
                    f"It has: {', '.join(known)}."
                )
        init(self, *args, **given)

    return checked


def raise_problems(problems: list[str], kind: type[NeuraloptError] = InvalidArgument) -> None:
    """Raise one error that lists every problem found, or do nothing when there are none.

    Parameters
    ----------
    problems : list of str
        One sentence or more for each problem.
    kind : type
        The class of the error.

    Raises
    ------
    InvalidArgument
        Or the given ``kind``, when there is at least one problem.

    Examples
    --------
    >>> raise_problems([])
    """
    if len(problems) == 1:
        raise kind(problems[0])
    if problems:
        raise kind(f"{len(problems)} problems:\n" + "\n".join(f"  - {p}" for p in problems))
