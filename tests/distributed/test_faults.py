"""Faults strike workers that are processes: the same bits, whoever is killed; nobody is left behind."""

import errno
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from tests.distributed.faults import Fault, Faulty, struck
from tests.distributed.runs import At, alive, given, int8, leaves, same

from neuralopt import train
from neuralopt.core.errors import StorageError, WorkerError
from neuralopt.distributed import DataParallel, Int8, Processes, gang, gang_runner
from neuralopt.distributed.gang import WorkerLost
from neuralopt.storage import atomic, read_container

pytestmark = pytest.mark.usefixtures("two_cores")

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets and processes are read from /proc")


@pytest.fixture
def taken(monkeypatch):
    """Let the first gang be given a port on which somebody listens."""
    with socket.socket() as somebody:
        somebody.bind((gang.HOST, 0))
        somebody.listen()
        free, ports = gang.free_port, [somebody.getsockname()[1]]
        monkeypatch.setattr(gang, "free_port", lambda: ports.pop() if ports else free())
        yield


def test_faults_change_no_bit(net, regression, undisturbed, gangs, tmp_path, taken):
    """The port is taken; then workers are killed in the first step, in the middle, while they start anew and
    in the last step; one is stuck, one is slow."""
    faults = (
        Fault("kill", 1, 0),
        Fault("kill", 0, 22),
        Fault("start", 1, 2),
        Fault("stop", 1, 30),
        Fault("slow", 0, 35),
        Fault("kill", 0, 47),
    )
    faulty = DataParallel(exchange=Faulty(faults, str(tmp_path)), backend=Processes(stuck_after=3.0))
    with pytest.warns(RuntimeWarning, match="all workers are started anew from epoch") as caught:
        result = train(net, regression, distribute=faulty, callbacks=[At()], **given())
    assert struck(tmp_path) == {f"{fault.what}-{fault.rank}-{fault.step}" for fault in faults}
    same(undisturbed[0], result)
    said = [str(w.message) for w in caught if w.category is RuntimeWarning]
    ends = [text.partition("; all workers are started anew from epoch ") for text in said]
    assert [epoch for _, _, epoch in ends] == ["0.", "0.", "5.", "5.", "7.", "11."]
    # the two wait for each other; who was killed may also be noticed by the other one first
    assert ends[4][0] == "worker 0 and 1 did not answer in time"
    assert any("was killed by SIGKILL" in what for what, _, _ in ends)
    assert len(gangs) == 7
    assert all(process.poll() is not None for processes in gangs for process in processes)
    seconds = result.history["seconds"]  # from a kill to the end of the next chunk
    assert seconds[0] < 15
    assert seconds[11] < 15


class DyingGang:
    """Workers that start, and die at once."""

    def __init__(self, backend, workers, arguments):
        self.ended = 0

    def start(self, states):
        pass

    def tell(self, what, given):
        raise WorkerLost("worker 1 was killed by SIGKILL")

    def last_words(self):
        return ""

    def end(self):
        self.ended += 1

    close = end


def test_who_dies_again_and_again_ends_the_run(two_cores, net, regression, monkeypatch):
    monkeypatch.setattr(gang_runner, "Gang", DyingGang)
    again = pytest.warns(RuntimeWarning, match="killed by SIGKILL; all workers are started anew from epoch 0")
    with again as caught, pytest.raises(WorkerError) as raised:
        train(net, regression, distribute=int8(max_restarts=2), **given())
    assert len([w for w in caught if w.category is RuntimeWarning]) == 2
    assert str(raised.value) == (
        "worker 1 was killed by SIGKILL, after the workers were started anew 2 times in a row. Likely cause: too "
        "little memory, a machine too busy for start_timeout=60, stuck_after=120 seconds, or workers that cannot "
        "reach one another. Their last words: none"
    )


def test_interrupted_then_killed_the_run_goes_on(net, regression, undisturbed, tmp_path, gangs):
    """Ctrl-C, then a killed parent, then workers killed at any moment while checkpoints are written."""
    file = tmp_path / "run.ckpt"
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(ROOT / "tests/distributed/supervised.py"), str(file)]
    environment = {**os.environ, "PYTHONPATH": path, "NEURALOPT_CACHE": "off"}
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        told = [line.split() for line in iter(parent.stdout.readline, "")]
        assert parent.wait(timeout=30) == -signal.SIGKILL
    before, (status, seconds, kept), after = told
    assert (before[0], status, kept, after[0]) == ("3", "INTERRUPTED", "3", "5")
    assert float(seconds) < 10
    ids = {int(pid) for pid in before[1:] + after[1:]}
    limit = time.monotonic() + 10
    while any(alive(pid) for pid in ids) and time.monotonic() < limit:
        time.sleep(0.05)
    assert len(ids) == 4
    assert not any(alive(pid) for pid in ids)
    held = read_container(file, kind="checkpoint", version=1)
    assert {"jax", "jaxlib", "NPROC"} <= set(held.header["facts"])
    assert "workers=2" in held.header["identity"]["distribute"]

    damaged = bytearray(file.read_bytes())
    damaged[-9] ^= 1
    (tmp_path / "damaged.ckpt").write_bytes(damaged)
    with pytest.raises(StorageError, match="damaged"):
        train(
            net,
            regression,
            distribute=int8(),
            checkpoint=tmp_path / "damaged.ckpt",
            resume=True,
            **given(),
        )
    assert not gangs

    moment = random.SystemRandom().uniform(0, 3)
    killer = threading.Timer(moment, lambda: [one.kill() for one in gangs[-1:] for one in one[-1:]])
    killer.start()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "worker|a worker", RuntimeWarning)
        resumed = train(
            net,
            regression,
            distribute=int8(),
            checkpoint=file,
            checkpoint_every=0,
            resume=True,
            callbacks=[At()],
            **given(),
        )
    killer.cancel()
    same(undisturbed[0], resumed)
    assert resumed.epochs == 12


def test_a_fault_in_a_step_is_told_once(net, regression, gangs, tmp_path):
    """An error in a callback reaches the host as that of the compiled program."""
    faulty = Faulty((Fault("raise", 1, 5),), str(tmp_path))
    with pytest.raises(WorkerError) as caught:
        train(net, regression, distribute=DataParallel(exchange=faulty, backend="processes"), **given())
    assert str(caught.value) == "worker 1 of 2 failed: ValueError: this fault is meant"
    assert len(gangs) == 1
    assert all(process.poll() is not None for process in gangs[0])


def test_workers_that_do_not_find_each_other_end_in_time(net, regression, gangs, monkeypatch):
    place = gang.Place
    monkeypatch.setattr(
        gang, "Place", lambda rank, count, host, port, *more: place(rank, count, host, port + rank, *more)
    )
    begin = time.monotonic()
    with pytest.raises(WorkerError, match="or workers that cannot reach one another"):
        train(net, regression, distribute=int8(start_timeout=2.0, max_restarts=0), **given())
    assert time.monotonic() - begin < 15
    assert all(process.poll() is not None for process in gangs[0])


def test_a_full_disk_ends_the_run_and_not_what_was_kept(
    net, regression, undisturbed, gangs, tmp_path, monkeypatch
):
    file, write = tmp_path / "run.ckpt", atomic.write_all

    def full(handle, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    fill = At(_4=lambda: monkeypatch.setattr(atomic, "write_all", full))
    kept = {"checkpoint": file, "checkpoint_every": 0, "distribute": int8(), **given()}
    with pytest.raises(StorageError, match=r"run\.ckpt"):
        train(net, regression, callbacks=[fill], **kept)
    assert all(process.poll() is not None for process in gangs[0])
    monkeypatch.setattr(atomic, "write_all", write)
    assert len(read_container(file, kind="checkpoint", version=1).arrays["history/loss"]) == 3
    simulated = {**kept, "distribute": DataParallel(exchange=Int8())}
    resumed = train(net, regression, resume=True, **simulated)
    for a, b in zip(leaves(resumed), leaves(undisturbed[0]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
