"""Faults on purpose, at a rank and a step, once each; workers import this module."""

import dataclasses
import os
import signal
import time
from pathlib import Path
from typing import Any

import jax

from neuralopt.core.method import method, switch
from neuralopt.distributed.exchanges.base import Exchange
from neuralopt.distributed.exchanges.collectives import AXIS
from neuralopt.distributed.exchanges.int8 import Int8
from neuralopt.distributed.ray_worker import GradientWorker


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens to a worker: "kill", "stop" and "hang" (both stuck), "slow", "raise"; or "start", killed at a start.

    The step is that of the whole run; for "start" it is how often the worker has started before.
    """

    what: str
    rank: int
    step: int

    def strike(self, folder):
        """Let it happen, unless it has."""
        try:
            marker = os.open(Path(folder) / f"{self.what}-{self.rank}-{self.step}", os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return
        os.close(marker)
        if self.what == "raise":
            raise ValueError("this fault is meant")
        if self.what in ("slow", "hang"):
            time.sleep(0.5 if self.what == "slow" else 3600)
        else:
            os.kill(os.getpid(), signal.SIGSTOP if self.what == "stop" else signal.SIGKILL)


def struck(folder):
    """Return the faults that have happened."""
    return {
        entry.name
        for entry in Path(folder).iterdir()
        if entry.name.count("-") == 2 and "born" not in entry.name
    }


@method
class Faulty(Exchange):
    """An exchange of Int8 in whose steps faults strike."""

    faults: Any = switch(())
    folder: str = switch("")

    def init(self, layout):
        return Int8().init(layout)

    def apply(self, vector, state, layout, step):
        jax.debug.callback(self._strike, jax.lax.axis_index(AXIS), step)
        return Int8().apply(vector, state, layout, step)

    def collectives(self, layout, step=None):
        return Int8().collectives(layout, step)

    def _strike(self, rank, step):
        for fault in self.faults:
            if (fault.rank, fault.step) == (int(rank), int(step)) and fault.what != "start":
                fault.strike(self.folder)

    def __reduce__(self):
        return revive, (self.faults, self.folder)


def revive(faults, folder):
    """Return a `Faulty` in a worker that has just started, unless it is to be killed now."""
    rank = jax.process_index()
    born = len(list(Path(folder).glob(f"born-{rank}-*")))
    (Path(folder) / f"born-{rank}-{born}").touch()
    for fault in faults:
        if (fault.what, fault.rank, fault.step) == ("start", rank, born):
            fault.strike(folder)
    return Faulty(faults=faults, folder=folder)


class FaultyWorker(GradientWorker):
    """A worker of a parameter server; faults happen at the batches that a file in the folder FAULTS names."""

    def gradient(self, vector, batch, residual, noise):
        folder = Path(os.environ["FAULTS"])
        armed = folder / "armed"
        for fault in armed.read_text().split() if armed.exists() else ():
            what, place = fault.split("-")
            if int(place) == batch:
                Fault(what, 0, batch).strike(folder)
        return super().gradient(vector, batch, residual, noise)
