"""Matrices of low rank."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from neuralopt.core import tree
from neuralopt.core.method import method, switch
from neuralopt.core.scalars import check_count
from neuralopt.distributed.exchanges.base import Exchange, Parts
from neuralopt.distributed.exchanges.collectives import Collective, all_reduce, mean
from neuralopt.distributed.exchanges.layout import Layout


@method
class PowerSGD(Exchange):
    r"""Send every weight matrix as the product of two thin ones; biases as they are.

    One step of subspace iteration, started from the last one's result, with error feedback:

    .. math::

        M_{t,k} = G_{t,k} + E_{t,k}, \quad P = \mathrm{qr}\Bigl(\tfrac1K \sum_k M_{t,k} Q_{t-1}\Bigr), \quad
        Q_t = \tfrac1K \sum_k M_{t,k}^\top P, \quad \bar G_t = P Q_t^\top

    Two collectives: all P with what is not compressed, then all Q. An array of more than two axes is a
    matrix whose rows are all axes but the last; one for which two thin factors would not be smaller is
    sent as it is. Memory: one number per parameter and worker, and Q.

    Parameters
    ----------
    rank : int >= 1, default 4
        Columns of the thin factors.

    Notes
    -----
    The residual is that of the worker's own projection, so that what all have sent adds up to what is
    agreed on. All workers decompose the same P; on unlike processors the last bits could differ.

    References
    ----------
    Vogels, Karimireddy and Jaggi, 2019, arXiv:1905.13727, algorithms 1 and 2.

    Examples
    --------
    >>> PowerSGD(4).bytes_per_step(Layout(((784, 512), (512,)), workers=2))
    22784.0
    """

    rank: int = switch(4)

    def __post_init__(self) -> None:
        check_count("PowerSGD: rank", self.rank)

    def _matrices(self, layout: Layout) -> list[tuple[int, int] | None]:
        """Return the rows and columns of what is compressed, None for what is not."""
        found: list[tuple[int, int] | None] = []
        for shape in layout.shapes:
            rows, columns = math.prod(shape[:-1]), shape[-1] if shape else 1
            smaller = self.rank * (rows + columns) < rows * columns
            found.append((rows, columns) if len(shape) >= 2 and smaller else None)
        return found

    def init(self, layout: Layout) -> Parts:
        """Return the residuals, zero, and the first Q, random; see `Exchange.init`."""
        random = np.random.Generator(np.random.Philox(key=np.zeros(2, np.uint64)))
        factors = tuple(
            random.standard_normal((matrix[1], self.rank)).astype(layout.dtype)
            for matrix in self._matrices(layout)
            if matrix
        )
        return Parts(tuple(np.zeros(shape, layout.dtype) for shape in layout.shapes), factors)

    def apply(self, vector: Any, state: Parts, layout: Layout, step: Any) -> tuple[Any, Parts]:
        """Return the mean of low rank; see `Exchange.apply`."""
        # by leaves, not as vectors: XLA sees that what is joined here is taken apart again outside
        wanted = [w + e for w, e in zip(tree.unravel(vector, list(state.own)), state.own, strict=True)]
        matrices = self._matrices(layout)
        M = [w.reshape(matrix) for w, matrix in zip(wanted, matrices, strict=True) if matrix]
        rest = [w for w, matrix in zip(wanted, matrices, strict=True) if not matrix]
        thin, plain = _mean_of([m @ q for m, q in zip(M, state.shared, strict=True)], rest)
        P = [jnp.linalg.qr(p)[0] for p in thin]
        own = [m.T @ p for m, p in zip(M, P, strict=True)]
        Q, _ = _mean_of(own, [])
        agreed = _in_order(matrices, [p @ q.T for p, q in zip(P, Q, strict=True)], plain)
        sent = _in_order(matrices, [p @ q.T for p, q in zip(P, own, strict=True)], rest)
        errors = tuple(w - s.reshape(w.shape) for w, s in zip(wanted, sent, strict=True))
        return jnp.concatenate([part.reshape(-1) for part in agreed]), Parts(errors, tuple(Q))

    def collectives(self, layout: Layout, step: int | None = None) -> tuple[Collective, ...]:
        """Return the means of all P with what is not compressed, and of all Q; see `Exchange.collectives`."""
        pairs = list(zip(self._matrices(layout), layout.shapes, strict=True))
        first = sum(self.rank * matrix[0] if matrix else math.prod(shape) for matrix, shape in pairs)
        second = sum(self.rank * matrix[1] for matrix, _ in pairs if matrix)
        return tuple(all_reduce(layout, count, layout.itemsize) for count in (first, second) if count)


def _mean_of(matrices: list[Any], plain: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the means of arrays over the workers, in one collective."""
    parts = [*matrices, *plain]
    if not parts:
        return [], []
    whole = mean(jnp.concatenate([part.reshape(-1) for part in parts]))
    found = jnp.split(whole, np.cumsum([part.size for part in parts])[:-1])
    found = [piece.reshape(part.shape) for piece, part in zip(found, parts, strict=True)]
    return found[: len(matrices)], found[len(matrices) :]


def _in_order(matrices: list[Any], compressed: list[Any], plain: list[Any]) -> list[Any]:
    """Return what was compressed and what was not in the order of the layout."""
    thin, rest = iter(compressed), iter(plain)
    return [next(thin if matrix else rest) for matrix in matrices]
