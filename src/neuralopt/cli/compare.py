"""``neuralopt compare``: tables in, progress, ranking, model and report out."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from neuralopt.benchmark import Budget, Comparison, Task, choose_methods, make_real_task, make_task
from neuralopt.benchmark import compare as run_comparison
from neuralopt.benchmark.compare import methods_for
from neuralopt.benchmark.methods import REFERENCES, Method, with_reference
from neuralopt.cli.ending import interrupted
from neuralopt.cli.manifest import read_manifest, write_manifest
from neuralopt.cli.tables import named_table
from neuralopt.core.errors import DataError, InvalidArgument, StorageError, did_you_mean, raise_problems
from neuralopt.datasets import read_table
from neuralopt.report import build_report, ranking_table


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of ``neuralopt compare``, as given."""

    data: list[str]
    target: list[str]
    real: Path | None
    task: str | None
    optimizers: str
    budget: str
    rates: int | tuple[float, ...] | None
    seeds: int | None
    epochs: int | None
    batch_size: int
    hidden: tuple[int, ...]
    activation: str
    missing: str
    drop: list[str]
    seed: int
    output: Path | None
    resume: bool
    title: str | None


_BUDGETS = {"quick": Budget, "thorough": Budget.thorough}


def run(options: Options, manifest: Path | None = None, given: Sequence[str] = ()) -> None:
    """Run the comparison and say where everything is; exits with 130 when it was interrupted.

    Parameters
    ----------
    options : Options
    manifest : Path or None
        What takes the place of the options.
    given : sequence of str
        What was given on the command line, as it is written there.
    """
    beside = [name for name in given if name not in ("--manifest", "--output", "--resume")]
    if manifest is not None and beside:
        raise InvalidArgument(
            f"--manifest brings the tables and all settings; given besides: {', '.join(beside)}. "
            "Leave these out, or copy the file and change it there."
        )
    options = options if manifest is None else read_manifest(manifest, options)
    if not options.data:
        raise InvalidArgument(
            "compare needs a table: a CSV, Parquet or NPZ file, a bundled name, or --manifest."
        )
    wanted = [name.strip() for name in options.optimizers.split(",")]
    budget = _budget(options)
    methods = with_reference(choose_methods(wanted))
    tasks = _tasks(options)
    out = Console()
    for task in tasks:
        announce(out, task, budget)
    count = sum(len(methods_for(task, [*REFERENCES, *methods])) for task in tasks)
    with progress(count) as observe:
        result = run_comparison(
            tasks,
            optimizers=wanted,
            budget=budget,
            output=options.output,
            resume=options.resume,
            title=options.title,
            observe=observe,
        )
    write_manifest(result.folder / "comparison.toml", options)
    conclude(out, result)


def _budget(options: Options) -> Budget:
    if options.budget not in _BUDGETS:
        raise InvalidArgument(
            f"--budget must be one of {', '.join(_BUDGETS)}, got {options.budget!r}."
            f"{did_you_mean(options.budget, _BUDGETS)}"
        )
    given = {"rates": options.rates, "seeds": options.seeds}
    return _BUDGETS[options.budget](
        epochs=options.epochs,
        batch_size=options.batch_size,
        hidden=options.hidden,
        activation=options.activation,
        **{name: value for name, value in given.items() if value is not None},
    )


def _tasks(options: Options) -> list[Task]:
    """Return the tasks of all tables, or one error for all that cannot be used."""
    if options.real is not None and len(options.data) > 1:
        raise InvalidArgument(
            f"--real goes with one simulated table, got {len(options.data)}. Compare one after the other."
        )
    tasks, problems = [], []
    for data, name in zip(options.data, _names(options.data), strict=True):
        try:
            tasks.append(_task(data, name, options))
        except (DataError, InvalidArgument) as error:
            if len(options.data) == 1:
                raise
            problems.append(f"{name}: {error}")
    raise_problems(problems, DataError)
    return tasks


def _names(data: list[str]) -> list[str]:
    """Return what the tables are called: as short as keeps them apart."""
    paths = [Path(text) for text in data]
    short = [
        [path.stem for path in paths],
        [path.name for path in paths],
        [f"{path.parent.name}/{path.stem}" for path in paths],
        data,
    ]
    for names in short:
        if len(set(names)) == len(data):
            return names
    twice = next(text for text in data if data.count(text) > 1)
    raise InvalidArgument(f"{twice!r} is given more than once. Give each table once.")


def _task(data: str, name: str, options: Options) -> Task:
    """Return the task of a bundled name or a file."""
    _, frame, target = named_table(data, options.target)
    given: Any = {
        "task": options.task,
        "missing": options.missing,
        "drop": options.drop,
        "seed": options.seed,
    }
    if options.real is not None:
        real = read_table(options.real, min_rows=1)
        return make_real_task(name, frame, real, target, names=(f"'{data}'", f"'{options.real}'"), **given)
    return make_task(name, frame, target[0] if len(target) == 1 else target, **given)


def announce(out: Console, task: Task, budget: Budget) -> None:
    """Say what is compared on a task."""
    facts = task.facts()
    kind = f"{len(facts['classes'])} classes" if facts["classes"] else "regression"
    network = "-".join(map(str, budget.network(task).layer_sizes))
    text = (
        f": {kind}, target {facts['target']}, {facts['n_train']} training, {facts['n_validation']} "
        f"validation and {facts['n_test']} test rows, network {network}, {budget.epochs_for(task)} epochs"
    )
    out.print(Text.assemble((task.name, "bold"), text))
    for note in [facts["reason"], *facts["notes"]]:
        out.print(Padding(Text(note, "dim"), (0, 0, 0, 2)))


@contextlib.contextmanager
def progress(count: int) -> Iterator[Any]:
    """Yield an observer that draws one bar for all methods and names the running one."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[now]}", markup=False),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True))
    job = bar.add_task("methods", total=count, now="")
    with contextlib.ExitStack() as shown:

        def observe(event: str, task: Task, method: Method, epoch: int, epochs: int) -> None:
            if not bar.live.is_started:  # what is refused shows no bar
                shown.enter_context(bar)
            now = f"{task.name} · {method.label}"
            if event in ("end", "kept"):
                bar.advance(job)
            if epochs:
                now += "  kept" if event == "kept" else f"  epoch {epoch}/{epochs}"
            bar.update(job, now=now)

        yield observe
        bar.update(job, now="")


def conclude(out: Console, result: Comparison, *, tables: bool = False) -> None:
    """Print the ranking and where everything is; write the report; exit with 130 after an interruption."""
    for part in ranking_table(result.ranking, tables=tables):
        out.print(part)

    def say(what: str, value: str) -> None:
        out.print(f"{what:8} {value}", soft_wrap=True, highlight=False, markup=False)

    for task in result.ranking["tasks"]:
        if path := task["best_model"]:
            say("Model", f"{path}   ({task['best_model_label']}; neuralopt predict {path} NEW.csv)")
    say("Records", str(result.records))
    if result.ranking["tasks"]:
        say("Report", _report(result.records))
    if not result.complete:
        interrupted(out)


def _report(records: Path) -> str:
    try:
        return str(build_report(records))
    except StorageError as error:
        raise StorageError(
            f"{error} Everything else is kept; draw the report again with: neuralopt report {records}"
        ) from error
