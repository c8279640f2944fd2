"""Studies on Ray: those of local workers, whoever is killed; loopback only; nobody is left behind."""

import contextlib
import dataclasses
import importlib.abc
import json
import os
import pickle
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.distributed.sockets import LOOPBACK
from tests.tuning.objectives import SPACE, Unloadable, lingering, quadratic, undying

import neuralopt
from neuralopt.core.errors import InvalidArgument, MissingDependency, WorkerError
from neuralopt.core.versions import versions
from neuralopt.distributed import RayCluster
from neuralopt.distributed.ray_session import write_token
from neuralopt.tuning import ASHA, Space, Study, TrialState, replay
from neuralopt.tuning.evaluation import Assignment, FunctionObjective
from neuralopt.tuning.ray_actor import TrialActor, _local
from neuralopt.tuning.ray_executor import RayWorker
from neuralopt.tuning.samplers import SobolSampler
from neuralopt.tuning.trials import Trials, without_times
from neuralopt.tuning.worker_executor import WorkerGone

ROOT = Path(__file__).parents[2]
PLAIN = {"method": "sobol", "early_stopping_patience": None}
KILLED = (3, 11, 30)


def wait_for(condition, seconds=60):
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds
        time.sleep(0.05)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the studies on Ray leave files."""
    return tmp_path_factory.mktemp("on_ray")


@pytest.fixture(scope="module")
def on_ray(folder):
    """What studies on Ray told, in a process of their own that is killed in the middle of the last one."""
    pytest.importorskip("ray")
    if sys.platform != "linux":
        pytest.skip("processes are read from /proc")
    marks, pid = folder / "marks", folder / "pid"
    marks.mkdir()
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    names = {"NEURALOPT_TEST_MARKS": str(marks), "NEURALOPT_TEST_PID": str(pid)}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.tuning.on_ray", str(folder)],
        env={**os.environ, "PYTHONPATH": path, **names},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # it sends Ctrl-C to its whole group
    ) as script:
        try:
            # Ray says something about workers that died, too
            line = next((line for line in script.stdout if line.startswith("{")), None)
            assert line is not None, script.stderr.read()
            wait_for(lambda: pid.exists() and pid.read_text(encoding="ascii"))
        finally:
            script.kill()
    found = json.loads(line)
    found["family"].append(int(pid.read_text(encoding="ascii")))
    return found


def trials(events):
    """Return what a study knows of its trials, without times."""
    found = Trials((1,))
    for event in events:
        found.apply(event)
    return [(t.number, t.params, t.state, t.values, t.reports) for t in found.all]


def test_one_worker_on_ray_is_this_process(on_ray):
    """Proposals of a Gaussian process, reports, decisions to prune: event by event."""
    given = {"pruner": ASHA(), "max_trials": 10, "early_stopping_patience": None}
    here = neuralopt.tune(quadratic, SPACE, **given)
    assert without_times(on_ray["one worker"]) == without_times(here.study.events)
    assert any(event["prune"] == [True] for event in on_ray["one worker"] if event["event"] == "report")


def test_three_of_32_trials_killed(on_ray, folder):
    events = on_ray["killed"]
    here = neuralopt.tune(undying, SPACE, max_trials=32, **PLAIN)
    assert trials(events) == trials(here.study.events)
    assert [t[2] for t in trials(events)] == [TrialState.COMPLETE] * 32
    assert sum(len(event["steps"][0]) for event in events if event["event"] == "report") == 32 * 9
    begun = {int(path.name): len(path.read_text()) for path in (folder / "marks").iterdir()}
    assert begun == {n: 2 if n in KILLED else 1 for n in range(32)}
    said = on_ray["said"]["killed"]
    assert len(said) == 3
    for number, text in zip(KILLED, said, strict=True):
        assert text.startswith(f"evaluated again: trial {number}, because its worker on Ray died (")
        assert text.endswith("). Likely cause: out of memory, or a kill.")


def test_two_workers_are_one_replaying_their_order(on_ray):
    events = on_ray["killed"]
    order = [event["trial"] for event in events if event["event"] == "tell"]
    assert order != sorted(order)
    study = Study(Space(SPACE), SobolSampler(), facts=events[0]["facts"])
    again = replay(events, FunctionObjective(undying, ("minimize",)), study)
    assert without_times(again.events[1:]) == without_times(events[1:])


def test_one_that_always_kills_its_worker_is_a_failed_trial(on_ray):
    """Its function stands in the script itself."""
    told = [event for event in on_ray["poison"] if event["event"] == "tell"]
    assert [event["state"] for event in told] == ["COMPLETE", "FAILED", "COMPLETE"]
    assert told[1]["error"].endswith("It was begun 2 times.")
    assert len(on_ray["said"]["poison"]) == 1


def test_after_ctrl_c_a_study_goes_on_anywhere(on_ray, folder):
    assert on_ray["interrupted"] == [True, 2]
    assert on_ray["actors"] == [2, 0]
    found = neuralopt.tune(lingering, SPACE, max_trials=12, output=folder / "study", resume=True, **PLAIN)
    whole = neuralopt.tune(undying, SPACE, max_trials=12, **PLAIN)
    assert trials(found.study.events) == trials(whole.study.events)
    assert [event["trial"] for event in found.study.events if event["event"] == "ask"] == list(range(12))


def test_ray_listens_on_the_loopback_only(on_ray):
    assert len(on_ray["heard"]) >= 5
    assert set(on_ray["heard"]) <= LOOPBACK


def test_nobody_outlives_a_study_that_is_killed(on_ray):
    assert len(on_ray["family"]) >= 6  # this process, two of Ray, two workers, and the last study's worker
    wait_for(lambda: not any(running(pid) for pid in on_ray["family"]), seconds=30)


def running(pid):
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_what_is_refused_leaves_no_folder(on_ray, folder):
    unsent, too_many = on_ray["refused"]
    assert unsent.startswith(
        "InvalidArgument: workers=2 needs an objective that can be sent to another process: "
    )
    assert too_many == (
        "InvalidArgument: every worker needs a CPU of its own, the Ray cluster has 2, got workers=3. Take fewer "
        "workers, or join more machines by ray start --address."
    )
    assert not (folder / "none").exists()


def test_without_ray(monkeypatch, tmp_path):
    class Without(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name == "ray":
                raise ImportError("there is no ray")

    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Without(), *sys.meta_path])
    with pytest.raises(MissingDependency) as caught:
        neuralopt.tune(quadratic, SPACE, backend=RayCluster(), output=tmp_path / "none", **PLAIN)
    assert str(caught.value) == (
        "A worker on Ray needs the package ray, which is not installed. "
        'Install it with: pip install "neuralopt[cluster]"'
    )
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        ("ray", "backend must be 'processes', Processes(...) or RayCluster(...), got 'ray'."),
        ("simulated", "backend must be 'processes', Processes(...) or RayCluster(...), got 'simulated'."),
        (RayCluster("127.0.0.1:99999"), "no Ray cluster answers at '127.0.0.1:99999': "),
        (None, "no Ray cluster answers at '127.0.0.1:"),
    ],
)
def test_where_there_are_no_workers(backend, text, monkeypatch, tmp_path):
    """An address where nobody listens is refused at once: Ray itself tries for minutes."""
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(write_token(tmp_path / "token")))
    with contextlib.ExitStack() as held:
        if backend is None:
            taken = held.enter_context(socket.socket())
            taken.bind(("127.0.0.1", 0))  # taken, and nobody listens there
            backend = RayCluster(f"127.0.0.1:{taken.getsockname()[1]}")
        begin = time.monotonic()
        with pytest.raises(InvalidArgument) as caught:
            neuralopt.tune(quadratic, SPACE, workers=2, backend=backend, output=tmp_path / "none", **PLAIN)
    assert str(caught.value).startswith(text)
    assert time.monotonic() - begin < 10
    assert not (tmp_path / "none").exists()


class Instant:
    """What `RayWorker` needs of Ray, in this process: a call is made when its answer is read."""

    class exceptions:
        RayError = ZeroDivisionError

    def get(self, place):
        return place()

    def actor(self, actor):
        class Handle:
            def __getattr__(self, name):
                class Method:
                    remote = staticmethod(lambda *given: lambda: getattr(actor, name)(*given))

                return Method

        return Handle()


def worker_of(objective):
    ray = Instant()
    return RayWorker(ray, ray.actor(TrialActor(pickle.dumps(objective))))


def test_an_objective_that_is_not_on_the_other_machine():
    worker = worker_of(Unloadable("raises"))
    with pytest.raises(WorkerGone) as caught:
        worker.hear()
    assert caught.value.for_good
    assert str(caught.value) == (
        "its worker on Ray failed (ImportError: it is not here). Likely cause: a module that is not on all "
        "machines of the cluster, in the same version."
    )


def test_a_machine_with_other_versions(monkeypatch):
    worker = worker_of(FunctionObjective(quadratic, ("minimize",)))
    theirs = {**versions(), "jax": "0.0.1"}
    monkeypatch.setattr("neuralopt.tuning.ray_actor.versions", lambda: theirs)
    with pytest.raises(
        WorkerError, match=r"all workers need the same versions, .* has jax 0\.0\.1 in place of"
    ):
        worker.hear()


class Leaves(FunctionObjective):
    """Ends as a process does that calls for its own end."""

    def run(self, job, channel):
        assert [given.checkpoint for given in job] == [None]  # the folder is on another machine
        raise SystemExit("it has had enough")


def test_an_evaluation_that_ends_its_process():
    worker = worker_of(Leaves(quadratic, ("minimize",)))
    assert worker.hear()[0] == "ready"
    worker.ready = True
    given = Assignment(0, {}, 0, {}, False, Path("/not/here/checkpoints/trial-0"))
    worker.tell("job", [given])
    with pytest.raises(
        WorkerGone, match=r"its worker on Ray failed \(SystemExit: it has had enough"
    ) as caught:
        worker.hear()
    assert not caught.value.for_good


def test_checkpoints_are_kept_where_the_folder_is(tmp_path):
    given = Assignment(0, {}, 0, {}, False, tmp_path / "trial-0")
    assert _local(given) == given
    away = dataclasses.replace(given, checkpoint=tmp_path / "none" / "trial-0")
    assert _local(away) == dataclasses.replace(given, checkpoint=None)
