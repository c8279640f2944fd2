"""Which arrays lie in the vector that workers exchange, and among how many."""

import dataclasses
import math
from typing import Any

import numpy as np

from neuralopt.core import tree


@dataclasses.dataclass(frozen=True)
class Layout:
    """What is exchanged among how many; static, so that shapes follow from it.

    Parameters
    ----------
    shapes : tuple of tuple of int
        Of the arrays that lie one after the other in the vector.
    workers : int >= 1
        K.
    dtype : str
        Of the vector: ``"float32"`` or ``"float64"``.
    """

    shapes: tuple[tuple[int, ...], ...]
    workers: int
    dtype: str = "float32"

    @classmethod
    def of(cls, params: Any, workers: int) -> "Layout":
        """Return the layout of a tree of parameters.

        Parameters
        ----------
        params : tree of float arrays
        workers : int >= 1

        Returns
        -------
        Layout
        """
        shapes = tuple(tuple(leaf.shape) for leaf in tree.leaves(params))
        return cls(shapes, workers, np.dtype(tree.scalar_dtype(params)).name)

    @property
    def size(self) -> int:
        """Numbers in the vector."""
        return sum(math.prod(shape) for shape in self.shapes)

    @property
    def itemsize(self) -> int:
        """Bytes of one number."""
        return np.dtype(self.dtype).itemsize

    def padded(self, unit: int) -> int:
        """Return the size rounded up so that every worker owns the same number of whole units."""
        whole = unit * self.workers
        return -(-self.size // whole) * whole

    def zeros(self, size: int | None = None) -> np.ndarray:
        """Return zeros of the vector's dtype, by default as many as the vector has."""
        return np.zeros(self.size if size is None else size, self.dtype)
