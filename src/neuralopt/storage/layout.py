"""The frame of a safetensors file: where its metadata and arrays lie.

The safetensors package writes the files; reading the frame here is what gives views into a memory map and
tells a truncated file from a foreign one. Layout: 8 bytes n (little-endian), n bytes JSON, the arrays' bytes.
"""

import json
from typing import Any, NamedTuple

import numpy as np

DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "F16": "float16",
    "U32": "uint32",
    "I32": "int32",
    "F32": "float32",
    "U64": "uint64",
    "I64": "int64",
    "F64": "float64",
    "BF16": "bfloat16",
}


class NotSafetensors(Exception):
    """The bytes do not begin like a safetensors file."""


class Truncated(Exception):
    """The bytes begin like a safetensors file and end too early."""


class Damaged(Exception):
    """The frame contradicts itself."""


class Place(NamedTuple):
    """Where one array lies in the body of the file."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def parse(data: memoryview) -> tuple[dict[str, str], dict[str, Place], memoryview]:
    """Return the string metadata, the places of the arrays, and the body that they lie in."""
    if len(data) < 9:
        raise Truncated(f"it has {len(data)} bytes")
    size = int.from_bytes(data[:8], "little")
    if data[8] != ord("{") or size < 2:
        raise NotSafetensors
    if 8 + size > len(data):
        raise Truncated(f"it has {len(data)} of at least {8 + size} bytes")
    try:
        frame = json.loads(bytes(data[8 : 8 + size]))
        metadata = dict(frame.pop("__metadata__", {}))
        places = {name: _place(entry) for name, entry in frame.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged("its list of arrays is unreadable") from error
    body = data[8 + size :]
    length = max((place.end for place in places.values()), default=0)
    if len(body) < length:
        raise Truncated(f"it has {len(data)} of {8 + size + length} bytes")
    if len(body) > length:
        raise Damaged(f"{len(body) - length} bytes follow its end")
    return metadata, places, body


def view(body: memoryview, place: Place) -> np.ndarray:
    """Return one array as a read-only view of the body."""
    if place.dtype not in DTYPES:
        raise Damaged(f"it holds an array of type {place.dtype}")
    flat = np.frombuffer(body, np.uint8)[place.begin : place.end]
    try:
        return flat.view(_numpy_dtype(DTYPES[place.dtype])).reshape(place.shape)
    except (ValueError, TypeError) as error:
        raise Damaged("an array's size and shape differ") from error


def _place(entry: dict[str, Any]) -> Place:
    begin, end = entry["data_offsets"]
    if not 0 <= begin <= end:
        raise ValueError("offsets out of order")
    return Place(entry["dtype"], tuple(entry["shape"]), begin, end)


def _numpy_dtype(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes  # comes with jax, and only a file with bfloat16 arrays needs it

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name).newbyteorder("<")
