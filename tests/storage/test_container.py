"""Containers: exact round trips, the safetensors package as the second reader, and every refusal."""

import json
import math
import struct

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file, save_file

import neuralopt
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.storage import dumps, read_container, write_container

DTYPES = ["?", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"]
ARRAYS = {
    "layer.0/W": np.arange(6, dtype=np.float32).reshape(2, 3),
    "count": np.array(7, dtype=np.int64),
    "none": np.zeros((0, 4)),
    "mask": np.array([True, False]),
}
HEADER = {
    "name": "Schlüssel",
    "loss": [1.5, math.nan, math.inf, -math.inf, -0.0],
    "deep": {"n": None, "ok": True},
}


def same_bits(left, right):
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()


@pytest.fixture
def model(tmp_path):
    return write_container(
        tmp_path / "model.safetensors", kind="model", version=2, header=HEADER, arrays=ARRAYS
    )


def refusal(path, kind="model", version=2):
    with pytest.raises(StorageError) as caught:
        read_container(path, kind=kind, version=version)
    return str(caught.value)


def rewrite_document(path, **changes):
    """Change the JSON document of a container, leaving a well-formed safetensors file."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    frame = json.loads(data[8 : 8 + size])
    document = json.loads(frame["__metadata__"]["neuralopt"]) | changes
    frame["__metadata__"]["neuralopt"] = json.dumps(document, sort_keys=True, separators=(",", ":"))
    text = json.dumps(frame).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size :])


@pytest.mark.parametrize("mmap", [False, True])
def test_round_trip(model, mmap):
    container = read_container(model, kind="model", version=2, mmap=mmap)
    assert (container.kind, container.version, container.path) == ("model", 2, model)
    assert repr(container.header) == repr(dict(sorted(HEADER.items())))  # repr: NaN and -0.0 compare
    assert set(container.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert same_bits(container.arrays[name], array)
        assert container.arrays[name].flags.writeable is not mmap
        assert container.arrays[name].flags.aligned


def test_the_safetensors_package_reads_the_same_arrays(model):
    for name, array in load_file(model).items():
        assert same_bits(array, ARRAYS[name])


@settings(max_examples=80, deadline=None)
@given(
    array=st.sampled_from(DTYPES).flatmap(
        lambda code: hnp.arrays(
            st.sampled_from([np.dtype("<" + code), np.dtype(">" + code)]),
            hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
        )
    )
)
def test_every_number_type_keeps_its_bits(tmp_path_factory, array):
    path = tmp_path_factory.getbasetemp() / "bits.safetensors"
    arrays = {"as_is": array, "transposed": array.T, "every_second": array[::2] if array.ndim else array}
    write_container(path, kind="record", version=1, header={}, arrays=arrays)
    read = read_container(path, kind="record", version=1).arrays
    for name, given_array in arrays.items():
        assert same_bits(read[name], given_array.astype(given_array.dtype.newbyteorder("=")))


def test_bfloat16_keeps_its_bits(tmp_path):
    array = np.array([[1.5, -0.0], [np.nan, np.inf]], dtype=ml_dtypes.bfloat16)
    path = write_container(tmp_path / "b", kind="model", version=1, header={}, arrays={"b": array})
    for mmap in (False, True):
        assert same_bits(read_container(path, kind="model", version=1, mmap=mmap).arrays["b"], array)


def test_a_copy_outlives_the_file_and_a_view_follows_no_replacement(model):
    copy = read_container(model, kind="model", version=2).arrays["layer.0/W"]
    view = read_container(model, kind="model", version=2, mmap=True).arrays["layer.0/W"]
    write_container(
        model, kind="model", version=2, header={}, arrays={"layer.0/W": np.zeros((2, 3), np.float32)}
    )
    np.testing.assert_array_equal(copy, ARRAYS["layer.0/W"])
    np.testing.assert_array_equal(view, ARRAYS["layer.0/W"])


def test_no_arrays_and_no_header(tmp_path):
    path = write_container(tmp_path / "empty", kind="record", version=1, header={}, arrays={})
    container = read_container(path, kind="record", version=1)
    assert (container.header, container.arrays) == ({}, {})


def test_an_older_version_is_returned_with_its_number(model):
    assert read_container(model, kind="model", version=9).version == 2


def test_every_flipped_byte_is_refused(tmp_path):
    arrays = {"w": np.array([1.0, 2.0]), "n": np.array([3], np.int8)}
    path = write_container(
        tmp_path / "m", kind="model", version=1, header={"a": "ü", "b": 0.5}, arrays=arrays
    )
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in (0x01, 0x20, 0x80):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            refusal(path, version=1)


def test_every_truncation_is_refused(tmp_path):
    path = write_container(tmp_path / "m", kind="model", version=1, header={}, arrays={"w": np.arange(3.0)})
    whole = path.read_bytes()
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        assert "is truncated: it has " in refusal(path, version=1)
    path.write_bytes(whole + b"\0")
    assert "is damaged: 1 bytes follow its end" in refusal(path, version=1)


def test_a_flipped_number_is_called_damage(model):
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.write_bytes(data)
    assert refusal(model) == (
        f"'{model}' is damaged: its content differs from its digest. "
        "Restore it from a copy, or make it again."
    )


def test_an_edited_header_is_damage(model):
    rewrite_document(model, header={"name": "edited"})
    assert "is damaged: its content differs from its digest" in refusal(model)
    rewrite_document(model, surplus=1)
    assert "is damaged: its header is incomplete or was edited" in refusal(model)


def test_an_array_of_a_type_never_written_is_damage(tmp_path):
    document = dict.fromkeys(["format", "header", "sha256", "neuralopt"], "") | {
        "kind": "model",
        "version": 1,
    }
    save_file({"z": np.zeros(2, np.complex64)}, tmp_path / "c", metadata={"neuralopt": dumps(document)})
    assert "is damaged: it holds an array of type C64" in refusal(tmp_path / "c")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "its header is not JSON"),
        ("[" * 100_000, "its header is not JSON"),
        ("[1]", "its header does not say what it is"),
        ('{"kind":"model","version":"1","neuralopt":"0"}', "its header does not say what it is"),
    ],
)
def test_a_header_that_is_not_one(tmp_path, document, words):
    save_file({}, tmp_path / "c", metadata={"neuralopt": document})
    assert f"is damaged: {words}" in refusal(tmp_path / "c")


@pytest.mark.parametrize(
    "frame",
    [
        {"w": {"dtype": "F64", "shape": [2], "data_offsets": [8, 0]}},
        {"w": {"dtype": "F64", "shape": [2]}},
        {"w": 5},
        {"__metadata__": 5},
    ],
)
def test_a_list_of_arrays_that_is_not_one(tmp_path, frame):
    text = json.dumps(frame).encode()
    (tmp_path / "c").write_bytes(struct.pack("<Q", len(text)) + text)
    assert "is damaged: its list of arrays is unreadable" in refusal(tmp_path / "c")


def test_a_shape_that_does_not_fit_its_bytes(model):
    data = model.read_bytes()
    assert data.count(b'"shape":[2,3]') == 1
    model.write_bytes(data.replace(b'"shape":[2,3]', b'"shape":[2,4]'))
    assert "is damaged: an array's size and shape differ" in refusal(model)


def test_a_missing_file_names_a_near_one(model):
    text = refusal(model.with_name("modle.safetensors"))
    assert text.startswith("There is no file")
    assert text.endswith("Did you mean 'model.safetensors'?")
    assert "the folder 'nowhere' does not exist" in refusal("nowhere/m.safetensors")


def test_a_folder_an_empty_file_and_an_unreadable_one(model, tmp_path, monkeypatch):
    assert "is a folder, and a file is needed" in refusal(tmp_path)
    (tmp_path / "empty").touch()
    assert "is empty (0 bytes)" in refusal(tmp_path / "empty")

    def deny(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", deny)
    assert f"'{model}' cannot be read: permission denied. Make it readable (chmod u+r" in refusal(model)


def test_foreign_files(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    assert "is not a neuralopt file: it is not in safetensors format" in refusal(tmp_path / "t.csv")
    save_file({"w": np.zeros(3)}, tmp_path / "f.safetensors")
    assert "is a safetensors file that neuralopt did not write" in refusal(tmp_path / "f.safetensors")


@pytest.mark.parametrize(
    ("kind", "reader"),
    [
        ("checkpoint", "Read it with: the call that wrote it, with checkpoint=PATH and resume=True"),
        ("record", "Read it with: neuralopt report RECORDS"),
        ("sketch", "Give a model file."),
    ],
)
def test_another_kind_says_what_reads_it(tmp_path, kind, reader):
    path = write_container(tmp_path / "x", kind=kind, version=1, header={}, arrays={})
    assert refusal(path) == f"'{path}' holds a {kind}, and a model is needed. {reader}"


def test_a_newer_version_says_upgrade(model):
    assert refusal(model, version=1) == (
        f"'{model}' was written by neuralopt {neuralopt.__version__} as model version 2, and "
        "this neuralopt reads up to version 1. Upgrade it: pip install --upgrade neuralopt"
    )


def test_a_newer_version_with_new_fields_and_array_types_still_says_upgrade(tmp_path):
    document = '{"kind":"model","version":3,"neuralopt":"9.0.0","signature":"x"}'
    save_file({"z": np.zeros(2, np.complex64)}, tmp_path / "m", metadata={"neuralopt": document})
    assert "was written by neuralopt 9.0.0 as model version 3" in refusal(tmp_path / "m")


def test_what_cannot_be_stored_is_listed_at_once(tmp_path):
    with pytest.raises(InvalidArgument) as caught:
        write_container(
            tmp_path / "x",
            kind="",
            version=0,
            header={"n": np.int64(1), 2: "x", "__float__": 1, "a": [object()]},
            arrays={
                "o": np.array([None]),
                "c": np.zeros(2, complex),
                "__metadata__": np.zeros(1),
                "s": np.array("x"),
            },
        )
    text = str(caught.value)
    assert "kind must be a non-empty string, got ''" in text
    assert "version must be an integer >= 1, got 0" in text
    assert "header['n'] is a numpy.int64, which JSON cannot keep" in text
    assert "header has the key 2, and keys must be strings. Use '2'." in text
    assert "header has the key '__float__', which is kept for NaN and infinity" in text
    assert "header['a'][0] is a builtins.object" in text
    assert "The array 'o' has the type object" in text
    assert "The array 'c' has the type complex128" in text
    assert "The array 's' has the type <U1" in text
    assert "'__metadata__' cannot name an array" in text
    assert list(tmp_path.iterdir()) == []


def test_overwriting_can_be_refused(model):
    before = model.read_bytes()
    with pytest.raises(StorageError, match="exists already"):
        write_container(model, kind="model", version=1, header={}, arrays={}, overwrite=False)
    assert model.read_bytes() == before


def test_a_header_that_is_no_dict(tmp_path):
    with pytest.raises(InvalidArgument, match="header must be a dict, got list"):
        write_container(tmp_path / "x", kind="model", version=1, header=[], arrays={})  # pyright: ignore[reportArgumentType]
