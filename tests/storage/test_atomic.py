"""Writes are whole or absent: every failure leaves the earlier file and no temporary one."""

import errno
import os
import resource
import stat
import subprocess
import sys

import numpy as np
import pytest

from neuralopt.core.errors import StorageError
from neuralopt.storage import check_writable, loads, write_bytes, write_container, write_json, write_text

FAILURES = {
    errno.ENOSPC: "no space left for it",
    errno.EDQUOT: "no space left for it",
    errno.EFBIG: "no space left for it",
    errno.EACCES: "permission denied in '",
    errno.EPERM: "permission denied in '",
    errno.EROFS: "the disk is mounted read-only",
    errno.EIO: "Input/output error. Check the disk",
}


def failing(number):
    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("number", FAILURES)
def test_a_failure_at_any_step_leaves_the_earlier_file(tmp_path, monkeypatch, call, number):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"earlier")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(number))
        with pytest.raises(StorageError) as caught:
            write_container(path, kind="model", version=1, header={}, arrays={"w": np.ones(3)})
    assert f"'{path}' cannot be written: " in str(caught.value)
    assert FAILURES[number] in str(caught.value)
    assert path.read_bytes() == b"earlier"
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_half_a_write_is_cleaned_up(tmp_path, monkeypatch):
    real, calls = os.write, []

    def take_half_then_fail(handle, data):
        if calls:
            raise OSError(errno.ENOSPC, "No space left on device")
        calls.append(handle)
        return real(handle, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", take_half_then_fail)
    with pytest.raises(StorageError, match="no space left"):
        write_bytes(tmp_path / "a", b"0123456789")
    assert calls
    assert os.listdir(tmp_path) == []


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    assert write_bytes(tmp_path / "a", b"0123456789").read_bytes() == b"0123456789"


def test_a_real_limit_on_the_file_size(tmp_path):
    program = (
        "import resource, sys, numpy as np; from neuralopt.storage import write_container\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "write_container(sys.argv[1], kind='model', version=1, header={}, arrays={'w': np.zeros(100_000)})"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "m")], capture_output=True, text=True, check=False
    )
    assert "StorageError" in done.stderr
    assert "no space left" in done.stderr
    assert os.listdir(tmp_path) == []


def test_an_interrupt_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "a", "text")
    assert os.listdir(tmp_path) == []


def test_the_content_is_flushed_before_the_rename_and_the_folder_after(tmp_path, monkeypatch):
    events = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(handle):
        events.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_fsync(handle)

    def replace(source, target):
        events.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_text(tmp_path / "a", "text")
    assert events == ["file", "rename", "folder"]


def test_text_and_json(tmp_path):
    assert write_text(tmp_path / "sub" / "t", "é\r\n").read_bytes() == b"\xc3\xa9\r\n"
    value = {"b": [1, 2.5, None], "a": float("inf")}
    path = write_json(tmp_path / "j", value)
    assert loads(path.read_text()) == value
    assert path.read_text().startswith('{\n  "a": ')
    assert path.read_text().endswith("}\n")


def test_a_link_is_followed_and_permission_bits_stay(tmp_path):
    target = tmp_path / "real"
    target.write_text("old")
    target.chmod(0o664)
    (tmp_path / "link").symlink_to(target)
    earlier = os.umask(0o077)
    try:
        write_text(tmp_path / "link", "new")
    finally:
        os.umask(earlier)
    assert (tmp_path / "link").is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o664


def test_a_new_file_obeys_the_umask(tmp_path):
    earlier = os.umask(0o027)
    try:
        path = write_text(tmp_path / "a", "text")
    finally:
        os.umask(earlier)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_check_writable_makes_the_folder_and_leaves_nothing_in_it(tmp_path):
    assert check_writable(tmp_path / "a" / "b" / "m") == tmp_path / "a" / "b" / "m"
    assert os.listdir(tmp_path / "a" / "b") == []


def test_check_writable_does_not_touch_an_earlier_file(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(b"earlier")
    before = path.stat().st_mtime_ns
    check_writable(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (b"earlier", before)


@pytest.mark.parametrize("write", [check_writable, lambda path: write_text(path, "x")])
def test_places_that_cannot_be_written(tmp_path, write, monkeypatch):
    (tmp_path / "file").write_text("x")
    cases = {
        tmp_path: "it is a folder. Give the path of a file inside it.",
        tmp_path / "file" / "sub" / "m": "a part of the folder",
        tmp_path / ("n" * 300): "the name is too long",
        "/dev/null": "it is a device or a pipe",
    }
    for path, words in cases.items():
        with pytest.raises(StorageError) as caught:
            write(path)
        assert f"'{path}' cannot be written: " in str(caught.value)
        assert words in str(caught.value)

    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StorageError, match="the file is write-protected"):
        write(tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_check_writable_says_why(tmp_path, monkeypatch, number):
    monkeypatch.setattr(os, "open", failing(number))
    with pytest.raises(StorageError, match=FAILURES[number]):
        check_writable(tmp_path / "m")


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "mkdir", failing(errno.EACCES))
    with pytest.raises(StorageError, match="permission denied in '"):
        check_writable(tmp_path / "new" / "m")


def test_no_space_gives_the_space_that_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "write", failing(errno.ENOSPC))
    with pytest.raises(
        StorageError, match=r"\(\d+\.\d MB free\)\. Free some space or a quota, or choose a path"
    ):
        write_text(tmp_path / "a", "text")


def test_a_disk_that_cannot_flush_folders_is_accepted_and_a_failing_one_is_not(tmp_path, monkeypatch):
    real = os.fsync

    def fsync_fails_on_folders(number):
        def fsync(handle):
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                raise OSError(number, os.strerror(number))
            real(handle)

        return fsync

    monkeypatch.setattr(os, "fsync", fsync_fails_on_folders(errno.EINVAL))
    assert write_text(tmp_path / "a", "text").read_text() == "text"
    monkeypatch.setattr(os, "fsync", fsync_fails_on_folders(errno.EIO))
    with pytest.raises(StorageError, match="Input/output error"):
        write_text(tmp_path / "a", "text")


def test_systems_that_cannot_open_folders_still_write(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_DIRECTORY")
    assert write_text(tmp_path / "a", "text").read_text() == "text"
