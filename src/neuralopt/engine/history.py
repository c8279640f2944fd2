"""What a run wrote down: one row per epoch, as plain arrays."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas


class History(Mapping[str, np.ndarray]):
    """The record of a run, one entry per epoch in every column.

    Columns are ``loss`` (mean of the batch losses of the epoch, each before its step),
    ``learning_rate`` (in force at the last step), ``seconds`` (wall time of the epoch), with
    validation data ``validation_loss`` and ``validation_<metric>``, for every other hyperparameter that
    is scheduled its value at the last step under its name (``b1``, ``stages/0/max_norm``, ``dropout``),
    and ``skipped_steps`` where a `FiniteGuard` may skip some; the loss is the mean over the others.

    Parameters
    ----------
    columns : mapping of str to array, optional
        Arrays of one length.

    Examples
    --------
    >>> history = History({"loss": np.array([2.0, 1.0])})
    >>> history["loss"][-1], len(history.frame())
    (np.float64(1.0), 2)
    """

    def __init__(self, columns: Mapping[str, Any] | None = None) -> None:
        self._parts: dict[str, list[np.ndarray]] = {
            name: [np.asarray(column)] for name, column in (columns or {}).items()
        }

    def extend(self, rows: Mapping[str, np.ndarray]) -> None:
        """Append epochs.

        Parameters
        ----------
        rows : mapping of str to array
            The same columns in every call.
        """
        for name, column in rows.items():
            self._parts.setdefault(name, []).append(np.asarray(column))

    def __getitem__(self, name: str) -> np.ndarray:
        parts = self._parts[name]
        if len(parts) > 1:  # joined when read, so that appending stays cheap
            parts[:] = [np.concatenate(parts)]
        return parts[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def epochs(self) -> int:
        """The number of epochs recorded."""
        return sum(len(part) for part in self._parts.get("loss", []))

    def frame(self) -> "pandas.DataFrame":
        """Return the record as a table with the epoch, counted from 1, as index."""
        import pandas

        index = pandas.RangeIndex(1, self.epochs + 1, name="epoch")
        return pandas.DataFrame({name: self[name] for name in self}, index=index)

    def __repr__(self) -> str:
        return f"History({self.epochs} epochs of {', '.join(self)})"


def settled(losses: np.ndarray) -> bool:
    """Return whether the losses of the last tenth of the epochs lie within 2 % of those before.

    Parameters
    ----------
    losses : float array of shape (epochs,)

    Returns
    -------
    bool
        False of too few epochs to say, and where a loss is not finite.
    """
    tenth = max(1, len(losses) // 10)
    if len(losses) < 3 * tenth or not np.isfinite(losses[-2 * tenth :]).all():
        return False
    last, before = np.mean(losses[-tenth:]), np.mean(losses[-2 * tenth : -tenth])
    return bool(last >= 0.98 * before)
