"""Whether a file is ours, whole, undamaged, of the kind asked for and not too new: one sentence for each."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.storage.layout import Damaged, NotSafetensors, Truncated, parse, view
from neuralopt.storage.paging import release_pages
from neuralopt.storage.text import dumps, loads

FORMAT = "neuralopt"
_FIELDS = {"format", "kind", "version", "neuralopt", "header", "sha256"}
_READ_BY = {
    "model": "neuralopt predict MODEL FILE",
    "joint": "neuralopt predict MODEL FILE, or neuralopt.JointOptimizer.load(FILE)",
    "checkpoint": "the call that wrote it, with checkpoint=PATH and resume=True",
    "record": "neuralopt report RECORDS",
    "lookup": "neuralopt.SimilarityLookup.open(FILE)",
}
_BLOCK = 1 << 24  # bytes
_RESTORE = "Restore it from a copy, or make it again."


def digest(document: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 of a document and of every array's name, type, shape and bytes, in order of name."""
    running = hashlib.sha256(dumps(document).encode("ascii"))
    for name in sorted(arrays):
        array = arrays[name]
        running.update(dumps([name, array.dtype.name, list(array.shape)]).encode("ascii"))
        flat = array.reshape(-1).view(np.uint8)
        for begin in range(0, flat.size, _BLOCK):
            running.update(flat[begin : begin + _BLOCK].data)
            release_pages(array)  # a mapped file may be larger than the memory
    return running.hexdigest()


def verified(
    data: memoryview, file: Path, kind: str, version: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the document and views of the arrays of a container, or raise the sentence that applies."""
    try:
        metadata, places, body = parse(data)
        if FORMAT not in metadata:
            raise StorageError(
                f"'{file}' is a safetensors file that neuralopt did not write: it has no neuralopt header. "
                f"Give a {kind} file written by neuralopt."
            )
        document = _document(metadata[FORMAT])
        _check_kind(document, file, kind, version)
        _check_unedited(document, metadata[FORMAT])
        arrays = {name: view(body, places[name]) for name in sorted(places)}
        if digest({k: v for k, v in document.items() if k != "sha256"}, arrays) != document["sha256"]:
            raise Damaged("its content differs from its digest")
    except NotSafetensors:
        raise StorageError(
            f"'{file}' is not a neuralopt file: it is not in safetensors format. "
            f"Give a {kind} file written by neuralopt."
        ) from None
    except Truncated as error:
        raise StorageError(
            f"'{file}' is truncated: {error}. It was copied or downloaded in part. {_RESTORE}"
        ) from None
    except Damaged as error:
        raise StorageError(f"'{file}' is damaged: {error}. {_RESTORE}") from error
    return document, arrays


def kind_in(data: memoryview) -> str | None:
    """Return the kind that a container names, or None."""
    try:
        return _document(parse(data)[0][FORMAT])["kind"]
    except (NotSafetensors, Truncated, Damaged, KeyError):
        return None


def _document(text: str) -> dict[str, Any]:
    try:
        document = loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise Damaged("its header is not JSON") from error
    named = isinstance(document, dict) and isinstance(document.get("kind"), str)
    if not named or type(document.get("version")) is not int or "neuralopt" not in document:
        raise Damaged("its header does not say what it is")
    return document


def _check_kind(document: dict[str, Any], file: Path, kind: str, version: int) -> None:
    held = document["kind"]
    if held != kind:
        cure = f"Read it with: {_READ_BY[held]}" if held in _READ_BY else f"Give a {kind} file."
        raise StorageError(f"'{file}' holds a {held}, and a {kind} is needed. {cure}")
    if document["version"] > version:
        raise StorageError(
            f"'{file}' was written by neuralopt {document['neuralopt']} as {kind} version "
            f"{document['version']}, and this neuralopt reads up to version {version}. "
            "Upgrade it: pip install --upgrade neuralopt"
        )


def _check_unedited(document: dict[str, Any], text: str) -> None:
    # A text other than the one that dumps makes was changed, even where it says the same.
    if set(document) != _FIELDS or dumps(document) != text:
        raise Damaged("its header is incomplete or was edited")
