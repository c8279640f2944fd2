"""One thread for linear algebra while a joint fit runs."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

P = ParamSpec("P")
R = TypeVar("R")


def one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that keeps BLAS to one thread while it runs.

    Its matrices, a thousand rows of a hundred features, gain next to nothing from a second thread; where the
    cores are busy with other work, threads that wait for one another made a step fifty times slower.
    """

    @functools.wraps(function)
    def limited(*args: P.args, **given: P.kwargs) -> R:
        with threadpool_limits(1, user_api="blas"):
            return function(*args, **given)

    return limited
