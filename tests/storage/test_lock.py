"""One writer at a time, and nothing to clean up after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import neuralopt
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.storage import FileLock, Journal


def test_the_second_is_told_who_holds_it(tmp_path):
    with (
        FileLock(tmp_path / "a.lock", "the study"),
        pytest.raises(
            StorageError, match=rf"the study is being written by another process \(process {os.getpid()}\)"
        ),
    ):
        FileLock(tmp_path / "a.lock", "the study").__enter__()
    with FileLock(tmp_path / "a.lock", "the study"):
        pass


def test_a_kill_lets_go_of_it(tmp_path):
    program = (
        "import sys, time; from neuralopt.storage import FileLock\n"
        "with FileLock(sys.argv[1], 'it'):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    path = str(Path(neuralopt.__file__).parents[1])
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "a.lock")],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StorageError, match=f"process {holder.pid}"), FileLock(tmp_path / "a.lock", "it"):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with FileLock(tmp_path / "a.lock", "it"):
        pass


def test_several_lines_are_all_there_or_none(tmp_path):
    journal = Journal(tmp_path / "j.jsonl")
    journal.extend([{"a": 1}, {"a": 2}])
    with pytest.raises(InvalidArgument):
        journal.extend([{"a": 3}, {"a": object()}])
    journal.extend([])
    assert journal.read() == [{"a": 1}, {"a": 2}]
