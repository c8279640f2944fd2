"""Networks: batched trials against single trainings, pruning, checkpoints."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neuralopt
from neuralopt import MLP, optimizers
from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.core.results import Status
from neuralopt.engine.cohort import Cohort
from neuralopt.tuning import ASHA, BayesianSampler, Space, Study, TrialState, replay
from neuralopt.tuning.evaluation import Interrupted
from neuralopt.tuning.network_objective import NetworkObjective
from neuralopt.tuning.trials import without_times

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(160, 3))
Y = X[:, 0] * X[:, 1]
DATA, HELD = (X[:120], Y[:120]), (X[120:], Y[120:])
NET = MLP((3, 8, 1))
SPACE = [
    ("learning_rate", "log_uniform", 1e-3, 1e-1),
    ("weight_decay", "log_uniform", 1e-5, 1e-1),
    ("optimizer", "categorical", ["adamw", "sgd"]),
    ("momentum", "uniform", 0.0, 0.9, {"when": {"optimizer": "sgd"}}),
    ("batch_size", "categorical", [16, 40]),
]
OPTIONS = {"validation": HELD, "epochs": 12, "max_trials": 16, "early_stopping_patience": None, "seed": 1}


@pytest.fixture(scope="module")
def whole():
    return neuralopt.tune(NET, SPACE, DATA, pruner="asha", **OPTIONS)


def test_batched_trials_are_single_trainings(whole):
    """Every epoch of every trial, to 1e-5; pruned ones up to where they were pruned."""
    for trial in whole.trials:
        p = trial.params
        if p["optimizer"] == "adamw":
            method = optimizers.AdamW(p["learning_rate"], weight_decay=p["weight_decay"])
        else:
            decay = neuralopt.transforms.L2Decay(p["weight_decay"])
            sgd = optimizers.SGD(p["learning_rate"], momentum=p["momentum"])
            method = neuralopt.transforms.chain(decay, sgd)
        alone = neuralopt.train(
            NET, DATA, optimizer=method, epochs=12, batch_size=p["batch_size"], validation=HELD, seed=1
        )
        losses = [value for _, (value,) in sorted(trial.reports.items())]
        np.testing.assert_allclose(losses, alone.history["validation_loss"][: len(losses)], rtol=1e-5)
        assert trial.value == min(losses)


def test_pruning_ends_trials_and_keeps_the_best(whole):
    states = [t.state for t in whole.trials]
    assert states.count(TrialState.PRUNED) >= 6
    epochs = sum(max(t.reports) for t in whole.trials)
    assert epochs <= 0.7 * 16 * 12
    best = whole.best_model()
    assert min(best.history["validation_loss"]) == pytest.approx(whole.best_value, rel=1e-6)


def test_a_study_of_networks_is_its_own_repetition(whole):
    again = neuralopt.tune(NET, SPACE, DATA, pruner="asha", **OPTIONS)
    assert without_times(again.study.events) == without_times(whole.study.events)


@pytest.mark.parametrize("which", [0, 1, 2, -1])
def test_a_killed_study_goes_on_from_its_checkpoints(tmp_path, whole, which):
    """Interrupted when trials were told to end and none had yet: all that the second run has is on the disk."""
    made = [e for e in whole.study.events if e["event"] == "report"]
    stop, seen = [k for k, e in enumerate(made, start=1) if any(e["prune"])][which], []

    def kill(study):
        if study.events[-1]["event"] == "report":
            seen.append(study.events[-1])
            if len(seen) == stop:
                raise Interrupted

    options = {**OPTIONS, "pruner": "asha", "output": tmp_path, "checkpoint_every": 0}
    first = neuralopt.tune(NET, SPACE, DATA, observe=kill, **options)
    assert first.interrupted
    assert list((tmp_path / "checkpoints").glob("group-*"))
    restored = []
    restore = Cohort.restore
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cohort, "restore", lambda self, arrays: (restored.append(self), restore(self, arrays)))
        again = neuralopt.tune(NET, SPACE, DATA, resume=True, **options)
    assert restored
    assert without_times(again.study.events) == without_times(whole.study.events)
    assert not list((tmp_path / "checkpoints").glob("group-*"))


def test_kill_9_in_the_middle_of_a_batch(tmp_path, whole):
    program = (
        "import os, signal, neuralopt\n"
        "from tests.tuning.test_networks import DATA, NET, OPTIONS, SPACE\n"
        "def kill(study):\n"
        "    if len(study.events) == 9:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "neuralopt.tune(NET, SPACE, DATA, pruner='asha', output='study', checkpoint_every=0, observe=kill, **OPTIONS)\n"
    )
    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(neuralopt.__file__).parents[1])])
    command, env = [sys.executable, "-c", program], {**os.environ, "PYTHONPATH": paths, "NPROC": "1"}
    killed = subprocess.run(command, cwd=tmp_path, env=env, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert list((tmp_path / "study" / "checkpoints").glob("group-*"))
    again = neuralopt.tune(NET, SPACE, DATA, pruner="asha", output=tmp_path / "study", resume=True, **OPTIONS)
    assert without_times(again.study.events) == without_times(whole.study.events)


def test_workers_that_train_batches_are_one_worker_replaying_them():
    objective = NetworkObjective(NET, DATA, validation=HELD, epochs=12, batch=4, seed=1)
    given = {**OPTIONS, "max_trials": 12}
    result = neuralopt.tune(NET, SPACE, DATA, pruner="asha", workers=2, batch=4, **given)
    objective.stops = ASHA().steps(12)
    facts = result.study.events[0]["facts"]
    study = Study(Space(SPACE), BayesianSampler(), pruner=ASHA(), steps=12, seed=1, facts=facts)
    again = replay(result.study.events, objective, study)
    assert without_times(again.events) == without_times(result.study.events)


@pytest.mark.parametrize("batching", ["map", "vmap"])
def test_a_cohort_is_single_trainings_however_it_is_compacted(batching):
    rates = [1e-3, 3e-3, 1e-2, 3e-2, 0.1]
    made = [optimizers.Adam(rate) for rate in rates]
    cohort = Cohort(NET, DATA, made, epochs=9, validation=HELD, slots=8, batching=batching)
    first = cohort.advance(3)["validation_loss"]
    cohort.stop([0, 1, 4])
    kept = cohort.arrays()
    rest = cohort.advance(9)["validation_loss"]
    assert cohort.status[0] is Status.STOPPED
    assert np.isnan(rest[[0, 1, 4]]).all()
    for run in (2, 3):
        alone = neuralopt.train(NET, DATA, optimizer=made[run], epochs=9, validation=HELD)
        found = np.concatenate([first[run], rest[run]])
        np.testing.assert_allclose(found, alone.history["validation_loss"], rtol=1e-5)
        best = Cohort(NET, DATA, made, epochs=9, validation=HELD, slots=8, batching=batching)
        best.restore(kept)
        np.testing.assert_array_equal(best.advance(9)["validation_loss"][run], rest[run])
        np.testing.assert_array_equal(best.params(run)[0][0], cohort.params(run)[0][0])


def test_a_cohort_takes_optimizers_of_one_class_only():
    with pytest.raises(InvalidArgument, match="must have optimizers of one class with the same switches"):
        Cohort(NET, DATA, [optimizers.Adam(0.1), optimizers.SGD(0.1)], epochs=2, validation=HELD)


def test_shapes_dropout_and_patience():
    space = {
        "hidden": [(4,), (8, 4)],
        "activation": ["relu"],
        "dropout": ("uniform", 0, 0.3),
        "learning_rate": ("log_uniform", 1e-2, 1e-1),
    }
    result = neuralopt.tune(NET, space, DATA, trial_patience=2, **{**OPTIONS, "max_trials": 8})
    assert {t.state for t in result.trials} == {TrialState.COMPLETE}
    assert any(t.notes["status"] == "EARLY_STOPPED" for t in result.trials)
    alone = result.best_model()
    assert alone.model.mlp.layer_sizes == (3, *result.best_params["hidden"], 1)
    assert min(alone.history["validation_loss"]) == pytest.approx(result.best_value, rel=1e-5)


def test_depth_and_a_number_of_units():
    space = {"hidden": [2, 3], "depth": ("int", 1, 2)}
    result = neuralopt.tune(NET, space, DATA, **{**OPTIONS, "max_trials": 4, "epochs": 2})
    p = result.best_params
    assert result.best_model().model.mlp.layer_sizes == (3, *[p["hidden"]] * p["depth"], 1)


def test_diverged_trials_are_the_worst_and_no_failures():
    space = {"learning_rate": ("log_uniform", 1e3, 1e6)}
    result = neuralopt.tune(
        NET, space, DATA, optimizer="sgd", **{**OPTIONS, "max_trials": 6, "max_failures": 2}
    )
    assert all(t.value == np.inf and t.notes["status"] == "DIVERGED" for t in result.trials)


def test_classes_and_several_objectives():
    labels = (Y > 0).astype(int)
    result = neuralopt.tune(
        MLP((3, 8, 2)),
        {"learning_rate": ("log_uniform", 1e-2, 1e-1), "hidden": [4, 16]},
        (X, labels),
        loss="cross_entropy",
        scoring=("accuracy", "parameters"),
        pruner=ASHA(min_steps=2),
        **{**OPTIONS, "validation": None},
    )
    assert result.study.directions == ("maximize", "minimize")
    best = result.pareto_front()[0]
    assert best.values[1] == MLP((3, best.params["hidden"], 2)).parameter_count
    assert 0.5 < best.values[0] <= 1


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        (
            {"space": {"learning_rat": ("uniform", 0, 1)}},
            InvalidArgument,
            "the search space cannot be trained: .*learning_rat",
        ),
        (
            {"space": {"optimizer": ["adma"]}},
            InvalidArgument,
            "cannot be trained: unknown optimizer 'adma'. Did you mean 'adam'",
        ),
        (
            {"space": {"momentum": ("uniform", 0, 0.9)}},
            InvalidArgument,
            "Adam has no hyperparameter 'momentum'",
        ),
        ({"space": {"b1": ("uniform", 0, 2)}}, InvalidArgument, "b1 must satisfy 0 <= b1 < 1"),
        (
            {"space": {"hidden": ("int", -4, -1)}},
            InvalidArgument,
            "every layer size must be a whole number >= 1",
        ),
        (
            {"data": (X[:1], Y[:1]), "validation": None},
            DataError,
            "1 rows cannot be split into training and validation rows",
        ),
        ({"data": None}, InvalidArgument, "a network is tuned on data="),
        ({"scoring": "acuracy"}, InvalidArgument, "unknown figure 'acuracy'. Did you mean 'accuracy'"),
    ],
)
def test_what_is_refused_before_any_trial(options, kind, text):
    given = {"space": SPACE, "data": DATA, **OPTIONS, **options}
    with pytest.raises(kind, match=text):
        neuralopt.tune(NET, given.pop("space"), given.pop("data"), **given)


def test_data_of_another_width_are_refused_before_any_trial():
    X, y = DATA
    for data, validation, name in (((X[:, :-1], y), None, "data"), (DATA, (X[:, :-1], y), "validation")):
        with pytest.raises(InvalidArgument, match=rf"the X of {name} must have shape \(n, {X.shape[1]}\)"):
            neuralopt.tune(NET, SPACE, data, validation=validation, max_trials=2)


def test_seconds_that_cannot_be():
    for timeout in (0, -1, "5"):
        with pytest.raises(InvalidArgument, match="timeout must be seconds > 0"):
            neuralopt.tune(NET, SPACE, DATA, timeout=timeout)
