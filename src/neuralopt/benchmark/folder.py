"""Where a comparison or a run lives: its folder, new or gone on with."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from neuralopt.benchmark.manifest import MANIFEST
from neuralopt.core.errors import InvalidArgument
from neuralopt.storage import check_writable, remove_leftovers
from neuralopt.storage.atomic import is_leftover

CHECKPOINT = "run.checkpoint"


def choose_folder(
    output: str | Path | None, name: str, resume: bool, kind: str = "comparison", by: str = MANIFEST
) -> Path:
    """Return the folder of a comparison or a run; never one that holds anything else.

    Parameters
    ----------
    output : path or None
        What the user asked for; None means ``neuralopt-runs/<name>``, numbered from the second on.
    name : str
    resume : bool
        Go on in the folder asked for, or in the latest of that name.
    kind : str, default "comparison"
        What lives there, for the errors.
    by : str
        The file by which such a folder is known.

    Returns
    -------
    Path

    Raises
    ------
    InvalidArgument
        When there is nothing to resume, or the folder asked for is taken.
    """
    if output is not None:
        return _asked_for(Path(output).expanduser(), resume, kind, by)
    base = Path("neuralopt-runs")
    named = {int(m[1] or 1): p for p in base.glob("*") if (m := _number(p.name, name)) and p.is_dir()}
    # one that is empty is a run's that was killed before it wrote anything
    taken = named if resume else {number: p for number, p in named.items() if _holds_any(p)}
    if resume:
        if not taken:
            raise InvalidArgument(
                f"nothing to resume: there is no {kind} of {name} in {base}/. Leave out --resume, or "
                "name its folder with -o."
            )
        return taken[max(taken)]
    following = max(taken, default=0) + 1
    return base / (name if following == 1 else f"{name}-{following}")


def _asked_for(folder: Path, resume: bool, kind: str, by: str) -> Path:
    taken = os.path.exists(folder / by)
    if resume and not taken and not (folder.is_dir() and not _holds_any(folder)):
        raise InvalidArgument(
            f"nothing to resume in '{folder}': it holds no {kind}. Check the folder, or leave out --resume."
        )
    if taken and not resume:
        raise InvalidArgument(
            f"'{folder}' holds a {kind} already. Go on with it by --resume, or give another folder with -o."
        )
    if not resume and _holds_any(folder):
        raise InvalidArgument(
            f"'{folder}' holds other files, which a new run could overwrite. Give a new folder with -o."
        )
    return folder


def _number(folder: str, name: str) -> re.Match[str] | None:
    return re.fullmatch(re.escape(name) + r"(?:-(\d+))?", folder)


def _holds_any(folder: Path) -> bool:
    return any(not is_leftover(name) for _, _, names in os.walk(folder) for name in names)


@contextlib.contextmanager
def prepared(folder: Path, resume: bool, inside: str = "records") -> Iterator[None]:
    """See that a folder can be written to; on an error inside leave no new folder behind.

    Parameters
    ----------
    folder : Path
    resume : bool
        Remove what a killed run left half-written.
    inside : str, default "records"
        A folder that is made in it; nothing makes none.

    Raises
    ------
    StorageError
        When it cannot be written to.
    """
    records = folder / inside
    new = [path for path in (records, *records.parents) if not os.path.exists(path)]
    try:
        check_writable(records / "ranking.json")
        if resume:
            remove_leftovers(folder)
            remove_leftovers(records)
        yield
    except BaseException:
        for path in new:  # innermost first; one that is not empty stays
            with contextlib.suppress(OSError):
                path.rmdir()
        raise
