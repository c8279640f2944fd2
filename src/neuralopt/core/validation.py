"""Checks of what users hand in, made before long work begins."""

from typing import Any

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_CURES = {
    "complex": "Train its real and imaginary parts as two arrays.",
    "bool": "Likely cause: a mask among the parameters. Keep it out of the tree that is trained.",
    "int": "Likely cause: integer literals. Convert that leaf: leaf.astype(float).",
    "uint": "Likely cause: integer literals. Convert that leaf: leaf.astype(float).",
}


def check_params(params: Any) -> None:
    """Raise unless parameters are a non-empty tree of floating-point arrays.

    Parameters
    ----------
    params : tree
        Parameters.

    Raises
    ------
    InvalidArgument
        For an empty tree, or with the name of the first leaf that is not an array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> check_params([np.ones(3)])
    >>> check_params([])
    Traceback (most recent call last):
    neuralopt.core.errors.InvalidArgument: params must hold at least one array, got an empty tree: [].
    """
    leaves = tree.leaves(params)
    holes = tree.leaves(params, is_leaf=_is_none)
    if len(holes) > len(leaves) and not leaves:
        name = next(n for n, leaf in zip(tree.names(params, _is_none), holes, strict=True) if leaf is None)
        raise InvalidArgument(
            f"params must hold at least one array, leaf {name!r} is None and there is no other. "
            "Likely cause: parameters that were never initialised."
        )
    if not leaves:
        raise InvalidArgument(f"params must hold at least one array, got an empty tree: {params!r}.")
    for name, leaf in zip(tree.names(params), leaves, strict=True):
        dtype = getattr(leaf, "dtype", None)
        if dtype is None:
            raise InvalidArgument(
                f"params: every leaf must be an array of floats, leaf {name!r} is a {type(leaf).__name__}. "
                "Wrap it: numpy.asarray(value, dtype=float)."
            )
        kind = str(dtype).rpartition(".")[2]  # array_api_strict writes its own name in front
        if kind not in _FLOATS:
            cure = _CURES.get(kind.rstrip("0123456789"), "Convert that leaf to one of them.")
            raise InvalidArgument(
                f"params: every leaf must be of floats ({', '.join(_FLOATS)}), "
                f"leaf {name!r} has dtype {dtype}. {cure}"
            )


def _is_none(leaf: Any) -> bool:
    return leaf is None


def check_same_structure(params: Any, grads: Any) -> None:
    """Raise unless two trees have one structure and leaves of the same shapes.

    Parameters
    ----------
    params, grads : tree
        Parameters and their gradients.

    Raises
    ------
    InvalidArgument
        With the name of the first leaf that is missing, extra or of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> check_same_structure([np.ones(3)], [np.zeros(3)])
    """
    (our_leaves, our_structure), (their_leaves, their_structure) = tree.flatten(params), tree.flatten(grads)
    if our_structure != their_structure:
        ours, theirs = set(tree.names(params)), set(tree.names(grads))
        missing, extra = sorted(ours - theirs), sorted(theirs - ours)
        where = (
            f"missing in grads: {missing[0]!r}"
            if missing
            else f"not in params: {extra[0]!r}"
            if extra
            else f"{their_structure} against {our_structure}"
        )
        raise InvalidArgument(
            f"params and grads must have the same structure; {where}. "
            "Likely cause: gradients were taken with respect to another tree."
        )
    for k, (p, g) in enumerate(zip(our_leaves, their_leaves, strict=True)):
        if p.shape != g.shape:
            raise InvalidArgument(
                f"params and grads must have the same shapes; leaf {tree.names(params)[k]!r} has {p.shape} "
                f"in params and {g.shape} in grads."
            )


def check_resume(checkpoint: Any, resume: bool) -> None:
    """Raise where a run is to go on and there is nothing to go on from.

    Parameters
    ----------
    checkpoint : path or None
    resume : bool

    Raises
    ------
    InvalidArgument
        For ``resume`` without a checkpoint.
    """
    if resume and checkpoint is None:
        raise InvalidArgument("resume=True needs a checkpoint to go on from, got checkpoint=None.")
