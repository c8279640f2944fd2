"""A progress bar for a run."""

import sys
from typing import TextIO

from neuralopt.core.results import Status
from neuralopt.engine.callbacks import Callback, Report
from neuralopt.engine.history import History
from neuralopt.transforms import DecayPolicy


class Progress(Callback):
    """A progress bar with loss, learning rate, steps per second and time left.

    Above it stands the table of which parameters decay, where the optimizer decays any.

    Parameters
    ----------
    title : str, default "training"
        What stands in front of the bar.
    file : text file, optional
        Where it is drawn, by default the standard error stream. Where that is no terminal, the last state
        of the bar is written once, at the end.

    Examples
    --------
    >>> import neuralopt, numpy as np, sys
    >>> X = np.ones((8, 1))
    >>> _ = neuralopt.train(neuralopt.MLP((1, 2, 1)), (X, X), epochs=2,
    ...                     callbacks=[Progress("fitting", sys.stdout)])  # doctest: +ELLIPSIS
    fitting ...2/2 loss ...
    """

    def __init__(self, title: str = "training", file: TextIO | None = None) -> None:
        self._title, self._file, self._bar = title, file, None
        self._done = 0

    def on_policy(self, policy: DecayPolicy) -> None:
        """Print the table; see `Callback.on_policy`."""
        print(policy, file=self._file or sys.stderr)

    def on_resume(self, history: History) -> None:
        """Begin where the run stopped; see `Callback.on_resume`."""
        self._done = history.epochs

    def on_start(self, epochs: int, steps: int) -> None:
        """Draw the bar; see `Callback.on_start`."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=Console(file=self._file or sys.stderr),
        )
        self._bar.start()
        self._task = self._bar.add_task(self._title, total=epochs, completed=self._done, figures="compiling")
        self._done = 0

    def on_chunk(self, report: Report) -> None:
        """Move the bar; see `Callback.on_chunk`."""
        if self._bar is None:
            return
        now = {name: column[-1] for name, column in report.rows.items()}
        figures = f"loss {now['loss']:.4g}"
        if "validation_loss" in now:
            figures += f"  validation {now['validation_loss']:.4g}"
        figures += f"  rate {now['learning_rate']:.2e}  {report.steps_per_second:,.0f} steps/s"
        self._bar.update(self._task, completed=report.epoch, figures=figures)

    def on_end(self, status: Status) -> None:
        """Leave the finished bar standing; see `Callback.on_end`."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
