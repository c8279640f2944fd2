"""The table that says what pays."""

import dataclasses
from typing import TYPE_CHECKING

from neuralopt.distributed.network import AnyNetwork

if TYPE_CHECKING:
    import pandas


@dataclasses.dataclass(frozen=True)
class PlanRow:
    """What one way to train would take.

    Attributes
    ----------
    workers : int
    method : str
    step_seconds : float
        Wall time of one step of all workers.
    speedup : float
        Against one worker that computes the whole batch.
    bytes_per_step : float
        Sent by one worker.
    less_by : float
        How many times fewer bytes than `Fp32`.
    pays_below : float
        Bytes per second of a link below which it is faster than `Fp32`; infinite where it always is, 0
        where it never is.
    waiting : float
        Share of the time in which workers wait for the slowest.
    """

    workers: int
    method: str
    step_seconds: float
    speedup: float
    bytes_per_step: float
    less_by: float
    pays_below: float
    waiting: float


@dataclasses.dataclass(frozen=True)
class TrainingPlan:
    """The table of `plan`.

    Attributes
    ----------
    rows : tuple of PlanRow
        Fastest first, for each number of workers.
    one_worker : float
        Seconds of a step of the whole batch by one worker, as measured.
    parameters : int
    networks : tuple of Network or MeasuredNetwork
        Between the workers, for each number of them in turn.
    """

    rows: tuple[PlanRow, ...]
    one_worker: float
    parameters: int
    networks: tuple[AnyNetwork, ...]

    def best(self, workers: int) -> PlanRow:
        """Return the fastest way for so many workers.

        Parameters
        ----------
        workers : int
            One of those that were asked for.

        Returns
        -------
        PlanRow
        """
        return next(row for row in self.rows if row.workers == workers)

    def frame(self) -> "pandas.DataFrame":
        """Return the rows as a table."""
        import pandas

        return pandas.DataFrame([dataclasses.asdict(row) for row in self.rows])
