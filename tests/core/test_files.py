"""The checks before reading, in the class of error that the caller asks for."""

import errno
import os
from pathlib import Path

import pytest

from neuralopt.core.errors import DataError, StorageError
from neuralopt.core.files import readable_file


def failing(number):
    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_readable_file_is_returned_with_the_home_folder_expanded(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("x")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert readable_file("~/a") == tmp_path / "a"


@pytest.mark.parametrize("kind", [DataError, StorageError])
def test_the_caller_chooses_the_class_of_the_error(tmp_path, kind):
    with pytest.raises(kind, match="is a folder, and a file is needed"):
        readable_file(tmp_path, kind)


def test_a_failing_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "open", failing(errno.EIO))
    with pytest.raises(
        StorageError, match=r"cannot be read: Input/output error\. Check the path and the disk"
    ):
        readable_file(tmp_path / "a")


def test_a_folder_that_may_not_be_listed_gives_no_hint(tmp_path, monkeypatch):
    (tmp_path / "ab.csv").write_text("x")
    monkeypatch.setattr(Path, "iterdir", failing(errno.EACCES))
    with pytest.raises(StorageError) as caught:
        readable_file(tmp_path / "aa.csv")
    assert str(caught.value) == f"There is no file '{tmp_path / 'aa.csv'}'. Check the name and the folder."
