"""Optuna by ask and tell, where it is installed; a clear sentence where it is not."""

import sys

import pytest
from tests.tuning.objectives import quadratic

import neuralopt
from neuralopt.core.errors import InvalidArgument, MissingDependency
from neuralopt.tuning import Observation, Space, TrialState, uniform
from neuralopt.tuning.methods import make_sampler

SPACE = Space(
    {
        "x": ("uniform", -3, 3),
        "y": ["a", "b"],
        "n": ("int", 1, 9, {"log": True}),
        "k": ("int", 0, 10, 5),
        "shape": [(8, 8), (16,)],
        "rate": ("log_uniform", 1e-4, 1.0),
        "m": uniform(0, 1, when={"y": "b"}),
    }
)


@pytest.mark.parametrize("method", ["tpe", "gp"])
def test_proposals_are_functions_of_what_is_known(method):
    pytest.importorskip("optuna")
    if method == "gp":
        pytest.importorskip("torch")
    sampler, known = make_sampler(method), []
    for number in range(13):
        params = sampler.propose(SPACE, 1, number, known, [])
        assert SPACE.check(params) == params
        known.append(Observation(number, params, (params["x"] ** 2,)))
    again = make_sampler(method).propose(SPACE, 1, 12, known[:12], [])
    assert again == known[12].params
    assert make_sampler(method).propose(SPACE, 2, 12, known[:12], [known[3].params]) != again


def test_a_study_by_tpe():
    pytest.importorskip("optuna")
    space = {"x": ("uniform", -3, 3), "y": ["a", "b"]}
    result = neuralopt.tune(
        quadratic, space, method="tpe", max_trials=25, early_stopping_patience=None, pruner="asha"
    )
    assert abs(result.best_params["x"] - 1) < 1


def test_the_dashboard_gets_all_trials(tmp_path):
    optuna = pytest.importorskip("optuna")

    def objective(trial):
        if trial.number == 3:
            raise ValueError("no")
        return quadratic(trial)

    result = neuralopt.tune(objective, SPACE, pruner="asha", max_trials=14, early_stopping_patience=None)
    place = result.to_optuna(tmp_path / "study.log")
    backend = optuna.storages.journal.JournalFileBackend(place)
    study = optuna.load_study(study_name="neuralopt", storage=optuna.storages.JournalStorage(backend))
    assert len(study.trials) == 14
    assert study.best_value == result.best_value
    states = {TrialState.COMPLETE: "COMPLETE", TrialState.PRUNED: "PRUNED", TrialState.FAILED: "FAIL"}
    assert [t.state.name for t in study.trials] == [states[t.state] for t in result.trials]
    assert study.trials[0].intermediate_values == {s: v[0] for s, v in result.trials[0].reports.items()}
    with pytest.raises(InvalidArgument, match="holds a study named 'neuralopt' already"):
        result.to_optuna(tmp_path / "study.log")


def test_without_optuna_the_line_that_installs_it_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependency, match=r'pip install "neuralopt\[tune\]"'):
        neuralopt.tune(quadratic, {"x": ("uniform", 0, 1)}, method="tpe")
    assert len(neuralopt.tune(lambda t: t["x"], {"x": ("uniform", 0, 1)}, max_trials=8).trials) <= 8
