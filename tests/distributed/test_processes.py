"""Workers as processes: the same bits, whoever is killed; loopback only; nobody is left behind."""

import os
import socket
import sys
import time

import jax
import numpy as np
import pytest
from tests.distributed.runs import At, given, int8, leaves
from tests.distributed.sockets import LOOPBACK, addresses

from neuralopt import Status, train
from neuralopt.core.errors import InvalidArgument, WorkerError
from neuralopt.distributed import (
    DataParallel,
    Int8,
    LocalSGD,
    Processes,
    RayCluster,
    backends,
    gang,
    get_exchange,
    worker,
)

pytestmark = pytest.mark.usefixtures("two_cores")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets and processes are read from /proc")


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


def test_simulated_workers_listen_nowhere(net, regression):
    heard, before = [], addresses(os.getpid())

    def listen():
        heard.extend(addresses(os.getpid()))

    train(net, regression, distribute=DataParallel(exchange=Int8()), callbacks=[At(_2=listen)], **given())
    assert sorted(heard) == sorted(before)


def test_workers_listen_on_the_loopback_only(undisturbed):
    _, heard, _ = undisturbed
    assert len(heard) >= 3  # the coordinator, and gloo of both
    assert set(heard) <= LOOPBACK


def test_the_test_hears_who_listens_elsewhere():
    with socket.socket() as anywhere:
        anywhere.bind(("", 0))
        anywhere.listen()
        assert not set(addresses(os.getpid())) <= LOOPBACK


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


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: LocalSGD(backend="ray"),
            "backend must be 'simulated', 'processes', Processes(...) or RayCluster(...), got 'ray'.",
        ),
        (
            lambda: Processes(stuck_after=0),
            "Processes: stuck_after must be a finite number > 0 seconds, got 0.",
        ),
        (
            lambda: Processes(start_timeout=np.inf),
            "Processes: start_timeout must be a finite number > 0 seconds, got inf.",
        ),
        (
            lambda: RayCluster(stuck_after="2"),
            "RayCluster: stuck_after must be a finite number > 0 seconds, got '2'.",
        ),
        (lambda: RayCluster("10.0.0.1"), "the address of a Ray cluster must be 'host:port', got '10.0.0.1'."),
        (lambda: RayCluster(3), "the address of a Ray cluster must be 'host:port', got 3."),
        (lambda: get_exchange(3), "an exchange's name must be a string, got 3."),
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


def test_the_working_folder_of_a_notebook_is_theirs_too(monkeypatch, tmp_path):
    """There the first entry of the path is nothing, which stands for where one is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert worker._environment(1)["PYTHONPATH"].split(os.pathsep)[0] == str(tmp_path)
