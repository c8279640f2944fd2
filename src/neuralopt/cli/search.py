"""``neuralopt search``: a table in, progress, score and model out."""

import dataclasses
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from neuralopt.benchmark import make_task
from neuralopt.benchmark.search_run import SearchSettings, run_search
from neuralopt.cli.ending import interrupted
from neuralopt.cli.tables import named_table
from neuralopt.core.results import Status


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of ``neuralopt search``, as given."""

    data: str
    target: list[str]
    task: str | None
    drop: list[str]
    missing: str
    settings: SearchSettings
    output: Path | None
    resume: bool


def run(options: Options) -> None:
    """Search, print what came of it, say where the model is; exits with 130 when it was interrupted."""
    name, frame, target = named_table(options.data, options.target)
    task = make_task(
        name,
        frame,
        target[0] if len(target) == 1 else target,
        task=options.task,
        missing=options.missing,
        drop=options.drop,
        seed=options.settings.seed,
    )
    out = Console()
    for note in task.encoder.notes:
        out.print(Padding(Text(note, "dim"), (0, 0, 0, 2)))
    done = run_search(task, options.settings, output=options.output, resume=options.resume, verbose=True)
    out.print(Text(done.model.summary()))
    for name, value in done.scores.items():
        out.print(Text(f"{name}: {value:.4f}"))
    out.print(
        f"Model    {done.path}   (neuralopt predict {done.path} NEW.csv)",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
    if done.model.status is Status.INTERRUPTED:
        interrupted(out)
