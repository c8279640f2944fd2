"""An architecture search on a task: its folder, its model, its records."""

import dataclasses
import re
from pathlib import Path

from neuralopt.architecture.record import architecture_facts
from neuralopt.architecture.result import ArchitectureResult
from neuralopt.architecture.search import search_architecture
from neuralopt.benchmark.folder import choose_folder, prepared
from neuralopt.benchmark.naming import slug
from neuralopt.benchmark.task import Task
from neuralopt.core.errors import InvalidArgument
from neuralopt.storage import write_json

_SEARCH = "search"  # the folder of the journal and of the weights


@dataclasses.dataclass(frozen=True)
class ArchitectureSettings:
    """Arguments of `search_architecture`, as there.

    Attributes
    ----------
    space, strategy, predictor : str
    population_size, generations, epochs : int
    candidate_epochs : int or None
    limits : dict
    batch_size, seed : int
    learning_rate : float or None
    """

    space: str = "mlp"
    strategy: str = "evolutionary"
    population_size: int = 20
    generations: int = 50
    predictor: str = "early_stopping"
    limits: dict[str, float] = dataclasses.field(default_factory=dict)
    epochs: int = 40
    candidate_epochs: int | None = None
    batch_size: int = 64
    learning_rate: float | None = None
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class ArchitectureRun:
    """What a search on a task left behind.

    Attributes
    ----------
    folder : Path
    records : Path
        The folder of its records.
    model : Path or None
        None when it was interrupted before.
    result : ArchitectureResult
    """

    folder: Path
    records: Path
    model: Path | None
    result: ArchitectureResult


def run_architecture(
    task: Task,
    settings: ArchitectureSettings,
    *,
    output: str | Path | None = None,
    resume: bool = False,
    title: str | None = None,
    verbose: bool = False,
) -> ArchitectureRun:
    """Search for an architecture on a task; keep journal, model and records.

    Parameters
    ----------
    task : Task
    settings : ArchitectureSettings
    output : path or None
        New folder; None means ``neuralopt-runs/<name>-architecture``, numbered from the second on.
    resume : bool
        Go on in that folder.
    title : str or None
        Heading of the report.
    verbose : bool
        Show the progress.

    Returns
    -------
    ArchitectureRun

    Raises
    ------
    InvalidArgument, DataError, StorageError
        As of `search_architecture`.
    """
    name = f"{slug(task.name)}-architecture"
    folder = _resumed(output, name) if resume else choose_folder(output, name, False, "search", _SEARCH)
    records = folder / "records"
    with prepared(folder, resume):
        result = search_architecture(
            task,
            **dataclasses.asdict(settings),
            folder=folder / _SEARCH,
            resume=resume,
            verbose=verbose,
        )
        model = None
        if result.trained:
            model = result.save(folder / f"{name}.model.safetensors")
        if result.history:
            facts = architecture_facts(result) | {
                "title": title or name,
                "task": task.facts(),
                "model": None if model is None else str(model),
            }
            write_json(records / "architecture.json", facts)
    return ArchitectureRun(folder, records, model, result)


def _resumed(output: str | Path | None, name: str) -> Path:
    """Return the folder of a search that was begun: the one asked for, or the latest of a name."""
    if output is not None:
        asked = Path(output).expanduser()
        if not (asked / _SEARCH).is_dir():
            raise InvalidArgument(
                f"nothing to resume in '{asked}': it holds no architecture search. "
                "Check the folder, or leave out --resume."
            )
        return asked
    pattern = re.compile(re.escape(name) + r"(?:-(\d+))?")
    base = Path("neuralopt-runs")
    begun = [
        (int(m[1] or 1), p)
        for p in base.glob("*")
        if (m := pattern.fullmatch(p.name)) and (p / _SEARCH).is_dir()
    ]
    if not begun:
        raise InvalidArgument(
            f"nothing to resume: there is no architecture search of {name} in {base}/. Leave out --resume, "
            "or name its folder with -o."
        )
    return max(begun)[1]
