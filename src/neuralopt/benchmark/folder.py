"""Where a comparison lives: its folder, its manifest, its records."""

import re
from pathlib import Path
from typing import Any

from neuralopt.benchmark.runner import Record
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.storage import loads, read_container, write_container, write_json

KIND, VERSION = "record", 1
_MANIFEST = "manifest.json"


def choose_folder(output: str | Path | None, name: str, resume: bool) -> Path:
    """Return the folder of a comparison; never one that holds another's results.

    Parameters
    ----------
    output : path or None
        What the user asked for; None means ``neuralopt-runs/<name>``, numbered from the second on.
    name : str
    resume : bool
        Go on in the folder asked for, or in the latest of that name.

    Returns
    -------
    Path

    Raises
    ------
    InvalidArgument
        When there is nothing to resume, or the folder asked for is taken.
    """
    if output is not None:
        folder = Path(output)
        taken = (folder / _MANIFEST).exists()
        if resume and not taken:
            raise InvalidArgument(
                f"nothing to resume in {folder}: it holds no comparison. Leave out --resume."
            )
        if taken and not resume:
            raise InvalidArgument(
                f"{folder} holds a comparison already. Go on with it by --resume, or give another -o."
            )
        return folder
    base = Path("neuralopt-runs")
    taken = {int(m[1] or 1): p for p in base.glob(f"{name}*") if (m := _number(p.name, name))}
    if resume:
        if not taken:
            raise InvalidArgument(f"nothing to resume: there is no comparison of {name} in {base}/.")
        return taken[max(taken)]
    following = max(taken, default=0) + 1
    return base / (name if following == 1 else f"{name}-{following}")


def _number(folder: str, name: str) -> re.Match[str] | None:
    return re.fullmatch(re.escape(name) + r"(?:-(\d+))?", folder)


def check_manifest(folder: Path, manifest: dict[str, Any], resume: bool) -> None:
    """Write the manifest of a new comparison, or see that a resumed one is the same.

    Parameters
    ----------
    folder : Path
    manifest : dict
        Everything that the tables depend on.
    resume : bool

    Raises
    ------
    InvalidArgument
        When a setting or the data differ; says which.
    StorageError
        When the folder cannot be written to, or the manifest is damaged.
    """
    path = folder / _MANIFEST
    if not resume:
        write_json(path, manifest)
        return
    try:
        before = loads(path.read_bytes())
        keys = sorted(set(before) | set(manifest))
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"{path} cannot be read ({error}); start the comparison anew with -o.") from error
    now = loads(_as_text(manifest))
    for key in keys:
        if before.get(key) != now.get(key):
            raise InvalidArgument(
                f"cannot resume {folder}: its {key} is {before.get(key)}, now it is {now.get(key)}. "
                "Use the same file and options, or start anew without --resume."
            )


def _as_text(manifest: dict[str, Any]) -> str:
    from neuralopt.storage import dumps

    return dumps(manifest)


def write_record(path: Path, record: Record) -> None:
    """Write a record whole or not at all."""
    write_container(path, kind=KIND, version=VERSION, header=record.header, arrays=record.arrays)


def read_record(path: Path) -> Record | None:
    """Return a record, or None when it is not there or was damaged, so that it is made again."""
    if not path.exists():
        return None
    try:
        held = read_container(path, kind=KIND, version=VERSION)
    except StorageError:
        return None
    return Record(dict(held.header), dict(held.arrays))
