"""The figures' tables against the arrays that they came from, and plotly's own validation."""

import csv
import io
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects
import pytest

from neuralopt.report import Figure, Records, load_records, task_figures

KEYS = ["loss", "metric", "learning-rate", "final-loss"]


@pytest.fixture
def records(writer: Any) -> Records:
    return load_records(writer.write())


@pytest.fixture
def figures(records: Records) -> dict[str, Figure]:
    return {figure.key: figure for figure in task_figures(records.tasks[0])}


def points(frame: pd.DataFrame, **equal: Any) -> pd.DataFrame:
    for column, value in equal.items():
        frame = frame[frame[column] == value]
    return frame


@pytest.mark.parametrize("task", [0, 1])
def test_plotly_accepts_every_figure(records: Records, task: int) -> None:
    drawn = task_figures(records.tasks[task])
    assert [figure.key for figure in drawn] == KEYS
    for figure in drawn:
        checked = plotly.graph_objects.Figure(figure.plotly())
        assert len(checked.data) == len(figure.data) > 0
        for path, value in figure.narrow.items():
            checked.update_layout({path.replace(".", "_"): value})


def test_curves_are_medians_and_quartiles_over_seeds(records: Records, figures: dict[str, Figure]) -> None:
    frames = {key: figures[key].frame() for key in ("loss", "metric")}
    panels = (("loss", "train", "train_loss"), ("loss", "validation", "validation_loss"))
    for key, panel, array in (*panels, ("metric", "validation", "validation_metric")):
        for method in ("adam", "sgd", "varpro"):
            record = records.tasks[0].records[method]
            seeds = record.arrays[array][record.best]
            got = points(frames[key], method=method, panel=panel)
            np.testing.assert_array_equal(got["epoch"], np.arange(1, 31))
            np.testing.assert_allclose(got["median"], np.sort(seeds, axis=0)[1], rtol=1e-12)
            np.testing.assert_allclose(got["q25"], np.sort(seeds, axis=0)[:2].mean(axis=0), rtol=1e-12)
            np.testing.assert_allclose(got["q75"], np.sort(seeds, axis=0)[1:].mean(axis=0), rtol=1e-12)
            assert set(got["running"]) == {3}


def test_a_run_that_stopped_early_stays_in_the_band(figures: dict[str, Figure]) -> None:
    got = points(figures["loss"].frame(), method="adamw", panel="validation")
    assert got["running"].tolist() == [3] * 20 + [2] * 10
    assert np.isfinite(got["median"]).all()


def test_the_drawn_line_is_the_table(figures: dict[str, Figure]) -> None:
    frame = points(figures["loss"].frame(), method="adam", panel="validation")
    line = next(t for t in figures["loss"].data if t["legendgroup"] == "adam" and t["showlegend"])
    assert line["x"] == frame["epoch"].tolist()
    np.testing.assert_allclose(line["y"], frame["median"], rtol=1e-5)
    bands = [t for t in figures["loss"].data if t["legendgroup"] == "adam" and t.get("fill")]
    band = next(t for t in bands if t["xaxis"] == line["xaxis"])
    np.testing.assert_allclose(band["y"][:30], frame["q75"], rtol=1e-5)
    np.testing.assert_allclose(band["y"][30:], frame["q25"][::-1], rtol=1e-5)


def test_references_are_level_neutral_dashed_lines(records: Records, figures: dict[str, Figure]) -> None:
    row = next(r for r in records.ranking["tasks"][0]["rows"] if r["method"] == "boosting")
    for key, value in (("loss", row["loss"]), ("metric", row["metric"])):
        assert set(points(figures[key].frame(), method="boosting", panel="test")["median"]) == {value}
        line = next(t for t in figures[key].data if t["legendgroup"] == "boosting")
        assert line["line"]["color"] == "#5d6675"
        assert line["line"]["dash"] != "solid"


def test_sensitivity_counts_divergence_as_infinite(records: Records, figures: dict[str, Figure]) -> None:
    frame = figures["learning-rate"].frame()
    assert set(frame["method"]).isdisjoint({"varpro", "search", "linear", "boosting"})
    got = points(frame, method="sgd")
    losses = records.tasks[0].records["sgd"].arrays["test_loss"]
    expected = np.sort(np.where(np.isnan(losses), np.inf, losses), axis=1)[:, 1]
    np.testing.assert_array_equal(got["median"], expected)
    assert got["diverged"].tolist() == [0, 0, 0, 1, 3]
    assert got["chosen"].tolist() == [False, False, True, False, False]
    crosses = [t for t in figures["learning-rate"].data if t["legendgroup"] == "sgd"][1]
    assert (crosses["x"], crosses["marker"]["symbol"]) == ([1.0], "x")


def test_bars_are_the_ranking(records: Records, figures: dict[str, Figure]) -> None:
    rows, figure = records.ranking["tasks"][0]["rows"], figures["final-loss"]
    frame = figure.frame()
    assert frame["method"].tolist() == [row["method"] for row in rows]
    for key in ("loss", "loss_low", "loss_high"):
        expected = [np.nan if row[key] is None else row[key] for row in rows]
        np.testing.assert_array_equal(frame[key], expected)
    bars = figure.data[0]
    whiskers = np.array(bars["error_x"]["array"][:-1], dtype=float)
    np.testing.assert_allclose(whiskers, (frame["loss_high"] - frame["loss"])[:-1], rtol=1e-4)
    assert bars["x"][-1] is None
    assert figure.layout["annotations"][-1]["text"] == "diverged"


def test_one_method_has_one_look_in_all_figures(figures: dict[str, Figure]) -> None:
    looks: dict[str, set[tuple[str, str]]] = {}
    for key in ("loss", "metric", "learning-rate"):
        for trace in figures[key].data:
            if "lines" in trace["mode"] and not trace.get("fill"):
                looks.setdefault(trace["legendgroup"], set()).add(
                    (trace["line"]["color"], trace["line"]["dash"])
                )
    assert {len(seen) for seen in looks.values()} == {1}
    assert len(set.union(*looks.values())) == len(looks)
    bars = zip(figures["final-loss"].columns["method"], figures["final-loss"].data[0]["marker"]["color"])
    assert all(colour[:7] == next(iter(looks[m]))[0] for m, colour in bars if m in looks)


@pytest.mark.parametrize("key", KEYS)
def test_csv_is_the_frame(figures: dict[str, Figure], key: str) -> None:
    read = pd.read_csv(io.StringIO(figures[key].csv()))
    pd.testing.assert_frame_equal(read, figures[key].frame(), rtol=1e-8, check_dtype=False)


def test_csv_quotes_hostile_names(writer: Any) -> None:
    hostile = 'a,"b"\n=c'
    writer.ranking["tasks"][0]["rows"][0]["label"] = hostile
    figure = task_figures(load_records(writer.write()).tasks[0])[-1]
    assert next(csv.DictReader(io.StringIO(figure.csv())))["label"] == hostile


def test_losses_are_logarithmic_over_a_decade_and_near_divergence_does_not_flatten_them(writer: Any) -> None:
    _, arrays = writer.containers["digits--gd.safetensors"]
    arrays["validation_loss"][2] = 1e9
    loss = task_figures(load_records(writer.write()).tasks[0])[0]
    axis = loss.layout["yaxis"]
    assert axis["type"] == "log"
    lowest = loss.frame()["median"].min()
    assert 10 ** axis["range"][0] < lowest
    assert 10 ** axis["range"][1] < 2000 * lowest
    assert "a thousand times" in loss.caption


def test_a_very_negative_r2_is_off_the_axis_and_the_caption_says_so(writer: Any) -> None:
    _, arrays = writer.containers["diabetes--gd.safetensors"]
    arrays["validation_metric"][:, :, 0] = -80.0
    metric = task_figures(load_records(writer.write()).tasks[1])[1]
    assert metric.layout["yaxis"]["range"][0] == -0.5
    assert "-0.5" in metric.caption
    assert metric.frame()["median"].min() == -80.0


def test_a_method_that_diverged_at_every_learning_rate_has_crosses_and_no_curve(writer: Any) -> None:
    header, arrays = writer.containers["digits--sgd.safetensors"]
    arrays["test_loss"][:] = np.nan
    header["best"] = None
    row = next(r for r in writer.ranking["tasks"][0]["rows"] if r["method"] == "sgd")
    row |= dict.fromkeys(("metric", "loss", "metric_low", "metric_high", "loss_low", "loss_high"))
    loss, _, rates, bars = task_figures(load_records(writer.write()).tasks[0])
    assert points(loss.frame(), method="sgd").empty
    assert np.isinf(points(rates.frame(), method="sgd")["median"]).all()
    assert np.isnan(points(bars.frame(), method="sgd")["loss"]).all()


def test_a_task_without_curves_has_only_its_bars(writer: Any) -> None:
    task = writer.ranking["tasks"][0]
    task["rows"] = [row for row in task["rows"] if row["family"] == "reference"]
    assert [f.key for f in task_figures(load_records(writer.write()).tasks[0])] == ["final-loss"]
    task["rows"] = []
    assert task_figures(load_records(writer.write()).tasks[0]) == []


def test_single_precision_records_and_zero_losses_are_drawn(writer: Any) -> None:
    for header, arrays in writer.containers.values():
        for key in ("train_loss", "validation_loss", "test_loss"):
            arrays[key] = arrays[key].astype(np.float32)
        if header["method"] == "adam":
            arrays["train_loss"][..., -1] = 0.0
    loss = task_figures(load_records(writer.write()).tasks[0])[0]
    got = points(loss.frame(), method="adam", panel="train")
    assert got["median"].iloc[-1] == 0.0
    train = next(t for t in loss.data if t["legendgroup"] == "adam" and "y" in t and not t.get("fill"))
    assert train["y"][-1] is None  # a logarithmic axis has no place for it
    assert loss.layout["yaxis"]["type"] == "log"
