"""Which batches are open, on the way and done: each is applied exactly once."""

from collections import deque
from collections.abc import Iterable

from neuralopt.core.errors import WorkerError


class Ledger:
    """The batches of one epoch.

    A batch is leased to a worker, and either applied or, when the worker is lost, given back; what
    arrives a second time is told so.

    Parameters
    ----------
    batches : iterable of int
        In the order in which they are leased.

    Examples
    --------
    >>> ledger = Ledger(range(2))
    >>> first, second = ledger.lease(), ledger.lease()
    >>> ledger.give_back(first)
    >>> ledger.apply(second), ledger.apply(second), ledger.lease()
    (True, False, 0)
    """

    def __init__(self, batches: Iterable[int]) -> None:
        self._open = deque(batches)
        self._leased: set[int] = set()
        self._applied: set[int] = set()
        self._all = frozenset(self._open)

    @property
    def open(self) -> bool:
        """Whether there is a batch to lease."""
        return bool(self._open)

    @property
    def done(self) -> bool:
        """Whether every batch was applied."""
        return self._applied == self._all

    def lease(self) -> int:
        """Return the next batch; those that were given back come first."""
        batch = self._open.popleft()
        self._leased.add(batch)
        return batch

    def give_back(self, batch: int) -> None:
        """Open a batch again whose worker was lost."""
        if batch in self._leased:
            self._leased.remove(batch)
            self._open.appendleft(batch)

    def apply(self, batch: int) -> bool:
        """Book a batch as applied; False for one that was applied before, which must not be again."""
        if batch in self._applied:
            return False
        self._leased.discard(batch)
        self._applied.add(batch)
        return True

    def check(self) -> None:
        """Raise unless every batch was applied.

        Raises
        ------
        WorkerError
            With those that were not.
        """
        if not self.done:
            missing = sorted(self._all - self._applied)
            raise WorkerError(f"every batch must be applied once, these were not: {missing[:10]}.")
