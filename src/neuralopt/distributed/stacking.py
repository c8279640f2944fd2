"""Trees with one entry for each worker."""

from typing import Any

import numpy as np

from neuralopt.core import tree


def stacked(one: Any, workers: int) -> Any:
    """Return a tree of NumPy arrays with the same entry for every worker, along a new first axis."""
    return tree.map(lambda a: np.stack([np.asarray(a)] * workers), one)


def along_workers(state: Any, with_axis: Any, without: Any) -> Any:
    """Return a tree of the fields of a loop's state: what lies along the workers, and what does not.

    Parameters
    ----------
    state : LoopState
        Whose optimizer's state has a field ``own``.
    with_axis, without : Any
        What to put in place of either.

    Returns
    -------
    LoopState
    """
    fields = type(state)(*[without] * len(state))
    opt_state = type(state.opt_state)(*[without] * len(state.opt_state))
    return fields._replace(opt_state=opt_state._replace(own=with_axis))
