"""What a comparison's tables depend on, so that only the same comparison is gone on with."""

import os
from pathlib import Path
from typing import Any

from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.storage import dumps, loads, write_json

MANIFEST = "manifest.json"


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
        When settings or data differ; says which.
    StorageError
        When the manifest cannot be written, or is damaged.
    """
    path = folder / MANIFEST
    if not resume:
        write_json(path, manifest)
        return
    before, now = _read(path), loads(dumps(manifest))
    if differences := _differences(before, now):
        raise InvalidArgument(
            f"cannot resume '{folder}', which is another comparison: {'; '.join(differences)}. "
            "Give the same tables and options, or start anew without --resume."
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        before = loads(path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise StorageError(
            f"'{path}' cannot be read ({reason}). Restore it from a copy, or start anew without --resume."
        ) from error
    if not isinstance(before, dict) or not all(
        isinstance(before.get(k, {}), dict) for k in ("tasks", "optimizers")
    ):
        raise StorageError(
            f"'{path}' is not the manifest of a comparison. Restore it from a copy, or start anew without "
            "--resume."
        )
    return before


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return one clause for everything in which two manifests differ."""
    found = []
    for key in sorted(set(before) | set(now)):
        old: Any = before.get(key)
        new: Any = now.get(key)
        if old == new:
            continue
        if key == "tasks" and old and set(old) == set(new):
            changed = [name for name in new if old[name] != new[name]]
            found.append(
                f"the table {', '.join(changed)} has changed (its file, or --target, --task, --missing, "
                "--drop or --seed)"
            )
        elif key == "optimizers" and old:
            changed = [name for name in new if name in old and old[name] != new[name]]
            found += [f"{name} was {old[name]}, now it is {new[name]}" for name in changed]
        else:
            found.append(f"{key.replace('_', ' ')} {_said(old)} before, now {_said(new)}")
    return found


def _said(value: Any) -> str:
    if isinstance(value, list | dict):
        return ", ".join(map(str, value)) or "none"
    return "the default" if value is None else str(value)
