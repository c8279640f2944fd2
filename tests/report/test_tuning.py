"""The report of a study: figures with the numbers of the records, the page, damaged records."""

import json

import numpy as np
import pytest

from neuralopt.core.errors import StorageError
from neuralopt.report import build_report, load_tuning, tuning_figures
from neuralopt.tuning import tune
from neuralopt.tuning.records import write_records


def objective(trial):
    loss = (np.log10(trial["rate"]) + 2) ** 2 + (0.5 if trial["kind"] == "a" else 0.0) + 0.01
    for step in (1, 2, 3):
        trial.report(step, loss + 1 / step)
        if trial.should_prune():
            return loss
    return float("nan") if trial.number == 2 else loss


SPACE = [("rate", "log_uniform", 1e-4, 1.0), ("kind", "categorical", ["a", "b"]), ("angle", "uniform", 0, 1)]


@pytest.fixture(scope="module")
def study():
    return tune(objective, SPACE, pruner="median", max_trials=24, early_stopping_patience=None)


@pytest.fixture
def folder(study, tmp_path):
    return write_records(study, tmp_path / "records", title="A <b>study</b>", model="m.safetensors")


def test_figures_have_the_numbers_of_the_study(study, folder):
    figures = {figure.key: figure for figure in tuning_figures(load_tuning(folder))}
    assert list(figures) == ["history", "reports", "importance", "slices", "parallel"]
    history = figures["history"].frame()
    assert history["best"].iloc[-1] == study.best_value
    assert (history["trial"] == study.study.trials.order).all()
    assert len(figures["reports"].frame()) == len(study.curves())
    assert dict(figures["importance"].frame().itertuples(index=False)) == study.importance()
    slices = figures["slices"].frame()
    assert list(slices.columns) == ["trial", "value", "rate", "kind", "angle"]
    assert len(slices) == sum(t.state.name == "COMPLETE" for t in study.trials)
    parallel = figures["parallel"].frame()
    for row in parallel.itertuples():
        expected = study.study.space.units(study.trials[row.trial].params)[
            list(study.study.space.names).index(row.hyperparameter)
        ]
        assert row.place == pytest.approx(expected)


def test_the_page_is_whole_and_escaped(folder):
    page = build_report(folder)
    text = page.read_text(encoding="utf-8")
    assert page == folder.parent / "report.html"
    assert "A &lt;b&gt;study&lt;/b&gt;" in text
    assert "neuralopt predict m.safetensors new.csv" in text
    assert "Trial 2: the objective returned NaN" in text
    assert build_report(folder).read_text(encoding="utf-8") == text
    for figure in tuning_figures(load_tuning(folder)):
        assert f'id="tuning-{figure.key}"' in text
        json.dumps(figure.plotly(), allow_nan=False)


def test_several_objectives_have_a_front(tmp_path):
    result = tune(
        lambda t: (t["x"] ** 2, (t["x"] - 1) ** 2),
        {"x": ("uniform", -2, 2)},
        directions=("minimize", "minimize"),
        max_trials=15,
        early_stopping_patience=None,
    )
    figures = {f.key: f for f in tuning_figures(load_tuning(write_records(result, tmp_path)))}
    table = figures["front"].frame()
    assert set(table["trial"][table["on_front"]]) == {t.number for t in result.pareto_front()}


def test_a_study_without_a_result_has_a_page(tmp_path):
    result = tune(lambda t: float("inf"), {"x": ("uniform", 0, 1)}, max_trials=3)
    page = build_report(write_records(result, tmp_path / "records"))
    assert "No trial was evaluated to its end." in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda facts: facts | {"version": 99}, "has format version 99; this neuralopt reads up to 1"),
        (lambda facts: facts | {"format": "x"}, "was not written by neuralopt"),
        (lambda facts: {k: v for k, v in facts.items() if k != "trials"}, "is damaged: it lacks trials"),
    ],
)
def test_records_that_cannot_be_read(folder, change, text):
    file = folder / "tuning.json"
    file.write_text(json.dumps(change(json.loads(file.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(StorageError, match=text):
        load_tuning(folder)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be read"):
        load_tuning(folder)
