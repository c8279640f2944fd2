"""The progress of a search: sweeps, loss, accepted moves, time left."""

import contextlib
import math
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def watching(title: str, sweeps: int, verbose: bool) -> Iterator[Callable[[dict[str, float]], None] | None]:
    """Yield what draws the progress, None where nothing is to be drawn."""
    if not verbose:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        job = bar.add_task(title, total=sweeps, figures="")

        def watch(now: dict[str, float]) -> None:
            left = f"  {now['left']:.0f} s left" if math.isfinite(now["left"]) else ""
            figures = f"loss {now['loss']:.4g}  {now['accepted']:.0f} moves accepted{left}"
            bar.update(job, completed=now["sweep"], figures=figures)

        yield watch
