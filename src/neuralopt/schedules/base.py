"""What a schedule is: a pure function of the step."""

import abc
from typing import Any

from neuralopt.core.namespace import namespace


class Schedule(abc.ABC):
    """A hyperparameter's value as a pure function of the step.

    Steps count updates from 0. Because nothing but the step is looked at, a
    run resumed at step k continues exactly as if it had never stopped. Past
    its end a schedule holds its last value.
    """

    @abc.abstractmethod
    def value(self, step: Any) -> Any:
        """Return the value in force at a step.

        Parameters
        ----------
        step : int or int array
            Of any shape, counted from 0.

        Returns
        -------
        float array
            Of the shape of ``step``.
        """

    def __call__(self, step: Any) -> Any:
        return self.value(step)


def as_float(step: Any, like: Any) -> Any:
    """Return a step as a float array, in the namespace of the step or of a hyperparameter.

    NumPy works in float64; JAX in its default float, so that a schedule under
    ``jit`` costs no conversion.
    """
    xp = namespace(step, like)
    return xp.asarray(step, dtype=xp.__array_namespace_info__().default_dtypes()["real floating"])
