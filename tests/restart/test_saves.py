"""What is in the folder after a save that was killed, that failed, or whose file was damaged since."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neuralopt
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.core.versions import versions
from neuralopt.storage import Checkpoint, read_container, write_container

ROOT = Path(__file__).parents[2]


def checkpoint(path, seed="0", **more):
    given = {"every": 0, "resume": True, **more}
    return Checkpoint(path, "count", {"seed": seed}, **given)


def save(path, *numbers, **more):
    keeper = checkpoint(path, **more)
    for number in numbers:
        keeper.write({"number": number}, {"numbers": np.full(9, float(number))})


def held(path):
    return read_container(path, kind="checkpoint", version=1).header["number"]


def test_a_hundred_kills_during_saves(tmp_path):
    command = [sys.executable, str(ROOT / "tests/restart/saves.py"), str(tmp_path), "100"]
    env = {**os.environ, "PYTHONPATH": str(Path(neuralopt.__file__).parents[1])}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["saving"] >= 30  # between the first byte and the rename, by the temporary file that was left
    assert not found["jax"]


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_so_many_are_kept(tmp_path, keep):
    save(tmp_path / "run.ckpt", 1, 2, 3, 4, 5, keep=keep)
    names = ["run.ckpt", "run.ckpt.1", "run.ckpt.2"][:keep]
    assert sorted(os.listdir(tmp_path)) == names
    assert [held(tmp_path / name) for name in names] == [5, 4, 3][:keep]


def test_a_disk_without_links(tmp_path, monkeypatch):
    def refuse(*names):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    save(tmp_path / "run.ckpt", 1, 2, 3, keep=3)
    assert [held(tmp_path / name) for name in ("run.ckpt", "run.ckpt.1", "run.ckpt.2")] == [3, 2, 1]
    assert len(os.listdir(tmp_path)) == 3


def test_behind_a_symbolic_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "run.ckpt").symlink_to(tmp_path / "disk" / "real")
    save(tmp_path / "run.ckpt", 1, 2)
    assert (tmp_path / "run.ckpt").is_symlink()
    assert [held(tmp_path / "disk" / name) for name in ("real", "real.1")] == [2, 1]
    (tmp_path / "disk" / "real").unlink()
    with pytest.raises(InvalidArgument, match=r"is missing, but an older one, .*real\.1, is there"):
        checkpoint(tmp_path / "run.ckpt")


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_all_that_was_there(tmp_path, monkeypatch, call):
    save(tmp_path / "run.ckpt", 1, 2, 3, keep=3)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    keeper, real = checkpoint(tmp_path / "run.ckpt", keep=3), getattr(os, call)

    def full(*given):
        if call == "write":
            real(given[0], given[1][:7])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(StorageError) as error:
            keeper.write({"number": 4}, {"numbers": np.zeros(9)})
    assert "run.ckpt' cannot be written: no space left for it" in str(error.value)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


def test_a_bit_flipped_anywhere_is_refused(tmp_path):
    file = tmp_path / "run.ckpt"
    save(file, 1)
    whole = file.read_bytes()
    for place in range(len(whole)):
        content = bytearray(whole)
        content[place] ^= 1 << (place % 8)
        file.write_bytes(content)
        with pytest.raises(StorageError):
            checkpoint(file).read()


def test_a_damaged_file_names_the_older_one_that_is_whole(tmp_path):
    file = tmp_path / "run.ckpt"
    save(file, 1, 2, 3, keep=3)
    for name in ("run.ckpt", "run.ckpt.1"):
        content = bytearray((tmp_path / name).read_bytes())
        content[-1] ^= 1
        (tmp_path / name).write_bytes(content)
    with pytest.raises(StorageError) as error:
        checkpoint(file).read()
    text = str(error.value)
    assert f"'{file}' is damaged: its content differs from its digest." in text
    assert f"The older checkpoint '{file}.2' is whole: copy it to '{file}' and the run goes on" in text
    file.write_bytes(Path(f"{file}.2").read_bytes())
    assert checkpoint(file).read()[0] == {"number": 1}
    Path(f"{file}.2").unlink()
    file.write_bytes(b"")
    with pytest.raises(StorageError) as error:
        checkpoint(file).read()
    assert "older checkpoint" not in str(error.value)


def test_a_missing_file_names_the_older_one(tmp_path):
    file = tmp_path / "run.ckpt"
    save(file, 1, 2, 3, keep=3)
    file.unlink()
    Path(f"{file}.1").rename(f"{file}.7")  # a place may be empty
    for resume in (True, False):
        with pytest.raises(InvalidArgument) as error:
            checkpoint(file, resume=resume)
        assert f"checkpoint {file} is missing, but an older one, {file}.2, is there. Copy it to" in str(
            error.value
        )
        assert "pass resume=True to go on from it, or remove it to start anew." in str(error.value)


def test_leftovers_of_this_file_are_removed_and_no_others(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *names: (_ for _ in ()).throw(KeyboardInterrupt))
        patch.setattr(Path, "unlink", lambda self: None)  # a kill cleans nothing up
        for name in ("run.ckpt", "other.ckpt"):
            with pytest.raises(KeyboardInterrupt):
                write_container(tmp_path / name, kind="checkpoint", version=1, header={}, arrays={})
    assert len(os.listdir(tmp_path)) == 2
    checkpoint(tmp_path / "run.ckpt")
    assert len(os.listdir(tmp_path)) == 1
    checkpoint(tmp_path / "other.ckpt")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("keep", [0, -1, 1.5, True, "2"])
def test_how_many_are_kept_is_checked(tmp_path, keep):
    with pytest.raises(InvalidArgument, match=r"checkpoint_keep must be a whole number >= 1, got "):
        checkpoint(tmp_path / "run.ckpt", keep=keep)


def test_the_header_has_what_bits_depend_on(tmp_path, monkeypatch):
    monkeypatch.setenv("NPROC", "3")
    X = np.random.default_rng(0).normal(size=(40, 2))
    for workers in (1, 2):
        file = tmp_path / f"{workers}.ckpt"
        distribute = None if workers == 1 else neuralopt.distributed.DataParallel(workers=workers)
        neuralopt.train(
            neuralopt.MLP((2, 3, 1)), (X, X[:, 0]), epochs=1, checkpoint=file, distribute=distribute
        )
        header = read_container(file, kind="checkpoint", version=1).header
        assert header["facts"] == {**versions(), "NPROC": "3", "workers": str(workers)}
        assert header["run"] == "train"
        assert header["identity"]["seed"] == "0"
