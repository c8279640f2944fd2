"""Schedules that also learn from the run, and the walks that feed and settle them."""

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.schedules.base import Schedule


class Feedback(Schedule):
    """A schedule whose values also depend on what the run has measured so far.

    It is an immutable value like any other schedule. What it has learnt is in
    a state that it hands out and takes back; for one state it is an ordinary
    schedule, see `at`.

    Attributes
    ----------
    monitor : str or None
        The column of the history that it observes in `neuralopt.train`; None for the validation loss,
        or the training loss without validation data.
    """

    monitor: str | None = None

    @abc.abstractmethod
    def init(self) -> Any:
        """Return the state before anything was measured.

        Returns
        -------
        NamedTuple
            NumPy arrays of shape ``()``; dtypes never change afterwards.
        """

    @abc.abstractmethod
    def observe(self, state: Any, metric: Any, loss: Any = None) -> Any:
        """Return the next state; pure arithmetic, so it runs under ``jit``.

        Parameters
        ----------
        state : NamedTuple
            From `init` or the observation before.
        metric : array
            Of shape ``()``, the monitored figure: of the validation rows, or the training loss.
        loss : array, optional
            Of shape ``()``, the training loss.

        Returns
        -------
        NamedTuple
            Of the shapes and dtypes of ``state``.
        """

    @abc.abstractmethod
    def at(self, state: Any) -> Schedule:
        """Return the ordinary schedule in force in a state; the state's numbers are leaves of it.

        Parameters
        ----------
        state : NamedTuple
            From `init` or `observe`.

        Returns
        -------
        Schedule
            A pure function of the step.
        """

    def value(self, step: Any) -> Any:
        """Raise: without observations there is no value; see `Schedule.value`."""
        raise InvalidArgument(
            f"{type(self).__name__} needs observations before it has a value. neuralopt.train makes them; "
            "by hand: states = feedback_init(optimizer), after each evaluation states = "
            "feedback_observe(optimizer, states, metric, loss), and step with settle(optimizer, states)."
        )

    @property
    def length(self) -> float:
        """That of the schedule in force before anything was observed; see `Schedule.length`."""
        return settle(self, feedback_init(self)).length


def _visit(function: Callable[[Feedback], Any], part: Any, within: Any = None) -> Any:
    """Return a tree with each Feedback in it replaced by ``function`` of it, the innermost first."""
    return tree.map(
        lambda leaf: function(_visit(function, leaf, leaf)) if isinstance(leaf, Feedback) else leaf,
        part,
        is_leaf=lambda node: isinstance(node, Feedback) and node is not within,
    )


def _found(part: Any) -> list[Feedback]:
    """Return every Feedback in a tree, in the order of their states."""
    found: list[Feedback] = []

    def note(schedule: Feedback) -> Feedback:
        found.append(schedule)
        return schedule

    _visit(note, part)
    return found


def _check_count(found: list[Feedback], states: Any) -> None:
    if len(found) != len(states):
        names = ", ".join(type(f).__name__ for f in found) or "none"
        raise InvalidArgument(
            f"there must be one state for each feedback schedule, got {len(states)} for {len(found)} "
            f"({names}). Likely cause: they are of another optimizer; take feedback_init of this one."
        )


def feedback_init(part: Any) -> tuple[Any, ...]:
    """Return the first states of all feedback schedules in a value.

    Parameters
    ----------
    part : tree
        An optimizer, a chain, a schedule, or a tuple of such.

    Returns
    -------
    tuple of NamedTuple
        One for each; empty when there is none.

    Examples
    --------
    >>> from neuralopt.optimizers import SGD
    >>> feedback_init(SGD(0.1))
    ()
    """
    return tuple(schedule.init() for schedule in _found(part))


def feedback_observe(
    part: Any, states: Any, metric: Any, loss: Any = None, figures: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    """Return the states of all feedback schedules in a value after one more observation.

    Parameters
    ----------
    part : tree
        The value that `feedback_init` was given.
    states : tuple of NamedTuple
        From `feedback_init` or the observation before.
    metric : array
        Of shape ``()``, the monitored figure.
    loss : array, optional
        Of shape ``()``, the training loss.
    figures : mapping of str to array, optional
        Other figures by name, for schedules with a ``monitor``; without them all get ``metric``.

    Returns
    -------
    tuple of NamedTuple
        Of the shapes and dtypes of ``states``.

    Raises
    ------
    InvalidArgument
        When the number of states is not that of the feedback schedules.
    """
    found = _found(part)
    _check_count(found, states)
    seen = [metric if figures is None or f.monitor is None else figures[f.monitor] for f in found]
    return tuple(f.observe(s, m, loss) for f, s, m in zip(found, states, seen, strict=True))


def check_monitors(part: Any, columns: Sequence[str]) -> None:
    """Raise when a feedback schedule observes what is not recorded, or a loss that it takes for a score.

    Parameters
    ----------
    part : tree
        An optimizer, a chain, a schedule, or a tuple of such.
    columns : sequence of str
        What is recorded.

    Raises
    ------
    InvalidArgument
        With the names there are.
    """
    for schedule in _found(part):
        name, given = type(schedule).__name__, schedule.monitor
        if given is not None and given not in columns:
            raise InvalidArgument(
                f"{name}: monitor must be one of {', '.join(map(repr, columns))}, got {given!r}."
                f"{did_you_mean(str(given), columns)} Metrics are recorded of validation= by metrics=[...]."
            )
        if getattr(schedule, "mode", "min") == "max" and (given or "loss").endswith("loss"):
            raise InvalidArgument(
                f"{name}: mode='max' waits for a figure that rises, got monitor={given!r}, a loss. "
                "Give monitor='validation_accuracy', say, with validation= and metrics=['accuracy'], "
                "or take mode='min'."
            )


def settle(part: Any, states: Any) -> Any:
    """Return a value with every feedback schedule in it replaced by the ordinary one in force.

    Parameters
    ----------
    part : tree
        The value that `feedback_init` was given.
    states : tuple of NamedTuple
        From `feedback_init` or `feedback_observe`.

    Returns
    -------
    tree
        Of the same classes; its structure does not depend on what was observed, so nothing compiles anew.

    Raises
    ------
    InvalidArgument
        When the number of states is not that of the feedback schedules.
    """
    _check_count(_found(part), states)
    rest = iter(states)
    return _visit(lambda schedule: schedule.at(next(rest)), part)
