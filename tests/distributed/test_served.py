"""Runs at a parameter server: in one process, then on Ray while faults strike; who listens, who knows the token."""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from tests.distributed.sockets import LOOPBACK

from neuralopt import optimizers, train
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, MissingDependency
from neuralopt.distributed import (
    DataParallel,
    Int8,
    ParameterServer,
    RayCluster,
    TopK,
    ray_session,
    server,
    server_runner,
)
from neuralopt.distributed.ray_worker import GradientWorker
from neuralopt.storage import read_container

ROOT = Path(__file__).parents[2]


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


def test_a_resumed_run_is_the_uninterrupted_one(net, regression, in_process, tmp_path):
    rounds, file = ParameterServer(mode="sync", exchange=Int8()), tmp_path / "run.ckpt"
    whole = train(net, regression, distribute=rounds, **given())
    train(net, regression, distribute=rounds, checkpoint=file, **given(epochs=2))
    held = read_container(file, kind="checkpoint", version=1).arrays.values()
    # both residuals are there, and are not zero
    assert [np.all(np.any(a != 0, axis=1)) for a in held if a.shape == (2, 38)] == [True]
    again = train(net, regression, distribute=rounds, checkpoint=file, resume=True, **given())
    for a, b in zip(jax.tree.leaves(whole.params), jax.tree.leaves(again.params), strict=True):
        assert a.tobytes() == b.tobytes()
    for name in set(whole.history) - {"seconds"}:
        assert np.array_equal(whole.history[name], again.history[name])
    other = ParameterServer(workers=1, mode="sync", exchange=Int8())
    with pytest.raises(InvalidArgument, match="belongs to another run: its optimizer is"):
        train(net, regression, distribute=other, checkpoint=file, resume=True, **given())


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


def test_where_no_cluster_answers(net, regression, tmp_path, monkeypatch):
    address = "127.0.0.1:1"
    text = (
        f"no Ray cluster answers at '{address}': [Errno 111] Connection refused. Start one there by ray start "
        "--head, on a private network and with a token."
    )
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
