"""Workers that die: their trials are evaluated again and count once; what cannot work ends."""

import collections
import dataclasses
import time
import warnings

import numpy as np
import pytest
from tests.tuning.objectives import SPACE, Unloadable, dies, mortal, quadratic, undying

import neuralopt
from neuralopt.core.errors import InvalidArgument, WorkerError
from neuralopt.distributed import Processes
from neuralopt.tuning import ASHA, BayesianSampler, Space, TrialState, replay, tuner
from neuralopt.tuning.evaluation import Assignment, Channel, FunctionObjective
from neuralopt.tuning.executors import SerialExecutor
from neuralopt.tuning.network_group import kept_groups
from neuralopt.tuning.study import Study
from neuralopt.tuning.trials import Outcome, without_times
from neuralopt.tuning.worker_executor import Worker, WorkerExecutor, WorkerGone

PLAIN = {"method": "sobol", "early_stopping_patience": None}


def told(result):
    """Return what a study knows of its trials, without times."""
    return [(t.number, t.params, t.state, t.values, t.reports, t.notes) for t in result.trials]


def reported(result):
    """Return how often each step of each trial stands in the journal."""
    found = collections.Counter()
    for event in result.study.events:
        if event["event"] == "report":
            for number, steps in zip(event["trials"], event["steps"], strict=True):
                found.update((number, step) for step in steps)
    return found


class Killed(BaseException):
    """What kills a worker that is none."""


class Frail(SerialExecutor):
    """Evaluates in this process, as a worker that dies before it says something, or hears the answer."""

    def __init__(self, objective, dies_of):
        super().__init__(objective)
        self.dies_of, self.jobs = dies_of, []

    def submit(self, job):
        super().submit(job)
        self.jobs.append(([given.number for given in job], job[0].alone))

    def poll(self, channel):
        job = self._jobs[0]
        left = {given.number for given in job}
        executor = self

        class Mortal(Channel):
            def report(self, reports):
                if executor.dies_of("report", reports):
                    raise Killed
                ends = channel.report(reports)
                if executor.dies_of("answer", reports):
                    raise Killed
                return ends

            def finish(self, number, outcome):
                if executor.dies_of("finish", number):
                    raise Killed
                left.discard(number)
                channel.finish(number, outcome)

        try:
            super().poll(Mortal())
        except Killed:
            channel.lost(sorted(left), "its worker died.", begun=True)


@pytest.fixture
def frail(monkeypatch):
    """Let studies run with a worker that dies when a function says so; return the executors."""
    made = []

    def put(dies_of):
        def make(objective, workers, backend):
            made.append(Frail(objective, dies_of))
            return made[-1]

        monkeypatch.setattr(tuner, "make_executor", make)
        return made

    return put


@pytest.mark.parametrize("seed", range(4))
def test_whenever_a_worker_dies_the_study_is_the_same(frail, seed):
    """Bayesian proposals and ASHA's decisions are those of the undisturbed study."""
    given = {"pruner": ASHA(), "seed": seed, "max_trials": 12, "early_stopping_patience": None}
    whole = neuralopt.tune(quadratic, SPACE, **given)
    random, deaths = np.random.default_rng(seed), []

    def dies_of(kind, what):
        dead = bool(random.random() < 0.12)
        deaths.extend([kind] * dead)
        return dead

    frail(dies_of)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = neuralopt.tune(quadratic, SPACE, max_retries=99, **given)
    assert {"report", "answer"} <= set(deaths)
    assert without_times(found.study.events) == without_times(whole.study.events)


def test_a_batch_with_one_that_kills(frail):
    """Twice together, then each by itself: only the one is failed."""
    made = frail(lambda kind, what: kind == "finish" and what == 2)
    with pytest.warns(RuntimeWarning) as caught:
        result = neuralopt.tune(lambda t: t["x"], SPACE, batch=4, max_trials=4, **PLAIN)
    assert made[0].jobs == [([0, 1, 2, 3], False), ([2, 3], False), ([2], True), ([3], True)]
    assert [t.state for t in result.trials] == [
        TrialState.COMPLETE,
        TrialState.COMPLETE,
        TrialState.FAILED,
        TrialState.COMPLETE,
    ]
    assert result.trials[2].error == "its worker died. It was begun 3 times."
    assert [str(w.message) for w in caught] == ["evaluated again: trial 2, 3, because its worker died."] * 2


def test_no_retries(frail):
    frail(lambda kind, what: kind == "finish" and what == 1)
    result = neuralopt.tune(lambda t: t["x"], SPACE, max_trials=3, max_retries=0, **PLAIN)
    assert [t.error for t in result.trials] == [None, "its worker died.", None]
    with pytest.raises(InvalidArgument, match="max_retries must be a whole number >= 0, got -1"):
        neuralopt.tune(quadratic, SPACE, max_retries=-1)


@pytest.mark.parametrize("deaths", [1, 2])
def test_networks_go_on_from_their_checkpoint_and_then_alone(frail, tmp_path, deaths):
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 3))
    given = {"epochs": 16, "batch": 3, "max_trials": 3, "checkpoint_every": 0.0, **PLAIN}
    args = neuralopt.MLP((3, 4, 1)), {"learning_rate": ("log_uniform", 1e-3, 1e-1)}, (X, X[:, :1])
    whole = neuralopt.tune(*args, **given)
    left = iter(range(deaths))
    shared = tmp_path / "study" / "checkpoints" / "group-0.safetensors"
    together = {}

    def dies_of(kind, what):
        if made[0].jobs[-1][1]:  # what they shared is left to those who share it
            assert shared.read_bytes() == together["bytes"]
            given = Assignment(0, {}, 0, {}, False, shared.parent / "trial-0")
            assert len(kept_groups([given])) == 1
            assert not kept_groups([dataclasses.replace(given, alone=True)])
        elif shared.exists():
            together["bytes"] = shared.read_bytes()
        return kind == "report" and what[0][1][-1] > 7 and next(left, None) is not None

    made = frail(dies_of)
    with pytest.warns(RuntimeWarning, match="evaluated again: trial 0, 1, 2"):
        found = neuralopt.tune(*args, output=tmp_path / "study", **given)
    alone = [([0], True), ([1], True), ([2], True)]
    assert made[0].jobs[1:] == [([0, 1, 2], False)] if deaths == 1 else made[0].jobs[2:] == alone
    assert max(reported(found).values()) == 1
    for a, b in zip(whole.trials, found.trials, strict=True):
        assert b.state is TrialState.COMPLETE
        np.testing.assert_allclose(b.values, a.values, rtol=1e-5)
        np.testing.assert_allclose(list(b.reports.values()), list(a.reports.values()), rtol=1e-5)


def test_three_of_32_trials_killed(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURALOPT_TEST_MARKS", str(tmp_path))
    with pytest.warns(RuntimeWarning, match="ended with exit code -9") as caught:
        found = neuralopt.tune(mortal, SPACE, workers=2, max_trials=32, **PLAIN)
    assert len(caught) == 3
    assert told(found) == told(neuralopt.tune(undying, SPACE, max_trials=32, **PLAIN))
    assert {t.state for t in found.trials} == {TrialState.COMPLETE}
    assert reported(found) == {(n, step): 1 for n in range(32) for step in range(1, 10)}
    begun = {int(path.name): len(path.read_text()) for path in tmp_path.iterdir()}
    assert begun == {n: 2 if n in (3, 11, 30) else 1 for n in range(32)}


def test_one_that_always_kills_its_worker_is_a_failed_trial():
    with pytest.warns(RuntimeWarning, match="evaluated again: trial 2, because its worker process") as caught:
        result = neuralopt.tune(dies, SPACE, workers=2, max_trials=5, max_retries=1, **PLAIN)
    assert len(caught) == 1
    states = [t.state for t in result.trials]
    assert states.count(TrialState.FAILED) == 1
    assert states.count(TrialState.COMPLETE) == 4
    assert result.trials[2].error == (
        "its worker process ended with exit code -9. Likely cause: out of memory, or a kill. It was begun 2 times."
    )


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (
            "raises",
            "no worker can be started: its worker process ended with exit code 1 (its own error stands above). "
            'Likely cause: a script without the line  if __name__ == "__main__":  before its calls',
        ),
        (
            "killed",
            "no worker can be started: its worker process ended with exit code -9. Likely cause: out of",
        ),
    ],
)
def test_workers_that_cannot_start(how, text, capfd, tmp_path):
    with pytest.raises(WorkerError) as caught:
        neuralopt.tune(Unloadable(how), SPACE, workers=2, output=tmp_path / "study", **PLAIN)
    assert str(caught.value).startswith(text)
    assert ("it is not here" in capfd.readouterr().err) == (how == "raises")


def test_workers_that_do_not_start_in_time():
    begin = time.monotonic()
    with pytest.raises(
        WorkerError,
        match=r"its worker was not ready after 0\.01 seconds\. Likely cause: too few free cores for workers=2, or for start_timeout=0\.01\.",
    ):
        neuralopt.tune(quadratic, SPACE, workers=2, backend=Processes(start_timeout=0.01), **PLAIN)
    assert time.monotonic() - begin < 20


def test_a_worker_finds_its_checkpoint_wherever_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = []
    neuralopt.tune(lambda t: places.append(t.checkpoint) or 1.0, SPACE, max_trials=1, output="study", **PLAIN)
    assert places == [tmp_path / "study" / "checkpoints" / "trial-0"]


class Acted(Worker):
    """A worker that acts as its part says: it starts, or it dies at the start."""

    for_good = False

    def __init__(self, sound):
        super().__init__()
        self.sound, self.said = sound, [("ready", None)] if sound else []

    def tell(self, what, content):
        for given in content:
            outcome = Outcome(TrialState.COMPLETE, (float(given.number),))
            self.said.append(("finish", (given.number, outcome)))

    def hear(self):
        if not self.sound:
            raise WorkerGone("its worker is not what it was", for_good=self.for_good)
        return self.said.pop(0)

    def end(self):
        self.sound = False


class Actors(WorkerExecutor):
    """A crew by a list of parts."""

    def __init__(self, workers, parts):
        super().__init__(workers, 60.0)
        self.parts, self.begun = list(parts), 0

    def _begin(self):
        self.begun += 1
        return Acted(self.parts.pop(0))

    def _speaking(self, seconds):
        heard = [w for w in self._workers if w.said or not w.sound]
        others = [w for w in heard if w.sound != "late"]
        return heard if not self.parts and not others else others


def test_a_place_where_no_worker_starts_is_given_up(monkeypatch):
    """The trial that waited there counts as not begun, and is evaluated elsewhere."""
    crew = Actors(2, [True, False, False])
    monkeypatch.setattr(tuner, "make_executor", lambda *given: crew)
    with pytest.warns(RuntimeWarning) as caught:
        result = neuralopt.tune(quadratic, SPACE, max_trials=6, max_retries=0, **PLAIN)
    assert [str(w.message) for w in caught] == [
        "a worker cannot be started, the study goes on with 1: its worker is not what it was. Likely cause: "
        "out of memory, or a kill."
    ]
    assert [t.value for t in result.trials] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert crew.begun == 3


def test_who_still_starts_may_go_on_alone(monkeypatch):
    """The other's place is given up before; that is told once somebody works."""
    crew = Actors(2, ["late", False, False])
    monkeypatch.setattr(tuner, "make_executor", lambda *given: crew)
    with pytest.warns(RuntimeWarning, match="the study goes on with 1: its worker is not what it was"):
        result = neuralopt.tune(quadratic, SPACE, max_trials=3, max_retries=0, **PLAIN)
    assert [t.value for t in result.trials] == [0.0, 1.0, 2.0]


def test_what_is_in_vain_is_not_tried_again(monkeypatch):
    monkeypatch.setattr(Acted, "for_good", True)
    crew = Actors(1, [False, True])
    monkeypatch.setattr(tuner, "make_executor", lambda *given: crew)
    with pytest.raises(WorkerError, match="no worker can be started: its worker is not what it was"):
        neuralopt.tune(quadratic, SPACE, **PLAIN)
    assert crew.begun == 1


def test_one_failed_start_is_no_failure(monkeypatch):
    crew = Actors(1, [False, True])
    monkeypatch.setattr(tuner, "make_executor", lambda *given: crew)
    assert len(neuralopt.tune(quadratic, SPACE, max_trials=2, max_retries=0, **PLAIN).trials) == 2


def test_a_study_with_deaths_is_made_again(frail):
    died = iter([False, True, False, False, True])
    frail(lambda kind, what: next(died, False))
    with pytest.warns(RuntimeWarning):
        found = neuralopt.tune(quadratic, SPACE, pruner=ASHA(), max_trials=6, early_stopping_patience=None)
    study = Study(Space(SPACE), BayesianSampler(), pruner=ASHA(), facts=found.study.events[0]["facts"])
    again = replay(found.study.events, FunctionObjective(quadratic, ("minimize",)), study)
    assert without_times(again.events) == without_times(found.study.events)
