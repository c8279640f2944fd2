"""The journal: what was appended is read, torn ends vanish, damage is named."""

import errno
import math
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.storage import Journal


def test_appended_entries_are_read_in_order(tmp_path):
    journal = Journal(tmp_path / "runs" / "j.jsonl")
    assert journal.read() == []
    entries = [{"trial": i, "loss": math.inf, "name": "é\n"} for i in range(5)]
    for entry in entries:
        journal.append(entry)
    assert Journal(journal.path).read() == entries


def test_every_cut_keeps_the_whole_lines_and_append_repairs(tmp_path):
    journal = Journal(tmp_path / "j")
    entries = [{"n": 1}, {"n": 22, "s": "ü"}, {"n": 333}]
    for entry in entries:
        journal.append(entry)
    whole = journal.path.read_bytes()
    for length in range(len(whole) + 1):
        journal.path.write_bytes(whole[:length])
        kept = entries[: whole[:length].count(b"\n")]
        assert journal.read() == kept
        journal.append({"n": "next"})
        assert journal.read() == [*kept, {"n": "next"}]


def test_a_torn_line_longer_than_the_reading_block_is_removed(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.append({"n": 1})
    with journal.path.open("ab") as stream:
        stream.write(b"x" * 200_000)
    journal.append({"n": 2})
    assert journal.path.read_bytes() == b'{"n":1}\n{"n":2}\n'


@pytest.mark.parametrize(
    "damage", [b"{broken", b"5", b"\xff\xfe", b"", b'{"a":NaN}', b'{"a":{"__float__":"x"}}']
)
def test_a_damaged_line_is_named(tmp_path, damage):
    path = tmp_path / "j"
    path.write_bytes(b'{"n":1}\n' + damage + b'\n{"n":3}\n')
    with pytest.raises(StorageError, match=r"^Line 2 of '.*j' is damaged: it is not a JSON object"):
        Journal(path).read()


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path, monkeypatch, call):
    journal = Journal(tmp_path / "j")
    journal.append({"n": 1})
    before = journal.path.read_bytes()
    real = os.write

    def half(handle, data):
        real(handle, data[:4])
        raise OSError(errno.ENOSPC, "No space left on device")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, half if call == "write" else full)
        with pytest.raises(StorageError, match="no space left"):
            journal.append({"n": 2})
    assert journal.path.read_bytes() == before


def test_append_is_flushed(tmp_path, monkeypatch):
    flushed = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (flushed.append(os.fstat(handle).st_size), real(handle)))
    journal = Journal(tmp_path / "j")
    journal.append({"n": 1})
    assert flushed[0] == len(b'{"n":1}\n')
    assert len(flushed) == 2  # the folder too, since the file is new
    journal.append({"n": 2})
    assert len(flushed) == 3


def test_what_is_not_a_dict_is_refused(tmp_path):
    with pytest.raises(InvalidArgument, match="A journal entry is a dict, got list"):
        Journal(tmp_path / "j").append([1])  # pyright: ignore[reportArgumentType]
    assert os.listdir(tmp_path) == []


def test_a_folder_in_its_place(tmp_path):
    with pytest.raises(StorageError, match="is a folder"):
        Journal(tmp_path).read()
    with pytest.raises(StorageError, match="it is a folder"):
        Journal(tmp_path).append({})


def test_no_permission(tmp_path, monkeypatch):
    def deny(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    with pytest.raises(StorageError, match="permission denied in"):
        Journal(tmp_path / "j").append({})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(entry=st.dictionaries(st.text().filter(lambda key: key != "__float__"), PLAIN, max_size=4))
def test_any_plain_data_survive(tmp_path_factory, entry):
    journal = Journal(tmp_path_factory.getbasetemp() / "any.jsonl")
    journal.path.unlink(missing_ok=True)
    journal.append(entry)
    (read,) = journal.read()
    assert repr(_sorted(read)) == repr(_sorted(entry))  # repr: NaN and -0.0 compare


def _sorted(value):
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(v) for v in value]
    return value
