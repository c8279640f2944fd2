"""Trees of arrays: the one place below the engine that touches ``jax.tree``.

A tree is any nesting of lists, tuples, named tuples and dicts with arrays as
leaves. NumPy leaves stay NumPy.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.core
import numpy as np

from neuralopt.core.namespace import namespace
from neuralopt.core.numerics import zero_after

Tree = Any

flatten = jax.tree.flatten
leaves = jax.tree.leaves
structure = jax.tree.structure
map = jax.tree.map


def abstract(function: Callable[..., Any], *args: Any) -> Tree:
    """Return the shapes and dtypes of what a function of JAX arrays would return; of others, the result.

    Parameters
    ----------
    function : callable
        Of trees.
    *args : tree
        Its arguments.

    Returns
    -------
    tree
        Its leaves have ``shape`` and ``dtype``.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> abstract(lambda x: {"sum": x + x}, jnp.ones(2))["sum"].shape
    (2,)
    """
    ours = all(isinstance(leaf, jax.Array) for leaf in leaves(args))
    return jax.eval_shape(function, *args) if ours else function(*args)


def names(tree: Tree, is_leaf: Callable[[Any], bool] | None = None) -> list[str]:
    """Return the name of every leaf, its path joined by slashes.

    Parameters
    ----------
    tree : tree
        Any tree.
    is_leaf : callable, optional
        Which nodes count as leaves although they are trees themselves.

    Returns
    -------
    list of str
        In the order of ``leaves(tree)``.

    Examples
    --------
    >>> names([{"W": 1, "b": 2}])
    ['0/W', '0/b']
    """
    paths = jax.tree_util.tree_flatten_with_path(tree, is_leaf)[0]
    return [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in paths]


def map_unzip(count: int, function: Callable[..., tuple], tree: Tree, *rest: Tree) -> tuple[Tree, ...]:
    """Map a function of several results over trees, giving one tree for each result.

    Parameters
    ----------
    count : int
        How many results the function returns.
    function : callable
        Takes one leaf of every tree, returns a tuple of ``count`` arrays.
    tree, *rest : tree
        Trees of one structure.

    Returns
    -------
    tuple of tree
        ``count`` trees.

    Examples
    --------
    >>> map_unzip(2, lambda a, b: (a + b, a - b), {"x": 3}, {"x": 1})
    ({'x': 4}, {'x': 2})
    """
    first, shape = jax.tree.flatten(tree)
    columns = [first] + [shape.flatten_up_to(other) for other in rest]
    rows = [function(*row) for row in zip(*columns, strict=True)]
    return tuple(shape.unflatten([row[k] for row in rows]) for k in range(count))


def map_named(function: Callable[..., Any], tree: Tree, *rest: Tree) -> Tree:
    """Map a function of a leaf's name and the leaf itself over trees of one structure.

    Parameters
    ----------
    function : callable
        Takes the name and one leaf of every tree.
    tree, *rest : tree
        Trees of one structure.

    Returns
    -------
    tree
        Of the structure of ``tree``.

    Examples
    --------
    >>> map_named(lambda name, leaf: f"{name}={leaf}", {"x": 3})
    {'x': 'x=3'}
    """
    return structure(tree).unflatten(
        [
            function(*row)
            for row in zip(
                names(tree), leaves(tree), *(structure(tree).flatten_up_to(r) for r in rest), strict=True
            )
        ]
    )


def working_dtype(leaf: Any) -> Any:
    """Return the dtype that an optimizer computes in for one parameter.

    Sixteen-bit floats have too few digits for a moving average: with
    ``b2 = 0.999`` a bfloat16 second moment never forgets. They are worked in
    float32 and only the update goes back to sixteen bits.

    Parameters
    ----------
    leaf : array
        A parameter.

    Returns
    -------
    dtype
        The leaf's own, or float32 for narrower floats.

    Examples
    --------
    >>> import numpy as np
    >>> working_dtype(np.ones(2, np.float16)) == np.float32
    True
    """
    xp = namespace(leaf)
    return leaf.dtype if leaf.dtype in (xp.float32, xp.float64) else xp.float32


def scalar_dtype(tree: Tree) -> Any:
    """Return float64 when any leaf is float64, else float32: the dtype of scalars kept in a state.

    Parameters
    ----------
    tree : tree
        Parameters.

    Returns
    -------
    dtype
        Of the leaves' namespace.

    Examples
    --------
    >>> import numpy as np
    >>> scalar_dtype([np.ones(2, np.float32)]) == np.float32
    True
    """
    found = leaves(tree)
    xp = namespace(*found)
    return xp.float64 if any(leaf.dtype == xp.float64 for leaf in found) else xp.float32


def zeros_like(tree: Tree) -> Tree:
    """Return zeros of the shapes of a tree, in each leaf's working dtype.

    Parameters
    ----------
    tree : tree
        Parameters.

    Returns
    -------
    tree
        Arrays of the same namespace.

    Examples
    --------
    >>> import numpy as np
    >>> zeros_like([np.ones(2)])
    [array([0., 0.])]
    """
    return map(lambda leaf: namespace(leaf).zeros_like(leaf, dtype=working_dtype(leaf)), tree)


def cast(value: Any, dtype: Any, like: Any) -> Any:
    """Return a scalar hyperparameter as an array of the given dtype and of an array's namespace.

    Without this a NumPy float64 scalar would widen a float32 update.

    Parameters
    ----------
    value : number or scalar array
        The hyperparameter.
    dtype : dtype
        What to compute in.
    like : array
        Says which namespace.

    Returns
    -------
    array
        Of shape ``()``.

    Examples
    --------
    >>> import numpy as np
    >>> cast(0.1, np.float32, np.ones(2)).dtype
    dtype('float32')
    """
    return namespace(value, like).asarray(value, dtype=dtype)


def global_norm(tree: Tree) -> Any:
    """Return the Euclidean norm of all leaves together.

    Parameters
    ----------
    tree : tree
        Arrays of floats.

    Returns
    -------
    array
        Of shape ``()``.

    Examples
    --------
    >>> import numpy as np
    >>> float(global_norm([np.array([3.0]), np.array([4.0])]))
    5.0
    """
    found = leaves(tree)
    xp = namespace(*found)
    total = sum(xp.sum(xp.square(xp.astype(leaf, working_dtype(leaf)))) for leaf in found)
    return xp.sqrt(total)


def apply_updates(params: Tree, updates: Tree) -> Tree:
    """Return ``params + updates``, every leaf in the parameter's own dtype.

    Parameters
    ----------
    params : tree
        Parameters.
    updates : tree
        What an optimizer's ``update`` returned.

    Returns
    -------
    tree
        The new parameters.

    Examples
    --------
    >>> import numpy as np
    >>> apply_updates([np.array([1.0])], [np.array([-0.25])])
    [array([0.75])]
    """
    return map(lambda p, u: namespace(p, u).astype(p + u, p.dtype, copy=False), params, updates)


def ravel(tree: Tree) -> Any:
    """Return all leaves as one vector, in the order of ``leaves(tree)``.

    Parameters
    ----------
    tree : tree
        Arrays of floats.

    Returns
    -------
    array, shape (n,)
        In the dtype of `scalar_dtype`.

    Examples
    --------
    >>> import numpy as np
    >>> ravel({"W": np.ones((2, 1)), "b": np.zeros(1)})
    array([1., 1., 0.])
    """
    found, dtype = leaves(tree), scalar_dtype(tree)
    xp = namespace(*found)
    flat = [xp.reshape(xp.astype(leaf, dtype), (-1,)) for leaf in found]
    if not any(isinstance(leaf, jax.core.Tracer) for leaf in flat):
        return xp.concat(flat)
    # part after part: XLA's fused concatenation reads every part at every place, under masks; where there is
    # no memory at that place a processor may need so long that a step of training took ten times its time
    whole, at = xp.zeros(sum(leaf.shape[0] for leaf in flat), dtype=dtype), 0
    unknown = zero_after(flat[-1], np.int32)  # of zeros and a known place XLA makes padding, under masks too
    for leaf in flat:
        whole = jax.lax.dynamic_update_slice(whole, leaf, (at + unknown,))
        at += leaf.shape[0]
    return whole


def unravel(vector: Any, like: Tree) -> Tree:
    """Return a vector as a tree, the inverse of `ravel`.

    Parameters
    ----------
    vector : array, shape (n,)
        As many numbers as the tree has.
    like : tree
        Gives structure, shapes and dtypes.

    Returns
    -------
    tree
        Of the vector's namespace.

    Examples
    --------
    >>> import numpy as np
    >>> unravel(np.arange(3.0), {"W": np.ones((2, 1)), "b": np.zeros(1)})["b"]
    array([2.])
    """
    xp, parts, start = namespace(vector), [], 0
    for leaf in leaves(like):
        part = vector[start : start + leaf.size]
        parts.append(xp.astype(xp.reshape(part, leaf.shape), leaf.dtype))
        start += leaf.size
    return structure(like).unflatten(parts)
