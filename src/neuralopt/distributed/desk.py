"""The desk of a parameter server: batches go out, gradients come in, steps are taken."""

from collections.abc import Callable, Iterable
from typing import Any

from neuralopt.core import tree
from neuralopt.distributed.codec import size_of
from neuralopt.distributed.crew import Crew, Lease
from neuralopt.distributed.ledger import Ledger
from neuralopt.engine.loop import Point


class Desk:
    """One epoch at a parameter server.

    Parameters
    ----------
    crew : Crew
    noise : Noise or None
        What masks are drawn from.
    point : Point
        Where the epoch begins.
    step : callable
        ``step(point, answers, age)`` takes one step by the mean of some answers.
    """

    def __init__(self, crew: Crew, noise: Any, point: Point, step: Callable[..., Point]) -> None:
        self._crew, self._noise, self._step = crew, noise, step
        self.point, self.losses, self.ages, self.sent = point, {}, [], 0
        self._version = 0
        self._held = crew.put(tree.ravel(point.params))

    def in_rounds(self, ledger: Ledger, workers: int, bound: int | None) -> None:
        """Hand a batch to every worker, and take one step by the mean of all, again and again."""
        while ledger.open:
            leases = []
            while ledger.open and len(leases) < workers:
                leases.append(Lease(len(leases), ledger.lease(), self._version))
            flying = {self._ask(lease): lease for lease in leases}
            answers: dict[int, Any] = {}
            while flying:
                place = self._crew.first(flying)
                lease = flying.pop(place)
                found = self._crew.read(place, lease)
                if found is None:  # the same batch, the same residual, the same parameters
                    flying[self._ask(lease)] = lease
                else:
                    answers[lease.batch] = found
            self._apply(ledger, [(lease, answers[lease.batch]) for lease in leases])

    def as_they_come(self, ledger: Ledger, workers: int, bound: int | None) -> None:
        """Take a step by every gradient when it comes, or when no other one would become too old."""
        idle = list(range(workers if bound is None else min(workers, bound + 1)))
        flying: dict[Any, Lease] = {}
        arrived: list[tuple[Lease, Any]] = []
        while not ledger.done:
            while idle and ledger.open:
                lease = Lease(idle.pop(0), ledger.lease(), self._version)
                flying[self._ask(lease)] = lease
            place = self._crew.first(flying)
            lease = flying.pop(place)
            found = self._crew.read(place, lease)
            if found is None:
                ledger.give_back(lease.batch)
                idle.append(lease.worker)
                continue
            arrived.append((lease, found))
            while (entry := self._next(arrived, flying.values(), bound)) is not None:
                arrived.remove(entry)
                self._apply(ledger, [entry])
                idle.append(entry[0].worker)

    def _next(
        self, arrived: list[tuple[Lease, Any]], flying: Iterable[Lease], bound: int | None
    ) -> tuple[Lease, Any] | None:
        """Return the oldest gradient that may be applied now."""
        for entry in sorted(arrived, key=lambda entry: entry[0].version):
            others = [lease.version for lease, _ in arrived if lease is not entry[0]]
            others += [lease.version for lease in flying]
            if bound is None or in_time(others, self._version + 1, bound):
                return entry
        return None

    def _ask(self, lease: Lease) -> Any:
        return self._crew.ask(lease, self._held, self._noise)

    def _apply(self, ledger: Ledger, entries: list[tuple[Lease, Any]]) -> None:
        fresh = [(lease, answer) for lease, answer in entries if ledger.apply(lease.batch)]
        if not fresh:
            return
        age = self._version - min(lease.version for lease, _ in fresh)
        self.point = self._step(self.point, [answer for _, answer in fresh], age)
        self._version += 1
        self._held = self._crew.put(tree.ravel(self.point.params))
        for lease, (loss, message) in fresh:
            self.losses[lease.batch] = loss
            self.ages.append(age)
            self.sent += size_of(message)


def in_time(versions: list[int], version: int, bound: int) -> bool:
    """Return whether gradients can all be applied, oldest first, before any is older than the bound.

    Parameters
    ----------
    versions : list of int
        Of the parameters that they belong to.
    version : int
        Of the parameters now.
    bound : int

    Returns
    -------
    bool

    Examples
    --------
    >>> in_time([3, 3], 4, bound=2), in_time([3, 3], 4, bound=1)
    (True, False)
    """
    return all(version + place - read <= bound for place, read in enumerate(sorted(versions)))
