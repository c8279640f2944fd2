"""Vectors of texts kept on disk, so that a slow model reads every text once."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.storage import dumps, read_container, write_container

KIND, VERSION = "embeddings", 1

Encode = Callable[[Sequence[str]], np.ndarray]
"""Returns the vectors of texts, shape (n, D)."""


def cache_folder() -> Path | None:
    """Return where vectors are kept; None when they are not.

    In the user's cache folder, or below the folder that ``NEURALOPT_CACHE`` names; ``off`` keeps nothing.
    """
    wanted = os.environ.get("NEURALOPT_CACHE", "")
    if wanted == "off":
        return None
    if wanted:
        return Path(wanted) / "embeddings"
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # no home
        return None
    return base / "neuralopt" / "embeddings"


def cached_vectors(
    folder: Path | None, identity: dict[str, Any], texts: Sequence[str], encode: Encode
) -> np.ndarray:
    """Return the vectors of texts: those kept from before, and the others encoded and kept.

    Parameters
    ----------
    folder : Path or None
        None keeps nothing.
    identity : dict
        Everything but the text that a vector depends on: the model and its prefix.
    texts : sequence of str
    encode : callable
        Called once with the different texts that are not kept.

    Returns
    -------
    float32 array of shape (n, D)
        A kept file that is damaged, foreign, of another identity or not finite is not used but made anew.
    """
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    path = None if folder is None else folder / f"{hashlib.sha256(dumps(identity).encode()).hexdigest()[:32]}"
    path = None if path is None else path.with_suffix(".safetensors")
    known = {} if path is None else _read(path, identity)
    absent = {k: text for k, text in zip(keys, texts, strict=True) if k not in known}
    if absent:
        fresh = np.asarray(encode(list(absent.values())), np.float32)
        if known and fresh.shape[1:] != next(iter(known.values())).shape:
            known, absent = {}, dict(zip(keys, texts, strict=True))
            fresh = np.asarray(encode(list(absent.values())), np.float32)
        known |= dict(zip(absent, fresh, strict=True))
        if path is not None:
            with contextlib.suppress(StorageError):  # a full or read-only disk costs only the time to encode
                _write(path, identity, known)
    return np.stack([known[k] for k in keys])


def _read(path: Path, identity: dict[str, Any]) -> dict[str, np.ndarray]:
    try:
        held = read_container(path, kind=KIND, version=VERSION)
        keys, vectors = held.header["texts"], held.arrays["vectors"]
        sound = (
            held.header["identity"] == identity
            and vectors.ndim == 2
            and vectors.dtype == np.float32
            and len(set(keys)) == len(vectors) == len(keys)
            and bool(np.isfinite(vectors).all())
        )
    except (StorageError, KeyError, TypeError):
        return {}
    return dict(zip(keys, vectors, strict=True)) if sound else {}


def _write(path: Path, identity: dict[str, Any], known: dict[str, np.ndarray]) -> None:
    header = {"identity": identity, "texts": list(known)}
    arrays = {"vectors": np.stack(list(known.values()))}
    write_container(path, kind=KIND, version=VERSION, header=header, arrays=arrays)
