"""Logs in files of text: one line for every epoch, as CSV or as JSON."""

import abc
import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.core.scalars import check_count
from neuralopt.engine.callbacks import Callback, Report
from neuralopt.engine.history import History
from neuralopt.storage import check_writable, write_text


class LineLogger(Callback, abc.ABC):
    """What the logs have in common: a file to whose end the epochs of a run are written.

    Parameters
    ----------
    path : path
        The file. Runs are written one after the other; each begins again at epoch 1. A resumed run goes on
        in the file's last run: what a kill left there beyond the checkpoint, half a line included, is cut.
    every : int >= 1, optional
        Write at every multiple of so many epochs; by default with the chunks, about four times a second.
        What is written is handed to the system at once, so that Ctrl-C and a kill keep it.
    """

    def __init__(self, path: str | Path, every: int | None = None) -> None:
        self.every = None if every is None else check_count("every", every)
        self._path, self._file, self._done = Path(path).expanduser(), None, 0

    def on_resume(self, history: History) -> None:
        """Keep how many epochs are done; see `Callback.on_resume`."""
        self._done = history.epochs

    def on_start(self, epochs: int, steps: int) -> None:
        """Open the file and cut what is not of this run; see `Callback.on_start`."""
        check_writable(self._path)
        done, self._done = self._done, 0
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        lines = text[: text.rfind("\n") + 1].splitlines(keepends=True)
        kept = "".join(lines if done == 0 else self._until(lines, done))
        if kept != text:
            write_text(self._path, kept)
        self._heading = kept[: kept.find("\n") + 1]
        self._file = self._path.open("a", encoding="utf-8", newline="")

    def on_chunk(self, report: Report) -> None:
        """Append the chunk's epochs; see `Callback.on_chunk`."""
        assert self._file is not None
        count = len(report.rows["loss"])
        first = report.epoch - count + 1
        rows = [
            {"epoch": first + k, **{name: float(column[k]) for name, column in report.rows.items()}}
            for k in range(count)
        ]
        self._write(self._file, rows)
        self._file.flush()

    def on_end(self, status: Status) -> None:
        """Close the file; see `Callback.on_end`."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _until(self, lines: list[str], done: int) -> list[str]:
        """Return the lines up to the epoch of the last run that the run is resumed after."""
        epochs = [self._epoch(line) for line in lines]
        begin = max((k for k, epoch in enumerate(epochs) if epoch == 1), default=0)
        beyond = (k for k in range(begin, len(lines)) if (epochs[k] or 0) > done)
        return lines[: next(beyond, len(lines))]

    @abc.abstractmethod
    def _epoch(self, line: str) -> int | None:
        """Return the epoch that a line holds; None for a line that holds none."""

    @abc.abstractmethod
    def _write(self, file: TextIO, rows: Sequence[dict[str, Any]]) -> None:
        """Append the rows to the file."""


class JSONLLogger(LineLogger):
    """Write one line of JSON for every epoch.

    Parameters
    ----------
    path : path
        The file. Runs are written one after the other; each begins again at epoch 1. A resumed run goes on
        in the file's last run: what a kill left there beyond the checkpoint, half a line included, is cut.
        A figure that is not finite is written as null.
    every : int >= 1, optional
        Write at every multiple of so many epochs; by default with the chunks, about four times a second.
        What is written is handed to the system at once, so that Ctrl-C and a kill keep it.

    Examples
    --------
    >>> import neuralopt, numpy as np, pathlib, tempfile
    >>> X, folder = np.ones((8, 1)), tempfile.mkdtemp()
    >>> log = neuralopt.JSONLLogger(f"{folder}/run.jsonl")
    >>> _ = neuralopt.train(neuralopt.MLP((1, 2, 1)), (X, X), epochs=3, callbacks=[log])
    >>> len(pathlib.Path(folder, "run.jsonl").read_text().splitlines())
    3
    """

    def _epoch(self, line: str) -> int | None:
        try:
            epoch = json.loads(line)["epoch"]
        except (ValueError, KeyError, TypeError):
            return None
        return epoch if isinstance(epoch, int) else None

    def _write(self, file: TextIO, rows: Sequence[dict[str, Any]]) -> None:
        for row in rows:
            plain = {name: value if np.isfinite(value) else None for name, value in row.items()}
            file.write(json.dumps(plain) + "\n")


class CSVLogger(LineLogger):
    """Write one line of comma-separated values for every epoch, under one heading.

    Parameters
    ----------
    path : path
        The file. Runs are written one after the other; each begins again at epoch 1. A resumed run goes on
        in the file's last run: what a kill left there beyond the checkpoint, half a line included, is cut.
        Figures keep all their digits, also ``nan`` and ``inf``.
    every : int >= 1, optional
        Write at every multiple of so many epochs; by default with the chunks, about four times a second.
        What is written is handed to the system at once, so that Ctrl-C and a kill keep it.

    Raises
    ------
    InvalidArgument
        At the first epoch, when the file holds other columns than the run.

    Examples
    --------
    >>> import neuralopt, numpy as np, pandas, tempfile
    >>> X, path = np.ones((8, 1)), tempfile.mkdtemp() + "/run.csv"
    >>> result = neuralopt.train(
    ...     neuralopt.MLP((1, 2, 1)), (X, X), epochs=3, callbacks=[neuralopt.CSVLogger(path)])
    >>> list(pandas.read_csv(path)["epoch"])
    [1, 2, 3]
    """

    def _epoch(self, line: str) -> int | None:
        first = line.split(",", 1)[0]
        return int(first) if first.isdecimal() else None

    def _write(self, file: TextIO, rows: Sequence[dict[str, Any]]) -> None:
        heading = _line(list(rows[0]))
        if not self._heading:
            file.write(heading)
            self._heading = heading
        elif self._heading != heading:
            raise InvalidArgument(
                f"The log {self._path} has the columns {self._heading.strip()}; this run has "
                f"{heading.strip()}. Give another path."
            )
        file.write("".join(_line([str(row["epoch"]), *map(repr, list(row.values())[1:])]) for row in rows))


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
