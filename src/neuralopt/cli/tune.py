"""``neuralopt tune``: a table in, progress, trials, model and report out."""

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from neuralopt.benchmark import Task, machine_facts, make_task
from neuralopt.benchmark.naming import slug
from neuralopt.cli.ending import interrupted
from neuralopt.cli.tables import named_table
from neuralopt.cli.trials import rate_text
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import TrainingFailed
from neuralopt.models import accuracy, r2
from neuralopt.report import build_report
from neuralopt.tuning import Space, Study, TuneResult, tune
from neuralopt.tuning.journals import JOURNAL
from neuralopt.tuning.records import write_records

_DEFAULT: dict[str, Any] = {
    "learning_rate": ("log_uniform", 1e-4, 1e-1),
    "weight_decay": ("log_uniform", 1e-6, 1e-1),
    "batch_size": [16, 32, 64],
    "hidden": [32, 64, 128],
}


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of ``neuralopt tune``, as given."""

    data: str | None
    target: list[str]
    task: str | None
    space: list[str]
    method: str
    pruner: str
    max_trials: int
    patience: int
    epochs: int
    hidden: tuple[int, ...]
    activation: str
    optimizer: str
    workers: int
    cluster: str | None
    batch: int
    missing: str
    drop: list[str]
    seed: int
    output: Path | None
    resume: bool
    title: str | None


def run(options: Options) -> None:
    """Tune, keep the best model, write the report; exits with 130 when it was interrupted."""
    space = parse_space(options.space)
    task = _task(options)
    folder = _folder(options, f"{slug(task.name)}-tune")
    out = Console()
    out.print(Text.assemble((task.name, "bold"), f": {_sentence(task, space, options)}"))
    for note in task.encoder.notes:
        out.print(Padding(Text(note, "dim"), (0, 0, 0, 2)))
    with _progress(options.max_trials) as observe:
        result = tune(
            task.network(options.hidden, options.activation),
            space,
            (task.train.X, task.train.y),
            validation=(task.validation.X, task.validation.y),
            loss=task.loss,
            method=options.method,
            max_trials=options.max_trials,
            early_stopping_patience=options.patience or None,
            pruner=options.pruner,
            epochs=options.epochs,
            optimizer=options.optimizer,
            workers=options.workers,
            backend=_backend(options.cluster),
            batch=options.batch,
            seed=options.seed,
            output=folder,
            resume=options.resume,
            observe=observe,
        )
    out.print(Text(result.summary()))
    model, notes = _keep_best(task, result, folder, options)
    for note in notes:
        out.print(Text(note))
    write_records(
        result,
        folder / "records",
        title=options.title or f"{task.name}: tuning",
        names=(f"validation {task.loss.title}",),
        machine=machine_facts(),
        config=_config(options, task),
        notes=[*notes, *task.encoder.notes],
        model=None if model is None else str(model),
    )

    def say(what: str, value: str) -> None:
        out.print(f"{what:8} {value}", soft_wrap=True, highlight=False, markup=False)

    if model is not None:
        say("Model", f"{model}   (neuralopt predict {model} NEW.csv)")
    say("Trials", f"{folder}   (neuralopt tune --list {folder})")
    say("Report", str(build_report(folder / "records")))
    if result.interrupted:
        interrupted(out)
    if model is None:
        raise TrainingFailed(_cause(result))


def parse_space(given: list[str]) -> Space:
    """Return the space of ``--space``; none is the default one."""
    if not given:
        return Space(_DEFAULT)
    entries: dict[str, Any] = {}
    for text in given:
        name, equals, rest = text.partition("=")
        if not equals:
            entries |= _from_file(Path(text))
        elif ":" in rest:
            kind, *ends = rest.split(":")
            numbers = tuple(_number(end) for end in ends)
            if kind == "categorical":
                numbers = ([_number(part) for part in rest.partition(":")[2].split(",")],)
            entries[name.strip()] = (kind.strip(), *numbers)
        else:
            entries[name.strip()] = [_number(part) for part in rest.split(",")]
    return Space(entries)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidArgument(
            f"--space takes NAME=KIND:LOW:HIGH, NAME=CHOICE,CHOICE or a JSON file, got {str(path)!r} "
            f"({error})."
        ) from None
    if isinstance(found, list):
        found = {item[0]: tuple(item[1:]) for item in found if isinstance(item, list) and item}
    if not isinstance(found, dict):
        raise InvalidArgument(f"'{path}' must hold a JSON object of names to dimensions.")
    kinds = ("uniform", "log_uniform", "int", "categorical")
    return {
        name: tuple(what) if isinstance(what, list) and what and what[0] in kinds else what
        for name, what in found.items()
    }


def _backend(cluster: str | None) -> Any:
    """Return where the workers of ``--cluster`` are."""
    if cluster is None:
        return "processes"
    from neuralopt.distributed.by_name import get_cluster

    return get_cluster(cluster)


def _number(text: str) -> Any:
    text = text.strip()
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


def _task(options: Options) -> Task:
    """Return the task of a bundled name or a file."""
    data = options.data
    if data is None:
        raise InvalidArgument("tune needs a table: a CSV, Parquet or NPZ file, or a bundled name.")
    name, frame, target = named_table(data, options.target)
    return make_task(
        name,
        frame,
        target[0] if len(target) == 1 else target,
        task=options.task,
        missing=options.missing,
        drop=options.drop,
        seed=options.seed,
    )


def _folder(options: Options, name: str) -> Path:
    """Return the folder of the study; never one that holds anything else."""
    if options.output is not None:
        folder = options.output.expanduser()
        taken = (folder / JOURNAL).exists()
        if options.resume and not taken:
            raise InvalidArgument(
                f"nothing to resume in '{folder}': it holds no study. "
                "Check the folder, or leave out --resume."
            )
        if taken and not options.resume:
            raise InvalidArgument(
                f"'{folder}' holds a study already. "
                "Go on with it by --resume, or give another folder with -o."
            )
        if not taken and folder.is_dir() and any(folder.iterdir()):
            raise InvalidArgument(
                f"'{folder}' holds other files, which a study could overwrite. Give a new folder with -o."
            )
        return folder
    base, number = Path("neuralopt-runs"), 1
    latest = base / name
    while (candidate := base / (name if number == 1 else f"{name}-{number}")).exists():
        latest, number = candidate, number + 1
    if not options.resume:
        return candidate
    if number == 1 or not (latest / JOURNAL).exists():
        raise InvalidArgument(
            f"nothing to resume: there is no study of {name} in {base}/. Leave out --resume, or name its "
            "folder with -o."
        )
    return latest


def _sentence(task: Task, space: Space, options: Options) -> str:
    facts = task.facts()
    kind = f"{len(facts['classes'])} classes" if facts["classes"] else "regression"
    return (
        f"{kind}, target {facts['target']}, {facts['n_train']} training, {facts['n_validation']} validation "
        f"and {facts['n_test']} test rows; up to {options.max_trials} trials of {options.epochs} epochs over "
        f"{', '.join(space.names)}"
    )


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[Study], None]]:
    """Yield an observer that draws one bar: trials ended, the best so far, the rate, the time left."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[now]}", markup=False),
    )
    bar = Progress(*columns, console=Console(stderr=True))
    job = bar.add_task("trials", total=total, now="")
    begin, before = time.monotonic(), -1
    with contextlib.ExitStack() as shown:

        def observe(study: Study) -> None:
            nonlocal before
            if not bar.live.is_started:  # what is refused shows no bar
                shown.enter_context(bar)
            ended, best = len(study.trials.ended), study.trials.best()
            if before < 0:
                before = max(0, ended - 1)
            now = "" if best is None else f"best {best.value:.5g} (trial {best.number})  "
            rate = rate_text(ended - before, time.monotonic() - begin, total - before)
            bar.update(job, completed=ended, now=now + rate)

        yield observe


def _keep_best(
    task: Task, result: TuneResult, folder: Path, options: Options
) -> tuple[Path | None, list[str]]:
    """Train the best configuration once more, keep the model, say how it does on the test rows."""
    best = result.study.trials.best()
    if best is None:
        return None, []
    fitted = result.best_model()
    network = fitted.model
    outputs = np.asarray(network.mlp.forward(fitted.params, task.test.X))
    metric, word = (accuracy, "accuracy") if task.kind == "classification" else (r2, "R²")
    score = float(metric(outputs, task.test.y))
    origin = {
        "title": f"{task.name}: tuning",
        "params": {k: list(v) if isinstance(v, tuple) else v for k, v in best.params.items()},
        "trial": best.number,
        "seed": options.seed,
        "test": {word: score},
    }
    path = task.keep(folder / f"{slug(task.name)}.model.safetensors", network.mlp, fitted.params, origin)
    return path, [f"{word} of the best model on {len(task.test.X)} test rows: {score:.4f}"]


def _cause(result: TuneResult) -> str:
    try:
        _ = result.best_trial
    except TrainingFailed as error:
        return str(error)
    return ""


def _config(options: Options, task: Task) -> dict[str, Any]:
    shown = ("method", "pruner", "max_trials", "patience", "epochs", "optimizer", "activation", "seed")
    found = {name.replace("_", " "): getattr(options, name) for name in shown}
    return found | {"hidden": list(options.hidden), "batch": options.batch, "data": task.digest}
