"""``neuralopt architecture``: a table in, the best network of a space, model and report out."""

import dataclasses
import sys
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from neuralopt.architecture.run import ArchitectureRun, ArchitectureSettings, run_architecture
from neuralopt.benchmark import make_task
from neuralopt.benchmark.task import Task
from neuralopt.cli.tables import named_table
from neuralopt.core.errors import StorageError
from neuralopt.core.results import Status
from neuralopt.report import build_report


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of ``neuralopt architecture``, as given."""

    data: str
    target: list[str]
    task: str | None
    missing: str
    drop: list[str]
    settings: ArchitectureSettings
    output: Path | None
    resume: bool
    title: str | None


def run(options: Options) -> None:
    """Search, print what came of it, say where everything is; exits with 130 when it was interrupted."""
    task = _task(options)
    out = Console()
    for note in task.encoder.notes:
        out.print(Padding(Text(note, "dim"), (0, 0, 0, 2)))
    done = run_architecture(
        task,
        options.settings,
        output=options.output,
        resume=options.resume,
        title=options.title,
        verbose=True,
    )
    _conclude(out, done)
    if done.result.status is Status.INTERRUPTED:
        sys.exit(130)


def _task(options: Options) -> Task:
    name, frame, target = named_table(options.data, options.target)
    return make_task(
        name,
        frame,
        target[0] if len(target) == 1 else target,
        task=options.task,
        missing=options.missing,
        drop=options.drop,
        seed=options.settings.seed,
    )


def _conclude(out: Console, done: ArchitectureRun) -> None:
    def say(what: str, value: str) -> None:
        out.print(f"{what:8} {value}", soft_wrap=True, highlight=False, markup=False)

    if not done.result.history:
        out.print(Text("Interrupted before the first evaluation."))
        return
    out.print(Padding(Text(done.result.best.diagram()), (1, 0, 1, 2)))
    out.print(Text(done.result.summary()))
    if done.model is not None:
        say("Model", f"{done.model}   (neuralopt predict {done.model} NEW.csv)")
    say("Records", str(done.records))
    try:
        say("Report", str(build_report(done.records)))
    except StorageError as error:
        raise StorageError(
            f"{error} Everything else is kept; draw the report again with: neuralopt report {done.records}"
        ) from error
    if done.result.status is Status.INTERRUPTED:
        say("Go on", f"the same command with --resume -o {done.folder}")
