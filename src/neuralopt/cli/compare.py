"""``neuralopt compare``: tables in, progress, ranking, model and report out."""

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from neuralopt.benchmark import Budget, Comparison, Task, choose_methods, make_task
from neuralopt.benchmark import compare as run_comparison
from neuralopt.benchmark.methods import REFERENCES, Method
from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean
from neuralopt.core.validation import check_count
from neuralopt.datasets import bundled_names, bundled_target, load_bundled, read_table
from neuralopt.report import build_report, ranking_table


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of ``neuralopt compare``, as given."""

    data: list[str]
    target: list[str]
    task: str | None
    optimizers: str
    rates: int | tuple[float, ...]
    seeds: int
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


def run(options: Options) -> None:
    """Run the comparison and say where everything is; exits with 130 when it was interrupted."""
    wanted = "all" if options.optimizers == "all" else [n.strip() for n in options.optimizers.split(",")]
    budget = _budget(options)
    choose_methods(wanted)
    tasks = [_task(name, options) for name in options.data]
    out = Console()
    for task in tasks:
        _announce(out, task, budget)
    count = len(tasks) * (len(REFERENCES) + len(choose_methods(wanted)))
    with _progress(count) as observe:
        result = run_comparison(
            tasks,
            optimizers=wanted,
            budget=budget,
            output=options.output,
            resume=options.resume,
            title=options.title,
            observe=observe,
        )
    _conclude(out, result, options)


def _budget(options: Options) -> Budget:
    rates = options.rates
    if isinstance(rates, int):
        check_count("--rates", rates)
    elif not all(0 < rate < float("inf") for rate in rates):
        raise InvalidArgument(f"--learning-rates must be finite and > 0, got {', '.join(map(str, rates))}.")
    check_count("--seeds", options.seeds)
    check_count("--batch-size", options.batch_size)
    if options.epochs is not None:
        check_count("--epochs", options.epochs)
    return Budget(
        rates, options.seeds, options.epochs, options.batch_size, options.hidden, options.activation
    )


def _task(name: str, options: Options) -> Task:
    """Return the task of a bundled name or a file."""
    path = Path(name)
    if name in bundled_names() and not path.exists():
        frame, target = load_bundled(name), options.target or [bundled_target(name)]
    else:
        if not path.suffix and not path.exists():
            raise DataError(
                f"there is no file {name!r} and no bundled table of that name."
                f"{did_you_mean(name, bundled_names())} Bundled: {', '.join(bundled_names())}."
            )
        frame, target = read_table(path), options.target
    if not target:
        raise InvalidArgument(
            f"--target is needed: which column of {name} is to be predicted? "
            f"It has {', '.join(map(str, list(frame.columns)[:20]))}{', ...' if frame.shape[1] > 20 else ''}."
        )
    return make_task(
        path.stem,
        frame,
        target[0] if len(target) == 1 else target,
        task=options.task,
        missing=options.missing,
        drop=options.drop,
        seed=options.seed,
    )


def _announce(out: Console, task: Task, budget: Budget) -> None:
    facts = task.facts()
    kind = f"{facts['n_outputs']} classes" if facts["classes"] else "regression"
    network = "-".join(map(str, budget.network(task).layer_sizes))
    out.print(
        f"[bold]{_plain(task.name)}[/bold]: {kind}, target {_plain(facts['target'])}, "
        f"{facts['n_train']} training, {facts['n_validation']} validation and {facts['n_test']} test rows, "
        f"network {network}, {budget.epochs_for(task)} epochs",
        highlight=False,
    )
    for note in [facts["reason"], *facts["notes"]]:
        out.print(f"  {_plain(note)}", style="dim", highlight=False)


def _plain(text: Any) -> str:
    """Return a text in which square brackets are no markup."""
    return str(text).replace("[", r"\[")


@contextlib.contextmanager
def _progress(count: int) -> Iterator[Any]:
    """Yield an observer that draws one bar for all methods and names the running one."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[now]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        job = bar.add_task("methods", total=count, now="")

        def observe(event: str, task: Task, method: Method, epoch: int, epochs: int) -> None:
            where = f"{_plain(task.name)} · {_plain(method.label)}"
            if event in ("end", "kept"):
                bar.advance(job)
            now = f"{where}  epoch {epoch}/{epochs}" if epochs else where
            bar.update(job, now=f"{where}  kept" if event == "kept" else now)

        yield observe
        bar.update(job, now="")


def _conclude(out: Console, result: Comparison, options: Options) -> None:
    for part in ranking_table(result.ranking):
        out.print(part)
    if result.ranking["tasks"]:
        out.print(f"Report   {build_report(result.records)}", soft_wrap=True, highlight=False)
    for path in result.models().values():
        out.print(f"Model    {path}   (neuralopt predict {path} NEW.csv)", soft_wrap=True, highlight=False)
    out.print(f"Records  {result.records}", soft_wrap=True, highlight=False)
    if not result.complete:
        out.print("Interrupted: what was done is kept. Give the same command with --resume to go on.")
        if options.output is None:
            out.print(f"It goes on in {result.folder}.", highlight=False)
        sys.exit(130)
