"""What a person sees of a running search: best so far, evaluations per second, time left."""

import sys
import time
from typing import Any, TextIO

from neuralopt.architecture.evaluation import SEARCH, Evaluation


class Bar:
    """A progress bar over the evaluations of both arms.

    Parameters
    ----------
    total : int
    metric : str
        What the validation metric is called.
    shown : bool
        Nothing is drawn otherwise.
    file : text file, optional
        By default the standard error stream.
    """

    def __init__(self, total: int, metric: str, shown: bool, file: TextIO | None = None) -> None:
        self._total, self._metric, self._shown, self._file = total, metric, shown, file
        self._best: dict[str, Evaluation] = {}
        self._count = 0

    def __enter__(self) -> "Bar":
        self._begin = time.perf_counter()
        self._bar: Any = None
        if self._shown:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            rest = (TextColumn("{task.fields[figures]}"), TimeRemainingColumn())
            self._bar = Progress(*columns, *rest, console=Console(file=self._file or sys.stderr))
            self._bar.start()
            self._task = self._bar.add_task("architectures", total=self._total, figures="compiling")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, evaluation: Evaluation) -> None:
        """Move the bar by one evaluation."""
        self._count += 1
        before = self._best.get(evaluation.arm)
        if before is None or evaluation.score > before.score:
            self._best[evaluation.arm] = evaluation
        if self._bar is not None:
            self._bar.update(self._task, advance=1, figures=self.figures(evaluation.arm))

    def figures(self, arm: str) -> str:
        """Return the text beside the bar."""
        best = self._best[arm]
        rate = self._count / max(time.perf_counter() - self._begin, 1e-9)
        beside = "" if arm == SEARCH else "random beside it: "
        metric = {"r2": "R²"}.get(self._metric, self._metric)
        return f"{beside}best {metric} {best.metric:.4g} (number {best.number})  {rate:.2g}/s"

    def shrink(self, fewer: int) -> None:
        """Take evaluations off the total that will not be made."""
        self._total -= fewer
        if self._bar is not None:
            self._bar.update(self._task, total=self._total)
