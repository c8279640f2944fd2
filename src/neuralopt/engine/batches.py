"""How rows are dealt into batches: sizes, order, weights of a padded last batch."""

import dataclasses
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count

DEFAULT_BATCH_SIZE = 32


@dataclasses.dataclass(frozen=True)
class Plan:
    """The batches of one epoch.

    Attributes
    ----------
    rows : int
        Rows of the data.
    batch_size : int
        Rows of a batch.
    steps : int
        Batches of an epoch.
    weights : float array of shape (steps, batch_size) or None
        Weights of the rows of each batch, summing to one over the real rows of a padded last
        batch; None when no batch is padded.
    shares : float array of shape (steps,)
        Share of the epoch's rows in each batch.
    """

    rows: int
    batch_size: int
    steps: int
    weights: np.ndarray | None
    shares: np.ndarray

    @property
    def full(self) -> bool:
        """Whether the one batch is the whole data, in its own order."""
        return self.batch_size == self.rows

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """Return the rows of every batch of an epoch.

        It depends on nothing but the seed and the epoch, so that a resumed run, a streamed run
        and the NumPy loop all see the same batches.

        Parameters
        ----------
        seed : int >= 0
        epoch : int >= 0

        Returns
        -------
        int32 array of shape (steps, batch_size)
        """
        random = np.random.Generator(np.random.Philox(key=np.array([seed, epoch], np.uint64)))
        order = random.permutation(self.rows).astype(np.int32)
        wanted = self.steps * self.batch_size
        if wanted > self.rows:  # the padding repeats the first row, with weight zero
            order = np.concatenate([order, np.zeros(wanted - self.rows, np.int32)])
        return order[:wanted].reshape(self.steps, self.batch_size)


def plan_batches(
    rows: int,
    batch_size: Any,
    *,
    full_batch: bool,
    weighted: bool,
    dtype: Any,
    optimizer: str = "the optimizer",
) -> Plan:
    """Return the plan of an epoch.

    Parameters
    ----------
    rows : int >= 1
        Rows of the data.
    batch_size : int >= 1, "full" or None
        None means 32, or the whole data for a method that is defined on it.
    full_batch : bool
        Whether the optimizer is defined on the whole data.
    weighted : bool
        Whether a short last batch can be padded; otherwise its rows wait for another epoch.
    dtype : dtype
        Of the weights.
    optimizer : str
        Its name, for the error.

    Returns
    -------
    Plan

    Raises
    ------
    InvalidArgument
        For a batch size that is not a positive whole number, or beside a full-batch method.
    """
    if full_batch and batch_size not in (None, "full") and check_count("batch_size", batch_size) < rows:
        raise InvalidArgument(
            f"{optimizer} takes its steps on the whole data, got batch_size={batch_size} for {rows} rows. "
            "Leave batch_size out, or take SGD or Adam for mini-batches."
        )
    if isinstance(batch_size, str) and batch_size != "full":
        raise InvalidArgument(f"batch_size must be a whole number >= 1 or 'full', got {batch_size!r}.")
    if full_batch or batch_size == "full":
        size = rows
    else:
        size = min(rows, DEFAULT_BATCH_SIZE if batch_size is None else check_count("batch_size", batch_size))
    whole, rest = divmod(rows, size)
    if not rest or not weighted:
        return Plan(rows, size, whole, None, np.full(whole, 1 / whole, dtype))
    counts = np.array([size] * whole + [rest])
    weights = (np.arange(size) < counts[:, None]) / counts[:, None]
    return Plan(rows, size, whole + 1, weights.astype(dtype), (counts / rows).astype(dtype))
