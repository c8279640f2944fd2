"""Data shared by the tests of several workers."""

import os

import numpy as np
import pytest
from tests.distributed.runs import At, given, int8
from tests.distributed.sockets import addresses

from neuralopt import MLP, train
from neuralopt.distributed import backends
from neuralopt.distributed.gang import Gang


@pytest.fixture(autouse=True, scope="session")
def no_program_cache():
    """Compile anew in every session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURALOPT_CACHE", "off")
        yield


@pytest.fixture(scope="session")
def regression():
    """50 rows: batches of 16 leave a remainder of 2."""
    random = np.random.default_rng(0)
    X = random.normal(size=(50, 3))
    return X, np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)


@pytest.fixture(scope="session")
def net():
    return MLP((3, 6, 2))


def let_two_run(patch):
    """Let a machine of one core run two workers."""
    patch.setattr(backends, "cores", lambda: max(2, os.cpu_count() or 1))


@pytest.fixture
def two_cores(monkeypatch):
    """Let a machine of one core run two workers, in one test."""
    let_two_run(monkeypatch)


@pytest.fixture
def gangs(two_cores, monkeypatch):
    """Return the processes of every gang that is started, in lists."""
    found, before = [], Gang.start

    def start(self, states):
        try:
            before(self, states)
        finally:
            found.append([worker.process for worker in self.workers])

    monkeypatch.setattr(Gang, "start", start)
    return found


@pytest.fixture(scope="session")
def undisturbed(net, regression):
    """A run that nobody disturbs, and where its workers listened."""
    heard, gangs, before = [], [], Gang.start

    def start(self, states):
        before(self, states)
        gangs.append([worker.process for worker in self.workers])

    def listen():
        heard.extend(address for process in gangs[-1] for address in addresses(process.pid))

    with pytest.MonkeyPatch.context() as patch:
        let_two_run(patch)
        patch.setattr(Gang, "start", start)
        result = train(net, regression, distribute=int8(), callbacks=[At(_2=listen)], **given())
    return result, heard, gangs[0]
