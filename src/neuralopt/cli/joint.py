"""``neuralopt joint``: a simulated and a real table in, candidates, model and report out."""

import dataclasses
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from neuralopt.benchmark.joint_run import JointRun, JointSettings, run_joint
from neuralopt.benchmark.joint_tables import read_both
from neuralopt.cli.ending import interrupted
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.datasets import read_table
from neuralopt.datasets.wording import listing
from neuralopt.report import build_report, joint_table


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of ``neuralopt joint``, as given."""

    sim: Path
    real: Path
    target: list[str]
    task: str | None
    drop: list[str]
    settings: JointSettings
    output: Path | None
    title: str | None
    resume: bool


def run(options: Options) -> None:
    """Fit, print what came of it, say where everything is; exits with 130 when it was interrupted."""
    simulated, real = read_table(options.sim), read_table(options.real, min_rows=1)
    if not options.target:
        raise InvalidArgument(
            f"--target is needed: which column is to be predicted? '{options.sim}' has "
            f"{listing(simulated.columns, 20)}."
        )
    tables = read_both(
        simulated,
        real,
        options.target,
        names=(f"'{options.sim}'", f"'{options.real}'"),
        task=options.task,
        drop=options.drop,
    )
    out = Console()
    encoder, counts = tables.encoder, (len(tables.X_sim), len(tables.X_real))
    what = f"{encoder.task} of {', '.join(encoder.target_names)}"
    out.print(Text(f"{what}: {counts[0]} simulated and {counts[1]} real rows"))
    for note in tables.encoder.notes:
        out.print(Padding(Text(note, "dim"), (0, 0, 0, 2)))
    name = f"{options.real.stem}-joint"
    given: dict[str, Any] = {"output": options.output, "title": options.title, "resume": options.resume}
    try:
        done = run_joint(tables, options.settings, name=name, **given)
    except KeyboardInterrupt:
        interrupted(out)
    _conclude(out, done)


def _conclude(out: Console, done: JointRun) -> None:
    for part in joint_table(done.facts):
        out.print(part)

    def say(what: str, value: str) -> None:
        out.print(f"{what:8} {value}", soft_wrap=True, highlight=False, markup=False)

    say("Model", f"{done.model}   (neuralopt predict {done.model} NEW.csv)")
    say("Records", str(done.records))
    try:
        say("Report", str(build_report(done.records)))
    except StorageError as error:
        raise StorageError(
            f"{error} Everything else is kept; draw the report again with: neuralopt report {done.records}"
        ) from error
