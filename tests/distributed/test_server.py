"""The parameter server without Ray: its desk, its ledger, its crew, its messages."""

import random
import sys
import time
import types

import jax
import numpy as np
import pytest
from tests.distributed import oracles

from neuralopt import optimizers, train
from neuralopt.core.errors import InvalidArgument, WorkerError
from neuralopt.core.versions import versions
from neuralopt.distributed import (
    Bf16,
    Fp32,
    Int8,
    Layout,
    ParameterServer,
    PowerSGD,
    TopK,
    ray_session,
    server,
)
from neuralopt.distributed.codec import decode, encode, size_of
from neuralopt.distributed.crew import Crew, Lease
from neuralopt.distributed.desk import Desk
from neuralopt.distributed.ledger import Ledger
from neuralopt.engine.loop import Point
from neuralopt.transforms import FiniteGuard


class Pretend:
    """Workers that answer in any order and die at random."""

    def __init__(self, seed, dying):
        self.random, self.dying, self.asked = random.Random(seed), dying, 0

    def put(self, vector):
        return vector

    def ask(self, lease, held, noise):
        self.asked += 1
        return self.asked, float(held[0])

    def first(self, flying):
        return self.random.choice(list(flying))

    def read(self, answer, lease):
        return None if self.random.random() < self.dying else (answer[1], (np.zeros(1),))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("bound", [None, 0, 1, 2, 3, 7])
def test_every_batch_once_and_none_too_old(seed, bound):
    """The one parameter counts the steps, so that every answer tells how old it is."""
    ages = []

    def step(point, answers, age):
        ages.append(float(point.params[0][0]) - answers[0][0])
        assert age == ages[-1]
        return point._replace(params=[point.params[0] + 1])

    desk = Desk(Pretend(seed, dying=0.2), None, Point([np.zeros(1)], (), ()), step)
    ledger = Ledger(range(60, 100))
    desk.as_they_come(ledger, 4, bound)
    assert ledger.done
    assert sorted(desk.losses) == list(range(60, 100))
    assert len(ages) == 40
    assert bound is None or max(ages) <= bound
    assert max(ages) > 0 or bound == 0


def test_rounds_are_the_same_whoever_dies():
    def run(seed, dying):
        means = []

        def step(point, answers, age):
            assert age == 0
            means.append(len(answers))
            return point._replace(params=[point.params[0] + 1])

        desk = Desk(Pretend(seed, dying), None, Point([np.zeros(1)], (), ()), step)
        ledger = Ledger(range(10))
        desk.in_rounds(ledger, 4, None)
        assert ledger.done
        return means, desk.losses

    assert run(0, 0.0) == run(1, 0.4) == ([4, 4, 2], {b: float(b // 4) for b in range(10)})


def test_a_ledger_that_lost_a_batch_says_so():
    ledger = Ledger(range(3))
    ledger.apply(ledger.lease())
    with pytest.raises(WorkerError, match=r"every batch must be applied once, these were not: \[1, 2\]\."):
        ledger.check()


@pytest.mark.parametrize(
    ("exchange", "quantise", "size"),
    [
        (Fp32(), lambda v: v, 2400),
        (Int8(), oracles.int8, 780),
        (TopK(0.05), lambda v: oracles.largest(v[None], 30)[0], 240),
        (Bf16(), None, 1200),
    ],
    ids=["Fp32", "Int8", "TopK", "Bf16"],
)
def test_messages(exchange, quantise, size):
    layout, vector = Layout(((600,),), 1), np.random.default_rng(0).normal(size=600).astype(np.float32)
    message = encode(exchange, jax.numpy.asarray(vector), layout)
    assert size_of(message) == size
    found = np.asarray(decode(exchange, message, layout))
    if quantise is None:
        np.testing.assert_allclose(found, vector, rtol=2**-8)
    else:
        padded = np.pad(vector, (0, 168)).astype(np.float64)
        np.testing.assert_allclose(found, quantise(padded)[:600], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: ParameterServer(mode="slow"),
            "ParameterServer: mode must be 'async', 'bounded' or 'sync', got 'slow'.",
        ),
        (
            lambda: ParameterServer(staleness=3),
            "ParameterServer: staleness is the bound of mode='bounded', got staleness=3 with mode='async'.",
        ),
        (
            lambda: ParameterServer(start_timeout=0),
            "ParameterServer: start_timeout must be a finite number > 0 seconds, got 0.",
        ),
        (
            lambda: ParameterServer(damping=-1),
            "ParameterServer: damping must be a finite number >= 0, got -1.",
        ),
        (
            lambda: ParameterServer(address=""),
            "the address of a Ray cluster must be 'host:port', got ''.",
        ),
        (
            lambda: ParameterServer(exchange=PowerSGD(2)),
            "ParameterServer: a message to a server is Fp32(), Bf16(), Int8() or TopK(), got PowerSGD(rank=2).",
        ),
    ],
)
def test_laws(make, text):
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert str(caught.value).startswith(text)


def test_what_cannot_be(net, regression, monkeypatch):
    with pytest.raises(InvalidArgument, match="ParameterServer: LBFGS asks for the loss many times a step"):
        train(net, regression, optimizer="lbfgs", distribute=ParameterServer())
    with pytest.raises(
        InvalidArgument, match="ParameterServer: FiniteGuard skips steps, which a ledger would not"
    ):
        train(net, regression, optimizer=FiniteGuard(optimizers.Adam()), distribute=ParameterServer())
    monkeypatch.setattr(server, "cores", lambda: 1)
    with pytest.raises(
        InvalidArgument, match=r"this machine has 1 cores, got workers=2\. A worker needs a core"
    ):
        train(net, regression, distribute=ParameterServer())


class Lost(Exception):
    """As Ray says that a worker is gone."""


class PretendRay:
    """Ray as far as a crew asks it: answers are there at once, or never, or lost."""

    class exceptions:  # named as in Ray
        RayError, RayActorError = Exception, Lost

    def __init__(self, *answers):
        self.answers, self.killed = list(answers), []

    def put(self, held):
        return held

    def kill(self, actor, no_restart=True):
        self.killed.append(no_restart)

    def wait(self, flying, num_returns, timeout):
        return (flying[:1], []) if self.killed or timeout > 1 else ([], flying)

    def get(self, asked, timeout=None):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class PretendCall:
    """A method of an actor."""

    def options(self, num_returns):
        return self

    def remote(self, *given):
        return (object(), None) if given else object()


def pretend_crew(ray, **times):
    actor = types.SimpleNamespace(versions=PretendCall(), gradient=PretendCall())
    ray.remote = lambda **more: lambda kind: types.SimpleNamespace(remote=lambda job: actor)
    return Crew(ray, b"", ParameterServer(**times), ())


def test_workers_of_a_server_with_other_versions_are_refused():
    ours = versions()
    with pytest.raises(WorkerError, match=r"same versions, worker 1 has numpy 1\.0 in place of"):
        pretend_crew(PretendRay([ours, {**ours, "numpy": "1.0"}])).warm(None, np.zeros(3))


def test_workers_of_a_server_that_are_not_ready_in_time():
    with pytest.raises(WorkerError) as caught:
        pretend_crew(PretendRay(TimeoutError()), start_timeout=7.0).warm(None, np.zeros(3))
    assert str(caught.value) == (
        "the workers were not ready within start_timeout=7 seconds. Likely cause: a machine too busy, or fewer "
        "free CPUs than workers. Give them more time."
    )


def test_a_worker_of_a_server_that_is_lost_again_and_again():
    crew = pretend_crew(PretendRay(Lost("gone"), Lost("gone")), start_timeout=1e-9)
    lease = Lease(1, 5, 0)
    assert crew.read(crew.ask(lease, None, None), lease) is None
    with pytest.raises(
        WorkerError, match=r"worker 1 was lost again and again for .* gone\. Likely cause: too"
    ):
        crew.read(crew.ask(lease, None, None), lease)


def test_a_cluster_has_a_cpu_for_every_worker(monkeypatch):
    cluster = types.SimpleNamespace(is_initialized=lambda: True, cluster_resources=lambda: {"CPU": 2.0})
    monkeypatch.setitem(sys.modules, "ray", cluster)
    with ray_session.ray_session(2, 1) as found:
        assert found is cluster
    with pytest.raises(InvalidArgument) as caught, ray_session.ray_session(3, 1):
        pass
    assert str(caught.value) == (
        "every worker needs a CPU of its own, the Ray cluster has 2, got workers=3. Take fewer workers, or join "
        "more machines by ray start --address."
    )


def test_who_is_stuck_is_killed_while_others_answer():
    ray = PretendRay((0.0, ()))
    crew = pretend_crew(ray, stuck_after=0.05)
    stuck, other = Lease(0, 0, 0), Lease(1, 1, 0)
    flying = {crew.ask(stuck, None, None): stuck}
    time.sleep(0.1)
    flying[crew.ask(other, None, None)] = other
    assert crew.first(flying) in flying
    assert ray.killed == [False]
