"""Workers as processes: the same bits, whoever is killed; loopback only; nobody is left behind."""

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

import jax
import numpy as np
import pytest
from tests.distributed.faults import Fault, Faulty, struck
from tests.distributed.sockets import LOOPBACK, addresses

from neuralopt import Callback, Status, train
from neuralopt.core.errors import InvalidArgument, StorageError, WorkerError
from neuralopt.distributed import DataParallel, Int8, LocalSGD, Processes, backends, gang
from neuralopt.distributed.gang import Gang
from neuralopt.storage import atomic, read_container

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets and processes are read from /proc")


@pytest.fixture(scope="module", autouse=True)
def two_cores():
    """Let a machine of one core run two workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backends, "cores", lambda: max(2, os.cpu_count() or 1))
        yield


@pytest.fixture
def gangs(monkeypatch):
    """Return the processes of every gang that is started, in lists."""
    found, before = [], Gang.start

    def start(self, states):
        try:
            before(self, states)
        finally:
            found.append([worker.process for worker in self.workers])

    monkeypatch.setattr(Gang, "start", start)
    return found


class At(Callback):
    """Do something after some epochs."""

    every = 1

    def __init__(self, **what):
        self.what = {int(epoch[1:]): do for epoch, do in what.items()}

    def on_chunk(self, report):
        self.what.get(report.epoch, lambda: None)()


def given(**more):
    return {"epochs": 12, "batch_size": 16, "dtype": "float64", **more}


def int8(**processes):
    return DataParallel(exchange=Int8(), backend=Processes(**processes) if processes else "processes")


def leaves(result):
    return jax.tree.leaves(result.params)


def same(one, other):
    for a, b in zip(leaves(one), leaves(other), strict=True):
        assert a.tobytes() == b.tobytes()
    for name in set(one.history) - {"seconds", "bytes_on_wire"}:
        assert np.array_equal(one.history[name], other.history[name])


@pytest.fixture(scope="module")
def undisturbed(net, regression):
    """A run that nobody disturbs, and where its workers listened."""
    heard, gangs, before = [], [], Gang.start

    def start(self, states):
        before(self, states)
        gangs.append([worker.process for worker in self.workers])

    def listen():
        heard.extend(address for process in gangs[-1] for address in addresses(process.pid))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gang, "start", start)
        result = train(net, regression, distribute=int8(), callbacks=[At(_2=listen)], **given())
    return result, heard, gangs[0]


def test_processes_are_simulated_workers(net, regression, undisturbed):
    result, _, processes = undisturbed
    simulated = train(net, regression, distribute=DataParallel(exchange=Int8()), **given())
    for a, b in zip(leaves(result), leaves(simulated), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    assert result.status is Status.MAX_EPOCHS
    assert np.array_equal(result.history["bytes_sent"], simulated.history["bytes_sent"])
    # what a step adds in headers does not grow with the model
    steps = 4
    more = np.median(result.history["bytes_on_wire"] - result.history["bytes_sent"]) / steps
    assert 0 < more < 4000
    assert all(process.poll() is not None for process in processes)


def test_workers_listen_on_the_loopback_only(undisturbed):
    _, heard, _ = undisturbed
    assert len(heard) >= 3  # the coordinator, and gloo of both
    assert set(heard) <= LOOPBACK


def test_the_test_hears_who_listens_elsewhere():
    with socket.socket() as anywhere:
        anywhere.bind(("", 0))
        anywhere.listen()
        assert not set(addresses(os.getpid())) <= LOOPBACK


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
    faulty = DataParallel(exchange=Faulty(faults, str(tmp_path)), backend=Processes(stuck_after=4.0))
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


def test_who_dies_again_and_again_ends_the_run(net, regression, gangs, tmp_path):
    faults = (Fault("kill", 1, 20), Fault("start", 0, 1))
    faulty = DataParallel(exchange=Faulty(faults, str(tmp_path)), backend=Processes(max_restarts=1))
    with (
        pytest.warns(RuntimeWarning, match="started anew from epoch 5"),
        pytest.raises(WorkerError) as caught,
    ):
        train(net, regression, distribute=faulty, callbacks=[At()], **given())
    text = (
        "after the workers were started anew 1 times in a row. Likely cause: too little memory, a machine too"
    )
    assert text in str(caught.value)
    assert len(gangs) == 2
    assert all(process.poll() is not None for processes in gangs for process in processes)


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


def alive(pid):
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_other_versions_are_refused(net, regression, monkeypatch, gangs):
    ours = gang.versions()
    monkeypatch.setattr(gang, "versions", lambda: {**ours, "jax": "0.0.1"})
    with pytest.raises(WorkerError) as caught:
        train(net, regression, distribute=int8(), **given())
    text = (
        f"all workers need the same versions, worker 0 has jax {ours['jax']} in place of 0.0.1. Install the"
    )
    assert str(caught.value).startswith(text)
    assert all(process.poll() is not None for process in gangs[0])


def test_workers_that_cannot_start_end_in_time(net, regression, gangs):
    begin = time.monotonic()
    with pytest.raises(
        WorkerError,
        match=r"worker 0 and 1 did not answer in time, after the workers were started anew 0 times in a row\. Likely cause: too little memory, a machine too busy for start_timeout=0\.01, stuck_after=120 seconds, or workers that cannot reach one another\. Their last words: none",
    ):
        train(net, regression, distribute=int8(start_timeout=0.01, max_restarts=0), **given())
    assert time.monotonic() - begin < 30
    assert all(process.poll() is not None for process in gangs[0])


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
        train(net, regression, distribute=int8(start_timeout=3.0, max_restarts=0), **given())
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


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: LocalSGD(backend="ray"),
            "backend must be 'simulated', 'processes', Processes(...) or RayCluster(...), got 'ray'.",
        ),
        (lambda: Processes(stuck_after=0), "Processes: stuck_after must be > 0 seconds, got 0."),
        (lambda: Processes(max_restarts=-1), "Processes: max_restarts must be a whole number >= 0, got -1."),
        (lambda: Processes(threads=0), "Processes: threads must be a whole number >= 1, got 0."),
    ],
)
def test_laws(make, text):
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert str(caught.value) == text


def test_more_workers_than_cores(net, regression, monkeypatch):
    monkeypatch.setattr(backends, "cores", lambda: 2)
    with pytest.raises(
        InvalidArgument, match=r"this machine has 2 cores, got workers=3. A worker needs a core of its own"
    ):
        train(net, regression, distribute=DataParallel(workers=3, backend="processes"), **given())


def test_what_cannot_be_sent(regression):
    def loss(params, batch):
        return jax.numpy.sum(params["W"] ** 2)

    with pytest.raises(
        InvalidArgument,
        match=r"what is trained cannot be sent to other processes: .* Likely cause: a lambda or a function inside a function",
    ):
        train(
            loss,
            regression,
            params={"W": np.zeros(2)},
            distribute=DataParallel(backend="processes"),
            **given(),
        )
