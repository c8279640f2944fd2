"""The options of a comparison as a TOML file: written beside its tables, read to do the same again."""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

from neuralopt.core.errors import DataError, did_you_mean
from neuralopt.storage import write_text

_HEAD = (
    "# neuralopt compare --manifest THIS-FILE does the same comparison again; paths are as they were given.\n"
)
_LEFT_OUT = ("output", "resume")


def write_manifest(path: Path, options: Any) -> None:
    """Write options, without those that name the folder.

    Parameters
    ----------
    path : Path
        The file.
    options : dataclass
        Of text, numbers, tuples and None, which is left out.
    """
    given = {name: value for name, value in _plain(options).items() if name not in _LEFT_OUT}
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in given.items() if value is not None]
    write_text(path, _HEAD + "".join(lines))


def read_manifest(path: Path, options: Any) -> Any:
    """Return options with what a file says in place of theirs.

    Parameters
    ----------
    path : Path
        The file.
    options : dataclass
        What the command line says.

    Returns
    -------
    dataclass
        Of the same class.

    Raises
    ------
    DataError
        For a file that is not there, is no TOML, or has options that there are not.
    """
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"The manifest '{path}' cannot be read: {error.strerror}. Check its path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f"The manifest '{path}' is no TOML file: {error}. A comparison writes one: comparison.toml."
        ) from None
    known = {field.name: field for field in dataclasses.fields(options)}
    for name in held:
        if name not in known or name in _LEFT_OUT:
            raise DataError(
                f"The manifest '{path}' has {name!r}, which is no option of a comparison."
                f"{did_you_mean(name, [n for n in known if n not in _LEFT_OUT])}"
            )
    if not held.get("data"):
        raise DataError(
            f"The manifest '{path}' names no table. It needs a line such as data = [\"measurements.csv\"]."
        )
    now = _plain(options)
    for name, value in held.items():
        wanted = list if isinstance(now[name], tuple) else type(now[name])
        if now[name] is not None and not isinstance(value, wanted):
            raise DataError(f"The manifest '{path}' has {name} = {value!r}, which must be {_KINDS[wanted]}.")
    given: dict[str, Any] = {
        name: tuple(v) if name in _TUPLES and isinstance(v, list) else v for name, v in held.items()
    }
    if "real" in given:
        given["real"] = Path(given["real"])
    return dataclasses.replace(options, **given)


_KINDS = {
    list: 'a list, in brackets: ["a", "b"] or [1, 2]',
    str: 'a text, in quotes: "text"',
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
_TUPLES = ("rates", "hidden")


def _plain(options: Any) -> dict[str, Any]:
    found = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
    return {name: str(value) if isinstance(value, Path) else value for name, value in found.items()}
