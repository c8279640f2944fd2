"""The text task in the comparison: planted speeds, widened rates, intervals over questions, resuming."""

import dataclasses

import numpy as np
import pytest

from neuralopt.benchmark import Budget, TextSettings, choose_methods, compare_text, make_text_task, train_text
from neuralopt.benchmark.conclusion import conclude
from neuralopt.benchmark.convergence import convergence_rows, convergence_table, target_loss
from neuralopt.benchmark.records import Record
from neuralopt.benchmark.runner import run_method
from neuralopt.benchmark.text_compare import side_by_side
from neuralopt.benchmark.widening import lowest_validation, widened_sweep
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine import sweep
from neuralopt.models import MLP
from neuralopt.report import build_report, load_records, ranking_table
from neuralopt.storage import loads
from neuralopt.text import Pairs, TextPredictor, bundled_pairs

TINY = Budget(rates=(0.01, 0.1), seeds=2, epochs=3, hidden=(4,))


@pytest.fixture(scope="module")
def quiz() -> Pairs:
    """120 pairs on 60 questions."""
    return Pairs.from_frame(bundled_pairs(120))


@pytest.fixture(scope="module")
def task(quiz):
    """By TF-IDF."""
    return make_text_task("<b>quiz</b>", quiz)


def record(method, curves, *, family="gradient", seconds=6.0, label=None):
    curves = np.array(curves, float)[None]  # one learning rate
    _, seeds, epochs = curves.shape
    header = {
        "method": method,
        "label": label or method,
        "family": family,
        "best": 0,
        "learning_rates": [0.1],
        "seeds": list(range(seeds)),
        "steps": 7,
        "rows": 50,
        "state": 2.0,
        "epochs": epochs,
        "seconds": {"train": seconds, "compile": 1.0},
        "diverged": [[False] * seeds],
        "scores": {"metric": [0.5, 0.4, 0.6], "loss": [1.0, 1.0, 1.0]},
    }
    arrays = {"validation_loss": curves, "test_metric": np.array([[0.5, 0.7, 0.6][:seeds]])}
    if method == "nadamw":
        arrays["independent_validation_loss"] = curves[0]
    return Record(header, arrays)


def test_a_planted_speed_is_found():
    reference = record("nadamw", [[0.8, 0.5, 0.0]] * 3)
    assert target_loss([reference], constant=1.0) == pytest.approx(0.05)
    slow = record("slow", [[0.9, 0.04, 0.04], [0.9, 0.9, 0.04], [0.9, 0.9, 0.9]])
    never = record("never", [[0.9, 0.9, 0.9], [0.9, 0.9, 0.9], [0.04, np.nan, np.nan]])
    rows = {row["method"]: row for row in convergence_rows([slow, reference, never], constant=1.0)}
    assert (rows["slow"]["epochs"], rows["slow"]["steps"], rows["slow"]["reached"]) == (3, 21, 2)
    assert rows["slow"]["seconds"] == pytest.approx(3 * 6.0 / (3 * 3))
    assert (rows["never"]["epochs"], rows["never"]["reached"]) == (np.inf, 1)
    assert rows["slow"]["accuracy_spread"] == pytest.approx(0.1)
    assert rows["slow"]["validation_spread"] == pytest.approx(0.43)
    assert rows["nadamw"]["role"] == "reference"


def test_the_table_in_words():
    table = convergence_table([record("a", [[0.9] * 3] * 3), record("nadamw", [[0.8, 0.5, 0.0]] * 3)], 1.0)[0]
    assert [row[0] for row in table["rows"]] == ["nadamw (reference)", "a"]
    assert table["rows"][1] == [
        "a",
        "∞",
        "–",
        "∞",
        "∞",
        "0 of 3",
        "2",
        "0",
        "0.100",
        "0 of 3",
        "0.500 [0.400, 0.600]",
    ]
    assert "a validation loss of 0.050: 95 % of the way from a constant answer (1.000)" in table["note"]


def test_without_a_target():
    for records in ([record("a", [[0.9]])], [record("a", [[0.9]]), record("nadamw", [[1.5]])]):
        table = convergence_table(records, 1.0)[0]
        assert table["rows"][0][1:5] == ["–"] * 4
        assert table["note"].startswith("There is no target")
    assert convergence_table([record("linear", [[0.9]], family="reference")], 1.0) == []


def test_a_method_that_always_diverged_has_a_row():
    lost = record("a", [[0.9] * 3] * 2)
    lost.header.update(best=None, diverged=[[True, True]], scores=None)
    table = convergence_table([lost, record("nadamw", [[0.5, 0.0, 0.0]] * 2)], 1.0)[0]
    assert table["rows"][1] == ["a", "–", "–", "–", "–", "0 of 2", "2", "–", "–", "2 of 2", "diverged"]


def test_rates_are_widened_towards_the_best():
    """The best learning rate of plain descent on a quadratic bowl is known; the range begins far from it."""
    X = np.random.default_rng(0).normal(size=(64, 3))
    data = X, X @ np.array([[1.0], [-2.0], [0.5]])

    def run(rates):
        asked.append(rates.tolist())
        options = {"seeds": (0, 1), "epochs": 5, "batch_size": "full", "validation": data}
        return sweep(MLP((3, 1)), data, optimizer="sgd", learning_rates=rates.tolist(), **options)

    asked = []
    result = widened_sweep(run, np.array([1e-4, 1e-3, 1e-2]), rounds=3)
    assert asked == [[1e-4, 1e-3, 1e-2], [0.1, 1.0]]
    np.testing.assert_allclose(result.learning_rates, [1e-4, 1e-3, 1e-2, 0.1, 1.0])
    lowest = np.median(lowest_validation(result), axis=1)
    assert lowest.argmin() == 3
    whole = run(np.array([1e-4, 1e-3, 1e-2, 0.1, 1.0]))
    np.testing.assert_allclose(result.history["validation_loss"], whole.history["validation_loss"], rtol=1e-5)
    np.testing.assert_array_equal(result.best_epoch, whole.best_epoch)
    for i, j in ((0, 1), (3, 0), (4, 1)):
        np.testing.assert_allclose(result.params(i, j)[0][0], whole.params(i, j)[0][0], rtol=1e-5, atol=1e-7)
    asked.clear()
    widened_sweep(run, np.array([0.1, 1.0, 10.0]), rounds=1)  # downwards, once
    assert asked[1:] == [[1e-3, 1e-2]]
    asked.clear()
    widened_sweep(run, np.array([1e-2, 1e-3]), rounds=3)
    widened_sweep(run, np.array([1e-4, 1e-3, 1e-2]), rounds=0)
    assert len(asked) == 2


def test_a_widened_record_says_so(task):
    method = dataclasses.replace(choose_methods(["sgd"])[0], range=(1e-5, 1e-3))
    made = run_method(method, task, Budget(rates=3, seeds=2, epochs=3, hidden=(4,), widen=1))
    assert made.header["learning_rates"] == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
    assert made.header["widened"] == pytest.approx([1e-5, 1e-1])
    assert made.arrays["validation_loss"].shape == (5, 2, 3)


def test_the_summary_says_whose_rates_were_widened(task, tmp_path):
    rates = {"SGD": (1e-5, 1e-3), "Adam": (1e-6, 1e-4)}
    budget = Budget(rates=3, seeds=1, epochs=3, hidden=(4,), widen=1)
    methods = [
        dataclasses.replace(choose_methods([label.lower()])[0], range=own) for label, own in rates.items()
    ]
    records = [(f"{m.slug}.safetensors", run_method(m, task, budget)) for m in methods]
    (tmp_path / "records").mkdir()
    words = conclude(tmp_path, task, "t", records)["summary"]
    assert words.count("Learning rates") == 1
    assert "lay: SGD 1e-05 to 0.1, Adam 1e-06 to 0.01." in words


def test_features_of_the_task(task, quiz):
    train, validation, test = quiz.split(0)
    known = {w for k in train for text in (quiz.questions[k], quiz.answers[k]) for w in text.lower().split()}
    vocabulary = task.encoder.embedding.vocabulary
    assert all(word in " ".join(known) for word in " ".join(vocabulary).split())
    X = task.encoder.features([quiz.questions[k] for k in test], [quiz.answers[k] for k in test])
    np.testing.assert_array_equal(task.test.X, X)
    assert task.train.X.shape == (72, 2 * len(vocabulary) + 1)
    np.testing.assert_array_equal(task.validation.y[:, 0], quiz.labels[validation])
    assert task.network((64,), "tanh") == MLP((len(X[0]), 64, 1), "tanh", "tanh")
    assert task.facts()["classes"] == [-1, 1]
    assert make_text_task("quiz", quiz, seed=1).digest != task.digest


def test_intervals_are_drawn_over_questions(task):
    values = np.random.default_rng(0).normal(size=len(task.test.X))
    units = task.per_unit(values)
    assert len(units) == 12
    assert units.mean() == pytest.approx(values.mean())
    outputs = np.where(task.test.y > 0, 0.3, 0.2)
    assert task.hits(outputs).mean() == 0.5


@pytest.mark.parametrize("embedding", ["bert", None])
def test_unknown_embeddings(quiz, embedding):
    with pytest.raises(InvalidArgument, match=r"embedding must be 'tfidf' or a SentenceEmbedding, got"):
        make_text_task("quiz", quiz, embedding)


def test_compare_writes_records_tables_and_a_report(task, quiz, tmp_path):
    other = make_text_task("other", quiz, seed=0)
    result = compare_text([task, other], optimizers=["gd", "adam"], budget=TINY, output=tmp_path / "run")
    frame = result.frame()
    assert sorted(frame[frame["task"] == task.name]["method"]) == [
        "adam",
        "boosting",
        "gd",
        "linear",
        "nadamw",
    ]
    held = load_records(result.records)
    assert [len(t.task["tables"]) for t in held.tasks] == [3, 2]
    beside = held.tasks[0].task["tables"][2]
    assert beside["columns"] == ["Method", "<b>quiz</b>, TF-IDF", "other, TF-IDF"]
    assert all(row[1] == row[2] for row in beside["rows"])  # the same pairs, the same split
    page = build_report(result.records).read_text(encoding="utf-8")
    assert "&lt;b&gt;quiz&lt;/b&gt;, TF-IDF" in page
    assert "<b>quiz" not in page
    assert "Embeddings side by side" in page
    assert len(ranking_table(result.ranking)) == 2 * 2 + 1
    assert len(ranking_table(result.ranking, tables=True)) == 2 * 2 + 5 * 2 + 1
    lines = (result.folder / "convergence.csv").read_text().splitlines()
    assert len(lines) == 2 * (1 + 3)
    for path in result.models().values():
        assert isinstance(TextPredictor.load(path), TextPredictor)
    before = loads((result.records / "ranking.json").read_bytes())
    again = compare_text(
        [task, other], optimizers=["gd", "adam"], budget=TINY, output=tmp_path / "run", resume=True
    )
    same = loads((again.records / "ranking.json").read_bytes())
    assert same["tasks"] == before["tasks"]


def test_side_by_side_with_a_method_that_diverged():
    one = {"label": "A", "metric": 0.5, "metric_low": 0.4, "metric_high": 0.6}
    lost = {"label": "A", "metric": None, "metric_low": None, "metric_high": None}
    tasks = [{"name": "x", "rows": [one]}, {"name": "y", "rows": [lost, {**one, "label": "B"}]}]
    rows = side_by_side(tasks)["rows"]
    assert rows == [["A", "0.500 [0.400, 0.600]", "diverged"], ["B", "–", "0.500 [0.400, 0.600]"]]


def planted(rule, count=120):
    """Pairs whose labels follow a rule of the answer, or of nothing."""
    random = np.random.default_rng(0)
    words = ["north", "south", "east", "west"]
    answers = [words[k] for k in random.integers(4, size=count)]
    labels = np.array([1 if rule(answer, random) else -1 for answer in answers])
    return Pairs(tuple(f"question {k}" for k in range(count)), tuple(answers), labels)


def test_a_planted_rule_is_learned(tmp_path):
    task = make_text_task("rule", planted(lambda answer, random: answer in ("north", "east")))
    runs = [
        train_text(
            task, TextSettings(learning_rate=0.02, hidden=hidden, backend=backend), output=tmp_path / name
        )
        for name, hidden, backend in (("a", (8,), "numpy"), ("b", (8, 4), "jax"))
    ]
    for run in runs:
        assert run.accuracy.value == 1
        assert "better than the most common label alone" in run.verdict
        assert run.confusion[0, 1] == run.confusion[1, 0] == 0
        assert TextPredictor.load(run.path).mlp.output_activation == "tanh"


def test_chance_is_called_chance(tmp_path):
    task = make_text_task("coin", planted(lambda answer, random: random.random() < 0.5))
    run = train_text(task, TextSettings("sgd", hidden=(4,), epochs=5), output=tmp_path / "run")
    assert run.verdict.startswith("Test accuracy 0.")
    assert "no better than the most common label alone" in run.verdict
    assert run.confusion.sum() == len(task.test.X)
    assert run.majority == pytest.approx(max(run.confusion.sum(1)) / len(task.test.X))


def test_settings_that_cannot_be(task, tmp_path):
    with pytest.raises(InvalidArgument, match="learning_rate must be finite and > 0, got -1"):
        train_text(task, TextSettings(learning_rate=-1.0))
    with pytest.raises(InvalidArgument, match="must be one that descends a gradient, got 'search'"):
        train_text(task, TextSettings("search"))
    with pytest.raises(InvalidArgument, match="Did you mean 'adam'"):
        train_text(task, TextSettings("adm"))
