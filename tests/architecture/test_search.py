"""Searches: what they find, what they keep, how they go on, what they refuse."""

import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import neuralopt
from neuralopt import architecture
from neuralopt.architecture import MLPSpace, MobileNetV3Space, arms, search_architecture
from neuralopt.architecture.limits import Limits
from neuralopt.architecture.result import pareto_front
from neuralopt.benchmark import make_task
from neuralopt.core.errors import DataError, InvalidArgument, StorageError
from neuralopt.core.results import Status
from neuralopt.datasets import load_bundled
from neuralopt.estimators import ArchitecturePredictor, load_predictor
from neuralopt.storage import FileLock

SHORT = {"population_size": 4, "generations": 6, "epochs": 8, "batch_size": 32}


@pytest.fixture(scope="module")
def searched(rings, small_mlps):
    """A search without a folder, to compare with."""
    return search_architecture(rings, small_mlps, **SHORT)


def same(a, b):
    """Return whether two searches evaluated the same with the same outcome, time aside."""
    first, second = (r.frame().drop(columns=["seconds", "latency_ms"]) for r in (a, b))
    return first.equals(second) and [e.curves for e in a.history] == [e.curves for e in b.history]


def test_a_search_ends_with_a_trained_model(searched, rings, tmp_path):
    assert searched.status is Status.MAX_EPOCHS
    assert [len(searched.evaluations(arm)) for arm in ("search", "random")] == [10, 10]
    epochs = [sum(len(e.curves.train_loss) for e in searched.evaluations(a)) for a in ("search", "random")]
    assert epochs == [20, 20]
    best = searched.best_evaluation()
    assert best.score == max(e.score for e in searched.evaluations())
    assert searched.model.network == searched.best.network()
    assert searched.predict(rings[0]).shape == (200,)
    back = ArchitecturePredictor.load(searched.save(tmp_path / "net.safetensors"))
    np.testing.assert_array_equal(back.outputs(rings[0]), searched.model.outputs(rings[0]))
    assert searched.performance == searched.trained[searched.winner].test_metric
    assert searched.latencies[best.genes] > 0
    said = searched.summary()
    assert "random search: validation accuracy" in said
    assert "20 epochs; trained in full" in said


def test_lineage_pareto_front_and_table(searched):
    line = searched.lineage()
    assert line[-1] == searched.best_evaluation()
    assert line[0].parent is None
    assert all(child.parent == parent.number for parent, child in itertools.pairwise(line))
    assert all(e.inherited == (e.parent is not None) for e in searched.evaluations("search"))
    assert not any(e.inherited for e in searched.evaluations("random"))
    front = searched.pareto("parameters")
    assert front["parameters"].is_monotonic_increasing
    assert front["score"].is_monotonic_increasing
    assert len(searched.frame()) == 20
    with pytest.raises(InvalidArgument, match="cost must be one of parameters, multiply_adds"):
        searched.pareto("joules")
    assert pareto_front([1, 1, 2], [0.5, 0.6, 0.6]) == [1]


def test_the_founding_calls(rings):
    config = architecture.create_nas_config(
        search_space="mlp",
        search_strategy="evolutionary",
        population_size=2,
        generations=2,
        performance_predictor="early_stopping",
        epochs=4,
    )
    X, y = rings
    result = neuralopt.neural_architecture_search((X[:120], y[:120]), (X[120:], y[120:]), config)
    best = neuralopt.get_best_architecture(result)
    assert "parameters" in neuralopt.describe_architecture(best)
    assert neuralopt.get_architecture_performance(result) == max(
        done.validation_metric for done in result.trained.values()
    )
    with pytest.raises(InvalidArgument, match="config must come from create_nas_config"):
        architecture.neural_architecture_search((X, y), (X, y), {"search_space": "mlp"})


def test_settings_are_given_as_pairs_too_and_checked_at_once():
    pairs = [("search_space", "mobilenet_v3"), ("search_strategy", "evolutionary"), ("population_size", 20)]
    pairs += [("generations", 50), ("performance_predictor", "early_stopping")]
    assert architecture.create_nas_config(pairs) == architecture.create_nas_config(**dict(pairs))
    for wrong, sentence in (
        ({"settings": "mlp"}, "settings are pairs of a name and a value, got 'mlp'"),
        ({"search_space": "mlpp"}, "unknown space 'mlpp'. Did you mean 'mlp'?"),
        ({"population_size": 1}, "population_size must be a whole number >= 2, got 1"),
        ({"generations": 0}, "generations must be a whole number >= 1, got 0"),
        ({"settings": [("generation", 5)]}, "unknown setting 'generation'. Did you mean 'generations'?"),
    ):
        with pytest.raises(InvalidArgument) as error:
            architecture.create_nas_config(**wrong)
        assert sentence in str(error.value)


def test_the_network_that_did_better_in_full_is_the_one_kept(searched):
    """Whichever arm found it, and the summary says so."""
    arms = searched.trained
    better = dataclasses.replace(arms["random"], validation_metric=arms["search"].validation_metric + 0.1)
    turned = dataclasses.replace(searched, trained=arms | {"random": better})
    assert turned.winner == "random"
    assert turned.best.genes == turned.random_best.genes == turned.best_evaluation("random").genes
    assert turned.model is better.model
    assert turned.lineage() == [turned.best_evaluation("random")]
    assert "The random search found it" in turned.summary()
    worse = dataclasses.replace(arms["random"], validation_metric=arms["search"].validation_metric)
    kept = dataclasses.replace(searched, trained=arms | {"random": worse})
    assert (kept.winner, kept.model) == ("search", arms["search"].model)
    assert "random search found" not in kept.summary()


def test_a_search_is_repeated_by_its_seed(searched, rings, small_mlps):
    assert same(searched, search_architecture(rings, small_mlps, **SHORT))
    assert not same(searched, search_architecture(rings, small_mlps, **SHORT, seed=1))


class Killed(Exception):
    """Stands for a kill between two evaluations."""


@pytest.mark.parametrize("after", [1, 7, 14])
def test_a_killed_search_goes_on_as_if_nothing_had_happened(
    searched, rings, small_mlps, tmp_path, monkeypatch, after
):
    """Killed in the middle of either arm, with a torn last line."""
    folder, made, evaluate = tmp_path / "search", [], arms._evaluate

    def dying(*arguments):
        if len(made) == after:
            raise Killed
        made.append(evaluate(*arguments))
        return made[-1]

    monkeypatch.setattr(arms, "_evaluate", dying)
    with pytest.raises(Killed):
        search_architecture(rings, small_mlps, **SHORT, folder=folder)
    monkeypatch.setattr(arms, "_evaluate", evaluate)
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"arm": "search", "num')
    resumed = search_architecture(rings, small_mlps, **SHORT, folder=folder, resume=True)
    assert same(resumed, searched)
    again = search_architecture(rings, small_mlps, **SHORT, folder=folder, resume=True)
    assert same(again, searched)
    assert len(list((folder / "weights").iterdir())) <= SHORT["population_size"]


def test_ctrl_c_keeps_all(searched, rings, small_mlps, tmp_path, monkeypatch):
    evaluate = arms._evaluate

    def interrupted(arm, number, *rest):
        if (arm, number) == ("search", 5):
            signal.raise_signal(signal.SIGINT)
        return evaluate(arm, number, *rest)

    monkeypatch.setattr(arms, "_evaluate", interrupted)
    result = search_architecture(rings, small_mlps, **SHORT, folder=tmp_path)
    assert result.status is Status.INTERRUPTED
    assert len(result.history) == 5
    assert "what had been done is kept" in result.summary()
    with pytest.raises(InvalidArgument, match="has not been trained"):
        _ = result.model
    monkeypatch.setattr(arms, "_evaluate", evaluate)
    assert same(search_architecture(rings, small_mlps, **SHORT, folder=tmp_path, resume=True), searched)


def test_a_search_that_is_killed_outright_resumes(searched, tmp_path):
    """kill -9 in the middle, in a process of its own."""
    program = textwrap.dedent(f"""
        import numpy as np
        from neuralopt.architecture import MLPSpace, search_architecture
        X = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
        y = (np.hypot(*X.T) > 1.1).astype(int)
        space = MLPSpace(2, 2, depths=(1, 2, 3), widths=(2, 4, 8), activations=("relu", "tanh"))
        search_architecture((X, y), space, folder={str(tmp_path / "s")!r}, resume=True, **{SHORT!r})
    """)
    path = str(Path(neuralopt.__file__).parents[1])
    child = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path})
    journal = tmp_path / "s" / "journal.jsonl"
    for _ in range(600):
        if journal.exists() and journal.read_bytes().count(b"\n") >= 4:
            break
        time.sleep(0.05)
    child.kill()
    child.wait()
    assert journal.read_bytes().count(b"\n") >= 4
    X, y = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32), None
    y = (np.hypot(*X.T) > 1.1).astype(int)
    resumed = search_architecture((X, y), searched.space, folder=tmp_path / "s", resume=True, **SHORT)
    assert same(resumed, searched)


def test_what_a_folder_refuses(rings, small_mlps, tmp_path):
    options = {**SHORT, "generations": 1, "strategy": "random", "folder": tmp_path}
    search_architecture(rings, small_mlps, **options)
    with pytest.raises(InvalidArgument, match="holds an architecture search already"):
        search_architecture(rings, small_mlps, **options)
    with pytest.raises(InvalidArgument, match="had another seed, data: seed was 0, now it is 3"):
        search_architecture(rings, small_mlps, **options, seed=3, resume=True)
    with pytest.raises(InvalidArgument, match="had another data"):
        search_architecture((rings[0] + 1, rings[1]), small_mlps, **options, resume=True)
    with (
        FileLock(tmp_path / "lock", "the search"),
        pytest.raises(StorageError, match="is being written by another process"),
    ):
        search_architecture(rings, small_mlps, **options, resume=True)
    journal = tmp_path / "journal.jsonl"
    head, *rest = journal.read_text().splitlines()
    journal.write_text("\n".join([head, '{"arm": "search"}', *rest]) + "\n")
    with pytest.raises(StorageError, match="a line is no evaluation"):
        search_architecture(rings, small_mlps, **options, resume=True)
    journal.write_text(json.dumps({**json.loads(head), "version": 9}) + "\n")
    with pytest.raises(StorageError, match="format version 9; this neuralopt reads up to 1"):
        search_architecture(rings, small_mlps, **options, resume=True)
    journal.write_text('{"trial": 1}\n')
    with pytest.raises(StorageError, match="is not the journal of an architecture search"):
        search_architecture(rings, small_mlps, **options, resume=True)


def test_limits_are_kept_by_every_candidate(rings, small_mlps):
    limits = {"parameters": 60, "multiply_adds": 40}
    result = search_architecture(rings, small_mlps, limits=limits, **SHORT)
    assert all(e.parameters <= 60 and e.multiply_adds <= 40 for e in result.history)


def test_a_limit_on_latency_is_measured_and_kept_in_the_journal(rings, small_mlps, tmp_path):
    options = {**SHORT, "population_size": 2, "generations": 1, "strategy": "random"}
    options["limits"] = {"latency_ms": 1e4}
    first = search_architecture(rings, small_mlps, **options, folder=tmp_path)
    assert all(first.latencies[e.genes] <= 1e4 for e in first.history)
    again = search_architecture(rings, small_mlps, **options, folder=tmp_path, resume=True)
    assert again.latencies == first.latencies


@pytest.mark.parametrize("predictor", ["sum_of_losses", "power_law"])
def test_predictors_of_whole_trainings_begin_anew(rings, small_mlps, predictor):
    options = {**SHORT, "generations": 2, "candidate_epochs": 3}
    result = search_architecture(rings, small_mlps, predictor=predictor, strategy="generational", **options)
    assert len(result.evaluations()) == 12
    assert not any(e.inherited for e in result.history)
    with pytest.raises(InvalidArgument, match="speaks of trainings from the start"):
        search_architecture(rings, small_mlps, predictor=predictor, inherit=True, **options)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"strategy": "evolution"}, "unknown strategy 'evolution'. Did you mean 'evolutionary'?"),
        ({"space": "mobilenet"}, "unknown space 'mobilenet'. Did you mean 'mobilenet_v3'?"),
        ({"predictor": "powerlaw"}, "unknown predictor 'powerlaw'. Did you mean 'power_law'?"),
        ({"population_size": 1}, "population_size must be a whole number >= 2, got 1"),
        ({"generations": 0}, "generations must be a whole number >= 1, got 0"),
        ({"candidate_epochs": 9, "epochs": 8}, "candidate_epochs must be at most epochs, got 9 > 8"),
        ({"limits": {"parameter": 5}}, "unknown limit 'parameter'. Did you mean 'parameters'?"),
        ({"limits": [3]}, "limits are a mapping of names to numbers, such as {'parameters': 5000}, got [3]."),
        ({"limits": {"parameters": 0}}, "the limit on parameters must be a number > 0, got 0"),
        (
            {"limits": {"parameters": 5}},
            "no architecture of multi-layer perceptrons keeps the limit parameters <= 5",
        ),
        (
            {"limits": {"latency_ms": 1e-9}},
            "no architecture of multi-layer perceptrons keeps the limit latency_ms",
        ),
        ({"resume": True}, "resume=True needs the folder of the search"),
        ({"space": MLPSpace(2, 3)}, "the space has 3 outputs, the data need 2"),
        ({"batch_size": 0}, "batch_size must be a whole number >= 1"),
        ({"learning_rate": -1.0}, "learning_rate"),
    ],
)
def test_bad_arguments(rings, arguments, said):
    with pytest.raises(InvalidArgument) as caught:
        search_architecture(rings, **arguments)
    assert said in str(caught.value)


def rows(n, d=3):
    return np.zeros((n, d)) + np.arange(n)[:, None]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"data": (rows(6), np.arange(6) % 2)}, "6 rows are too few to be split"),
        ({"data": (rows(12), np.arange(12))}, "Every class needs at least 3 rows"),
        ({"data": rows(20)}, "data must be a pair (X, y) or a Task, got ndarray"),
        ({"data": (rows(20), np.arange(19.0))}, "with a row for each, got shapes (20, 3) and (19,)"),
        ({"data": (rows(20), np.zeros(20, int))}, "there is one class only"),
        ({"data": (rows(20), np.arange(20) % 2 - 1)}, "numbered from 0"),
        ({"data": (rows(20) * np.nan, np.arange(20.0))}, "must be finite"),
        (
            {"data": (rows(20), np.arange(20.0)), "validation": (rows(9, 2), np.arange(9.0))},
            "validation has inputs",
        ),
        ({"data": (rows(20, 5), np.arange(20.0)), "space": "mobilenet_v3"}, "the 5 columns"),
        (
            {"data": (np.ones((20, 3, 3)), np.arange(20.0)), "space": "mobilenet_v3"},
            "every side of the images",
        ),
        (
            {"data": (np.ones((20, 2, 8, 8, 1)), np.arange(20.0)), "space": "mobilenet_v3"},
            "takes images of shape",
        ),
    ],
)
def test_bad_data(arguments, said):
    with pytest.raises((DataError, InvalidArgument)) as caught:
        search_architecture(**arguments)
    assert said in str(caught.value)


def test_regression_and_real_targets():
    X = np.random.default_rng(0).normal(size=(80, 3))
    result = search_architecture((X, X[:, 0] - X[:, 1]), population_size=2, generations=2, epochs=12)
    assert result.metric == "r2"
    assert result.predict(X).shape == (80, 1)


def test_limits_leave_out_what_is_infinite():
    assert Limits.of({"parameters": 10}).settings == {"parameters": 10}
    assert Limits.of(None).settings == {}


def test_mobilenets_on_a_table_of_digits_end_to_end(tmp_path):
    """Real images, of which the table's encoder leaves constant pixels out; a model that predicts from it."""
    frame = load_bundled("digits")
    task = make_task("digits", frame, "digit")
    assert task.train.X.shape[1] < 64
    space = MobileNetV3Space((8, 8), 1, 10, kernels=(3, 5), expansions=(1, 2), depths=(1, 2), stages=1)
    result = search_architecture(
        task, space, population_size=2, generations=2, epochs=5, candidate_epochs=1, verbose=True
    )
    assert result.model.network.input_shape == (8, 8, 1)
    assert result.trained["search"].test_metric > 0.6
    back = load_predictor(result.save(tmp_path / "digits.safetensors"))
    answers, ours = back.predict(frame), result.model.predict(frame)
    assert answers.equals(ours)
    held = (answers["digit"] == frame["digit"].to_numpy()).mean()
    assert held > 0.6
    with pytest.raises(DataError, match=r"inputs must have shape \(n, 8, 8, 1\), got \(2, 5\)"):
        result.model.outputs(np.zeros((2, 5)))
