"""Studies of functions: journal, resume after every kind of end, failures, replay."""

import itertools
import math

import pytest
from tests.tuning.objectives import SPACE, quadratic

import neuralopt
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.core.results import TrainingFailed
from neuralopt.storage import FileLock, Journal
from neuralopt.tuning import ASHA, BayesianSampler, Pruned, Space, Study, TrialsFailed, TrialState, replay
from neuralopt.tuning.evaluation import FunctionObjective
from neuralopt.tuning.journals import load_study_events
from neuralopt.tuning.trials import without_times

SHORT = {"max_trials": 12, "early_stopping_patience": None}


def events(result):
    return without_times(result.study.events)


def test_the_result_of_a_function():
    result = neuralopt.tune(quadratic, SPACE, max_trials=30, early_stopping_patience=None, seed=1)
    assert result.best_params["y"] == "b"
    assert abs(result.best_params["x"] - 1) < 0.3
    assert result.best_value == (result.best_params["x"] - 1) ** 2
    frame = result.frame()
    assert list(frame.columns) == ["trial", "state", "value", "seconds", "steps", "x", "y", "error"]
    assert frame["value"].min() == result.best_value
    assert len(result.curves()) == 9 * 30
    assert sum(result.importance().values()) == pytest.approx(1)
    assert next(iter(result.importance())) == "x"
    assert "30 trials: 30 complete." in result.summary()
    with pytest.raises(InvalidArgument, match="the objective was a function"):
        result.best_model()


def test_maximising_is_minimising_the_negative():
    down = neuralopt.tune(lambda t: (t["x"] - 1) ** 2, SPACE, seed=2, **SHORT)
    up = neuralopt.tune(lambda t: -((t["x"] - 1) ** 2), SPACE, directions="maximize", seed=2, **SHORT)
    assert up.best_params == down.best_params
    assert up.best_value == -down.best_value


def test_the_study_stops_when_nothing_improves():
    result = neuralopt.tune(lambda t: 1.0, SPACE, max_trials=50, early_stopping_patience=7)
    assert len(result.trials) == 8


def test_a_finite_space_that_is_used_up_ends_the_study():
    space = {"x": ("int", 0, 3), "y": ["a", "b"]}
    result = neuralopt.tune(
        lambda t: t["x"] + (t["y"] == "a"), space, max_trials=50, early_stopping_patience=None
    )
    assert len({Space(space).key(t.params) for t in result.trials}) == 8
    assert len(result.trials) <= 13
    assert result.best_params == {"x": 0, "y": "b"}


def test_a_front_that_grows_is_an_improvement():
    values = [(3, 3), (4, 2), (4, 4), (2, 4), (3, 3), (5, 5), (6, 6)]
    options = {"directions": ("minimize", "minimize"), "max_trials": 7, "early_stopping_patience": 3}
    result = neuralopt.tune(lambda t: values[t.number], {"x": ("uniform", 0, 1)}, **options)
    assert len(result.trials) == 7
    values[3] = (4, 4)
    assert len(neuralopt.tune(lambda t: values[t.number], {"x": ("uniform", 0, 1)}, **options).trials) == 5


@pytest.mark.parametrize("pruner", ["asha", "median", "hyperband"])
def test_pruned_trials_are_kept_with_what_they_reported(pruner):
    result = neuralopt.tune(
        quadratic, SPACE, pruner=pruner, seed=3, max_trials=25, early_stopping_patience=None
    )
    pruned = [t for t in result.trials if t.state is TrialState.PRUNED]
    assert pruned
    for trial in pruned:
        assert trial.values == trial.reports[max(trial.reports)]
        assert max(trial.reports) < 9
    assert result.best_trial.state is TrialState.COMPLETE


@pytest.mark.parametrize("stop", [1, 2, 7, 20, 33])
def test_a_killed_study_goes_on_to_the_same_end(tmp_path, stop):
    """Whatever line the kill came after; the last one torn."""
    options = {"pruner": "asha", "seed": 4, **SHORT}
    whole = neuralopt.tune(quadratic, SPACE, output=tmp_path / "whole", **options)
    lines = (tmp_path / "whole" / "study.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "study.jsonl").write_bytes(b"".join(lines[:stop]) + lines[stop][:9])
    again = neuralopt.tune(quadratic, SPACE, output=tmp_path / "cut", resume=True, **options)
    assert events(again) == events(whole)


def test_resuming_adds_trials_up_to_the_new_number(tmp_path):
    neuralopt.tune(quadratic, SPACE, output=tmp_path, max_trials=5)
    more = neuralopt.tune(quadratic, SPACE, output=tmp_path, max_trials=8, resume=True)
    assert events(more) == events(neuralopt.tune(quadratic, SPACE, max_trials=8))


def test_interrupting_keeps_all(tmp_path):
    def interrupted(trial):
        if trial.number == 3:
            raise KeyboardInterrupt
        return quadratic(trial)

    first = neuralopt.tune(interrupted, SPACE, output=tmp_path, **SHORT)
    assert first.interrupted
    assert [t.state for t in first.trials] == [TrialState.COMPLETE] * 3 + [TrialState.RUNNING]
    interrupted.__qualname__ = quadratic.__qualname__
    with pytest.raises(InvalidArgument, match="holds another study: objective was"):
        neuralopt.tune(quadratic, SPACE, output=tmp_path, resume=True, **SHORT)


def test_a_failing_trial_is_kept_with_its_text():
    def sometimes(trial):
        if trial.number == 2:
            raise RuntimeError("out of luck")
        if trial.number == 4:
            return "good"
        if trial.number == 5:
            return math.nan
        if trial.number == 6:
            return None
        return trial["x"]

    result = neuralopt.tune(sometimes, SPACE, **SHORT)
    failed = {t.number: t.error for t in result.trials if t.state is TrialState.FAILED}
    assert list(failed) == [2, 4, 5, 6]
    assert failed[2].startswith("RuntimeError: out of luck")
    assert 'raise RuntimeError("out of luck")' in failed[2]
    assert failed[4] == "the objective must return a number, got 'good' of type str."
    assert "returned NaN. Likely cause: a training that diverged" in failed[5]
    assert failed[6].endswith("Likely cause: a missing return.")
    assert len(result.trials) == 12


def test_a_study_of_nothing_but_failures_ends_with_the_cause(tmp_path):
    def broken(trial):
        return trial["z"]

    with pytest.raises(
        TrialsFailed, match=r"the first 5 trials all failed.*All failed in the same way.*KeyError: 'z'"
    ):
        neuralopt.tune(broken, SPACE, output=tmp_path)
    assert [e["event"] for e in load_study_events(tmp_path)].count("tell") == 5


def test_all_pruned_is_said():
    def pruned(trial):
        raise Pruned

    result = neuralopt.tune(pruned, SPACE, max_trials=3)
    with pytest.raises(TrainingFailed, match="all 3 trials were pruned"):
        _ = result.best_params
    with pytest.raises(TrainingFailed, match="no trial gave a finite value: all diverged"):
        _ = neuralopt.tune(lambda t: math.inf, SPACE, max_trials=3).best_value


def test_several_objectives():
    result = neuralopt.tune(
        lambda t: (t["x"] ** 2, (t["x"] - 1) ** 2),
        {"x": ("uniform", -2, 2)},
        directions=("minimize", "minimize"),
        max_trials=25,
        early_stopping_patience=None,
    )
    front = [t.values for t in result.pareto_front()]
    assert front == sorted(front)
    assert all(a[1] > b[1] for a, b in itertools.pairwise(front))
    assert result.hypervolume((4, 4)) > 14.5  # of all x: 15.17
    assert list(result.frame().columns)[2:4] == ["value_0", "value_1"]


def test_two_processes_on_one_journal_are_refused(tmp_path):
    with (
        FileLock(tmp_path / "study.lock", "it"),
        pytest.raises(
            StorageError,
            match=r"the study in '.*' is being written by another process \(process \d+\)\. Wait until",
        ),
    ):
        neuralopt.tune(quadratic, SPACE, output=tmp_path, max_trials=2)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"seed": 1}, "holds another study: seed was 0, is 1"),
        ({"pruner": "asha"}, "holds another study: pruner was"),
        ({"method": "random"}, "method was 'bayesian', is 'random'"),
        ({"space": {"x": ("uniform", 0, 1)}}, "holds another study: space was"),
        ({"resume": False}, "holds a study already. Go on with it by resume=True"),
    ],
)
def test_another_study_is_not_gone_on_with(tmp_path, options, text):
    neuralopt.tune(quadratic, SPACE, output=tmp_path, max_trials=2)
    given = {"space": SPACE, "resume": True, **options}
    with pytest.raises(InvalidArgument, match=text):
        neuralopt.tune(quadratic, output=tmp_path, max_trials=3, **given)


def test_a_damaged_journal_is_refused(tmp_path):
    neuralopt.tune(quadratic, SPACE, output=tmp_path, max_trials=2)
    file = tmp_path / "study.jsonl"
    file.write_bytes(file.read_bytes().replace(b'{"event":"ask"', b'{"event:"ask"', 1))
    with pytest.raises(StorageError, match=r"Line 2 of .* is damaged"):
        neuralopt.tune(quadratic, SPACE, output=tmp_path, max_trials=3, resume=True)
    file.write_text('{"loss": 1}\n')
    with pytest.raises(StorageError, match="is a journal, but not of a study"):
        neuralopt.tune(quadratic, SPACE, output=tmp_path, max_trials=3, resume=True)


def test_a_replay_is_the_same_bit_for_bit_and_sees_a_difference():
    options = {"pruner": ASHA(), "seed": 5}
    result = neuralopt.tune(quadratic, SPACE, **options, **SHORT)

    def fresh():
        facts = result.study.events[0]["facts"]
        return Study(Space(SPACE), BayesianSampler(), facts=facts, **options)

    again = replay(result.study.events, FunctionObjective(quadratic, ("minimize",)), fresh())
    assert without_times(again.events) == events(result)

    def other(trial):
        return quadratic(trial) + 1e-15

    with pytest.raises(neuralopt.tuning.ReplayDiffers, match="came out otherwise"):
        replay(result.study.events, FunctionObjective(other, ("minimize",)), fresh())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"objective": 3}, "objective must be a function of a trial"),
        ({"method": "bayes"}, "method must be one of .* Did you mean 'bayesian'"),
        ({"max_trials": 0}, "max_trials must be a whole number >= 1"),
        ({"directions": "down"}, "directions are 'minimize' or 'maximize'"),
        ({"resume": True}, "resume=True needs the folder"),
        ({"space": {"x": ("log_uniform", 0, 1)}}, "0 < low < high"),
    ],
)
def test_what_is_refused_before_any_trial(options, text):
    given = {"objective": quadratic, "space": SPACE, **options}
    with pytest.raises(InvalidArgument, match=text):
        neuralopt.tune(given.pop("objective"), given.pop("space"), **given)


def test_reports_that_cannot_be_used_fail_the_trial():
    def wrong(trial):
        trial.report(1, "x" if trial.number else 1.0)
        trial.report(1, 2.0)

    result = neuralopt.tune(wrong, SPACE, max_trials=2, max_failures=9)
    assert "steps must rise, got 1 after 1" in result.trials[0].error
    assert "got 'x' of type str" in result.trials[1].error


def test_a_thousand_trials_are_read_in_a_second(tmp_path):
    import time

    neuralopt.tune(
        lambda t: t["x"],
        SPACE,
        method="random",
        max_trials=1000,
        early_stopping_patience=None,
        output=tmp_path,
    )
    begin = time.perf_counter()
    assert len(Journal(tmp_path / "study.jsonl").read()) == 2001
    assert time.perf_counter() - begin < 0.5
