"""The parameter server: its desk without Ray, then Ray itself with workers that are killed."""

import contextlib
import importlib.util
import json
import os
import random
import subprocess
import sys
import time
import types
from pathlib import Path

import jax
import numpy as np
import pytest
from tests.distributed import oracles
from tests.distributed.sockets import LOOPBACK

from neuralopt import optimizers, train
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, MissingDependency, WorkerError
from neuralopt.core.versions import versions
from neuralopt.distributed import (
    Bf16,
    DataParallel,
    Fp32,
    Int8,
    Layout,
    ParameterServer,
    PowerSGD,
    RayCluster,
    TopK,
    ray_session,
    server,
    server_runner,
)
from neuralopt.distributed.codec import decode, encode, size_of
from neuralopt.distributed.crew import Crew, Lease
from neuralopt.distributed.desk import Desk
from neuralopt.distributed.ledger import Ledger
from neuralopt.distributed.ray_worker import GradientWorker
from neuralopt.engine.loop import Point
from neuralopt.storage import read_container
from neuralopt.transforms import FiniteGuard

ROOT = Path(__file__).parents[2]


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
        (lambda: ParameterServer(damping=-1), "ParameterServer: damping must be >= 0, got -1."),
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


def test_tokens_are_for_their_owner_alone(tmp_path):
    path = ray_session.write_token(tmp_path / "token")
    assert path.stat().st_mode & 0o777 == 0o600
    secret = path.read_text()
    assert len(secret) == 64
    ray_session.check_token(str(path))
    path.chmod(0o640)
    with pytest.raises(InvalidArgument) as caught:
        ray_session.check_token(str(path))
    assert (
        str(caught.value)
        == f"the token file {path} can be read by others (mode 640). Make it yours: chmod 600 {path}"
    )
    assert secret not in str(caught.value)
    with pytest.raises(InvalidArgument, match="cannot be read"):
        ray_session.check_token(str(tmp_path / "none"))
    with pytest.raises(
        InvalidArgument, match="a Ray cluster without a token runs whatever anybody on its network sends"
    ):
        ray_session.check_token(None)


@pytest.fixture(scope="module", autouse=True)
def serving(request, tmp_path_factory):
    """Start what runs on Ray in a process of its own, beside the first tests.

    Ray leaves warnings behind that are errors here; and Ctrl-C is sent to its whole group.
    """
    asked = any("served" in getattr(item, "fixturenames", ()) for item in request.session.items)
    if not asked or sys.platform != "linux" or importlib.util.find_spec("ray") is None:
        yield None
        return
    folder = tmp_path_factory.mktemp("served")
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(ROOT / "tests/distributed/served.py"), str(folder)]
    environment = {**os.environ, "PYTHONPATH": path, "NEURALOPT_CACHE": "off"}
    with (
        (folder / "out").open("w") as out,
        (folder / "err").open("w") as err,
        subprocess.Popen(command, env=environment, stdout=out, stderr=err, start_new_session=True) as process,
    ):
        yield process, folder
        process.kill()


@pytest.fixture(scope="module")
def served(serving):
    """What runs on Ray told."""
    if serving is None:
        pytest.skip("needs Ray, and reads processes from /proc")
    process, folder = serving
    assert process.wait(timeout=300) == 0, (folder / "err").read_text()
    return json.loads((folder / "out").read_text().splitlines()[-1]) | {"folder": folder}


class InProcess:
    """A crew without Ray: every worker is asked at once, in this process."""

    def __init__(self, ray, job, server, residuals):
        self.workers = [GradientWorker(job) for _ in range(server.workers)]
        self.left, self.answers = list(residuals) or [None] * server.workers, {}

    def residuals(self):
        return self.left

    def put(self, vector):
        return np.asarray(vector)

    def ask(self, lease, held, noise):
        residual = self.left[lease.worker]
        found, self.left[lease.worker] = self.workers[lease.worker].gradient(
            held, lease.batch, residual, noise
        )
        self.answers[lease.batch] = found
        return lease.batch

    def first(self, flying):
        return min(flying)

    def read(self, answer, lease):
        return self.answers.pop(answer)

    def warm(self, noise, vector):
        pass

    def end(self):
        pass


@pytest.fixture
def in_process(monkeypatch):
    """Let a parameter server do without Ray."""
    monkeypatch.setattr(server_runner, "Crew", InProcess)
    monkeypatch.setattr(server_runner, "ray_session", lambda *given: contextlib.nullcontext())
    monkeypatch.setattr(server, "cores", lambda: 2)


def given(**more):
    return {"epochs": 6, "batch_size": 8, "dtype": "float64", "optimizer": optimizers.Adam(0.02), **more}


def test_one_worker_is_one_process(net, regression, in_process):
    more = given(validation=regression, dropout=0.2)
    one = train(net, regression, **more)
    found = train(net, regression, distribute=ParameterServer(workers=1), **more)
    for a, b in zip(jax.tree.leaves(one.params), jax.tree.leaves(found.params), strict=True):
        np.testing.assert_allclose(b, a, atol=1e-12)
    for name in set(one.history) - {"seconds"}:
        np.testing.assert_allclose(found.history[name], one.history[name], rtol=1e-12)
    assert found.history["staleness"].tolist() == [0] * 6
    assert found.history["bytes_sent"].tolist() == [7 * 38 * 8] * 6


@pytest.mark.parametrize("exchange", [Int8(), Fp32()], ids=["Int8", "Fp32"])
def test_a_resumed_run_is_the_uninterrupted_one(net, regression, in_process, tmp_path, exchange):
    rounds, file = ParameterServer(mode="sync", exchange=exchange), tmp_path / "run.ckpt"
    whole = train(net, regression, distribute=rounds, **given())
    train(net, regression, distribute=rounds, checkpoint=file, **given(epochs=2))
    held = read_container(file, kind="checkpoint", version=1).arrays.values()
    if exchange != Fp32():  # both residuals are there, and are not zero
        assert [np.all(np.any(a != 0, axis=1)) for a in held if a.shape == (2, 38)] == [True]
    again = train(net, regression, distribute=rounds, checkpoint=file, resume=True, **given())
    for a, b in zip(jax.tree.leaves(whole.params), jax.tree.leaves(again.params), strict=True):
        assert a.tobytes() == b.tobytes()
    for name in set(whole.history) - {"seconds"}:
        assert np.array_equal(whole.history[name], again.history[name])
    other = ParameterServer(workers=1, mode="sync", exchange=exchange)
    with pytest.raises(InvalidArgument, match="belongs to another run: its optimizer is"):
        train(net, regression, distribute=other, checkpoint=file, resume=True, **given())


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


def test_who_is_stuck_is_killed_while_others_answer():
    ray = PretendRay((0.0, ()))
    crew = pretend_crew(ray, stuck_after=0.05)
    stuck, other = Lease(0, 0, 0), Lease(1, 1, 0)
    flying = {crew.ask(stuck, None, None): stuck}
    time.sleep(0.1)
    flying[crew.ask(other, None, None)] = other
    assert crew.first(flying) in flying
    assert ray.killed == [False]


def exactly_once(told):
    return sorted(told["booked"]) == list(range(7 * len(told["loss"])))


def test_rounds_with_faults_are_those_of_one_process(net, regression, in_process, served):
    """Both workers killed in the first round, one stuck, one slow, one killed in the last round."""
    rounds = ParameterServer(mode="sync", exchange=TopK(0.2))
    whole, found = train(net, regression, distribute=rounds, **given()), served["rounds"]
    assert found["struck"] == ["hang-0-20", "kill-0-0", "kill-0-1", "kill-0-41", "slow-0-25"]
    assert found["params"] == tree.ravel(whole.params).tolist()
    assert found["loss"] == whole.history["loss"].tolist()
    assert exactly_once(found)


def test_stale_steps_with_a_killed_worker_learn_as_well(net, regression, in_process, served):
    bounded = ParameterServer(mode="bounded", staleness=1, exchange=Int8())
    for name, distribute in (("async", ParameterServer(exchange=Int8())), ("bounded", bounded)):
        found = served[name]
        one = train(net, regression, distribute=distribute, **given(epochs=len(found["loss"])))
        assert len(found["struck"]) == 1
        assert exactly_once(found)
        assert found["loss"][-1] <= 1.05 * one.history["loss"][-1]
        assert 0 < max(found["staleness"]) <= (1 if name == "bounded" else np.inf)


def test_ctrl_c_ends_a_run_on_ray(served):
    assert served["bounded"]["status"] == "INTERRUPTED"
    assert served["interrupted"] < 10


def test_a_gang_on_ray_with_a_killed_worker_is_simulated_workers(net, regression, served):
    whole = train(net, regression, distribute=DataParallel(exchange=Int8()), **given())
    found = served["gang"]
    assert found["struck"] == ["kill-1-9"]
    np.testing.assert_allclose(found["params"], tree.ravel(whole.params), atol=1e-12)
    assert found["bytes_sent"] == whole.history["bytes_sent"].tolist()
    assert len(found["bytes_on_wire"]) == 6


def test_ray_listens_on_the_loopback_only(served):
    assert len(served["heard"]) >= 5
    assert set(served["heard"]) <= LOOPBACK


def test_nobody_learns_the_token(served):
    assert served["token in"] == []  # command lines and variables of all processes, files of Ray's session
    assert served["read"] > 5
    token = (served["folder"] / "token").read_text()
    assert len(token) == 64
    for name in ("out", "err"):
        assert token not in (served["folder"] / name).read_text()


def test_an_error_of_a_worker_is_told_in_a_sentence(served):
    assert served["error"] in (f"worker {k} failed: ValueError: this fault is meant" for k in range(2))


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (
            "127.0.0.1:1",
            "no Ray cluster answers at 127.0.0.1:1: [Errno 111] Connection refused. Start one there by ray start "
            "--head, on a private network and with a token.",
        ),
        ("10.0.0.1", "the address of a Ray cluster is 'host:port', got '10.0.0.1'."),
    ],
)
def test_where_no_cluster_answers(net, regression, tmp_path, monkeypatch, address, text):
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(ray_session.write_token(tmp_path / "token")))
    gang = DataParallel(backend=RayCluster(address, max_restarts=0))
    for distribute in (ParameterServer(address=address), gang):
        begin = time.monotonic()
        with pytest.raises(InvalidArgument) as caught:
            train(net, regression, distribute=distribute, **given())
        assert str(caught.value) == text
        assert time.monotonic() - begin < 10


def test_without_ray(net, regression, monkeypatch):
    monkeypatch.setattr(server, "cores", lambda: 2)
    monkeypatch.setitem(sys.modules, "ray", None)
    before = dict(os.environ)
    with pytest.raises(MissingDependency, match=r'pip install "neuralopt\[cluster\]"'):
        train(net, regression, distribute=ParameterServer(), **given())
    assert dict(os.environ) == before


def test_nobody_is_left_behind(served):
    limit = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in served["family"]) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not [pid for pid in served["family"] if Path(f"/proc/{pid}").exists()]
