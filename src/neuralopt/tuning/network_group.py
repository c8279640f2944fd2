"""Trials of one shape on their way through one compiled program, and their checkpoint."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.core.results import Status
from neuralopt.engine.callbacks import EarlyStopping
from neuralopt.engine.cohort import Cohort
from neuralopt.storage import read_container, write_container
from neuralopt.tuning.evaluation import Assignment, Channel
from neuralopt.tuning.trials import Outcome, TrialState

if TYPE_CHECKING:
    from neuralopt.tuning.network_objective import NetworkObjective


class Kept:
    """A group as its checkpoint tells it."""

    def __init__(self, path: Path) -> None:
        held = read_container(path, kind="tuning-group", version=1)
        self.numbers, self.params, self.arrays = held.header["numbers"], held.header["params"], held.arrays


def kept_groups(job: Sequence[Assignment]) -> list[Kept]:
    """Return the groups that a killed run of this job left, for the trials that have not ended."""
    if job[0].checkpoint is None or job[0].alone:
        return []
    found, left = [], {given.number for given in job}
    for path in sorted(job[0].checkpoint.parent.glob("group-*.safetensors")):
        try:
            kept = Kept(path)
        except StorageError:  # damaged: the trials begin anew
            continue
        if left & set(kept.numbers):
            found.append(kept)
    return found


class Group:
    """Trials of one shape on their way through one cohort."""

    def __init__(
        self,
        objective: "NetworkObjective",
        numbers: list[int],
        params: list[dict[str, Any]],
        job: Sequence[Assignment],
        kept: Kept | None,
    ) -> None:
        self._objective, self._numbers, self._kept = objective, numbers, kept
        self._params: list[dict[str, Any]] = [
            {k: tuple(v) if isinstance(v, list) else v for k, v in p.items()} for p in params
        ]
        self._given = {given.number: given for given in job}
        self.going = {number for number in numbers if number in self._given}
        self._rows: dict[str, np.ndarray] = {}
        self._begin, self._saved = time.perf_counter(), time.monotonic()
        self._done: dict[int, int] = {n: max(self._given[n].reports, default=0) for n in self.going}

    def begin(self) -> None:
        """Make the cohort, from its checkpoint where there is one."""
        objective, first = self._objective, self._params[0]
        patience = objective.patience
        self.cohort = Cohort(
            objective.network(first),
            objective.data,
            [objective.method(params) for params in self._params],
            epochs=objective.epochs,
            validation=objective.validation,
            loss=objective.loss,
            metrics=objective.metrics,
            batch_size=first.get("batch_size", objective.batch_size),
            seed=objective.seed,
            dropout=[float(params["dropout"]) for params in self._params] if "dropout" in first else None,
            early_stopping=None if patience is None else EarlyStopping(patience=patience),
            dtype=objective.dtype,
            slots=max(objective.batch, len(self._params)),
        )
        if self._kept is not None:
            arrays = self._kept.arrays
            self._rows = {k[5:]: v for k, v in arrays.items() if k.startswith("rows/")}
            self.cohort.restore({k[7:]: v for k, v in arrays.items() if k.startswith("cohort/")})
        self.cohort.stop([k for k, n in enumerate(self._numbers) if n not in self.going])

    def advance(self, until: int) -> None:
        """Train up to an epoch, and keep the cohort when the last time is long enough ago."""
        rows = self.cohort.advance(until)
        before = self._rows or {name: column[:, :0] for name, column in rows.items()}
        self._rows = {name: np.concatenate([before[name], column], axis=1) for name, column in rows.items()}
        path = self._path()
        if path is not None and time.monotonic() - self._saved >= self._objective.checkpoint_every:
            arrays = {f"cohort/{k}": v for k, v in self.cohort.arrays().items()}
            arrays |= {f"rows/{k}": v for k, v in self._rows.items()}
            header = {"numbers": self._numbers, "params": self._params}
            write_container(path, kind="tuning-group", version=1, header=header, arrays=arrays)
            self._saved = time.monotonic()

    def _path(self) -> Path | None:
        first = self._given[min(self._given)]
        own = None if first.alone else first.checkpoint
        return None if own is None else own.parent / f"group-{self._numbers[0]}.safetensors"

    def report(self, channel: Channel) -> None:
        """Hand over the epochs since the last report; finish what ends."""
        if not self._rows:
            return
        status, reports = self.cohort.status, []
        for place, number in enumerate(self._numbers):
            if number in self.going:
                steps, values = self._news(place, number)
                if steps:
                    reports.append((number, steps, values))
                    self._done[number] = steps[-1]
        ends = dict(zip([n for n, _, _ in reports], channel.report(reports), strict=True)) if reports else {}
        leaving = []
        for place, number in enumerate(self._numbers):
            if number not in self.going:
                continue
            told = ends.get(number, self._told_before(number))
            if told or status[place] is not Status.RUNNING:
                self._finish(place, number, status[place], told, channel)
                leaving.append(place)
        self.cohort.stop(leaving)

    def _told_before(self, number: int) -> bool:
        """Return whether a trial was told to end before a kill, and has come as far again."""
        given = self._given[number]
        return given.told and self.cohort.epoch >= max(given.reports)

    def _news(self, place: int, number: int) -> tuple[list[int], list[tuple[float, ...]]]:
        losses = self._rows["validation_loss"][place]
        steps = [k + 1 for k in range(self._done[number], len(losses)) if np.isfinite(losses[k])]
        return steps, [self._values(place, step) for step in steps]

    def _values(self, place: int, step: int | None) -> tuple[float, ...]:
        """Return the figures at an epoch, or at the best epoch by loss."""
        losses = self._rows["validation_loss"][place]
        epoch = int(np.nanargmin(np.where(np.isfinite(losses), losses, np.inf))) if step is None else step - 1
        columns = {f: self._rows[f"validation_{f}"][place] for f in ("loss", *self._objective.metrics)}
        sizes = {"parameters": float(self._objective.network(self._params[place]).parameter_count)}
        figures = self._objective.figures
        return tuple(float(columns[f][epoch]) if f in columns else sizes[f] for f in figures)

    def _finish(self, place: int, number: int, status: Status, told: bool, channel: Channel) -> None:
        losses = self._rows["validation_loss"][place]
        sound = np.isfinite(losses)
        notes = {"epochs": int(sound.sum()), "status": status.name}
        seconds = (time.perf_counter() - self._begin) / len(self._numbers)
        if status is Status.DIVERGED or not sound.any():
            worst = {"minimize": np.inf, "maximize": -np.inf}
            values = tuple(
                float(self._objective.network(self._params[place]).parameter_count)
                if figure == "parameters"
                else worst[direction]
                for figure, direction in zip(self._objective.figures, self._objective.directions, strict=True)
            )
            outcome = Outcome(TrialState.COMPLETE, values, seconds=seconds, notes=notes)
        elif told:
            outcome = Outcome(TrialState.PRUNED, self._values(place, None), seconds=seconds, notes=notes)
        else:
            notes["best_epoch"] = int(np.argmin(np.where(sound, losses, np.inf))) + 1
            outcome = Outcome(TrialState.COMPLETE, self._values(place, None), seconds=seconds, notes=notes)
        self.going.discard(number)
        channel.finish(number, outcome)

    def close(self, channel: Channel) -> None:
        """Finish what has run to its end, and remove the checkpoint."""
        for place, number in enumerate(self._numbers):
            if number in self.going:
                self._finish(place, number, Status.MAX_EPOCHS, False, channel)
        path = self._path()
        if path is not None:
            path.unlink(missing_ok=True)
