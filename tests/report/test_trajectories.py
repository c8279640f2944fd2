"""Figures of trajectories: drawn from the record alone, in the methods' colours, damaged ones left out."""

import io

import numpy as np
import pandas as pd
import plotly.graph_objects
import pytest

from neuralopt.report import build_report, load_records, task_figures
from neuralopt.report.palette import method_styles
from neuralopt.storage import write_container

KEYS = ["plane", "residual", "embedding", "slice", "surface"]
METHODS = ["adam", "nadamw", "adagrad", "sgd"]


def record(count=9):
    random, epoch = np.random.default_rng(0), np.arange(count, dtype=np.int32) * 3
    null = {"explained": 0.8, "low": 0.2, "high": 0.3, "flagged": False}
    header = {
        "task": "digits",
        "methods": METHODS,
        "far": ["sgd"],
        "labels": {"adam": "Adam", "nadamw": "NAdamW", "adagrad": "AdaGrad", "sgd": "SGD"},
        "loss": "cross-entropy",
        "loss_rows": 256,
        "explained": [0.6, 0.2, 0.1],
        "embedding": {"trustworthiness": 0.99, "continuity": 0.98, "stability": 0.02, "perplexity": 9.0},
        "random_walk": null,
        "random_walks": {m: null | {"flagged": m == "adagrad"} for m in METHODS},
    }
    arrays = {
        "grid/x": np.linspace(-5, 5, 25),
        "grid/y": np.linspace(-4, 4, 25),
        "grid/loss": 0.1 + np.add.outer(np.linspace(-4, 4, 25) ** 2, np.linspace(-5, 5, 25) ** 2),
        "slice_x": np.linspace(-1, 1, 5),
        "slice_plane": 1.2 + np.add.outer(np.linspace(-1, 1, 5) ** 2, np.linspace(-1, 1, 5)),
    }
    for m in METHODS:
        way = np.concatenate([np.zeros((1, 2)), random.normal(size=(count - 1, 2)).cumsum(axis=0)])
        arrays |= {f"{key}/{m}": way for key in (("embedding",) if m == "sgd" else ("plane", "embedding"))}
        arrays |= {
            f"epoch/{m}": epoch,
            f"embedding_epoch/{m}": epoch,
            f"distance/{m}": np.arange(count) + 0.5,
        }
        arrays |= {} if m == "sgd" else {f"residual/{m}": np.arange(count) / 3}
        arrays[f"slice/{m}"] = random.uniform(0.1, 1, 5)
    return header, arrays


def write(writer, header, arrays, name="digits--trajectories.safetensors"):
    folder = writer.folder
    writer.ranking["tasks"][0]["trajectories"] = name
    writer.write()
    if (folder / name).parent == folder:
        write_container(folder / name, kind="trajectories", version=1, header=header, arrays=arrays)
    return folder


def figures(folder):
    return {f.key: f for f in task_figures(load_records(folder).tasks[0])}


def test_figures_are_the_record(writer):
    header, arrays = record()
    drawn = figures(write(writer, header, arrays))
    assert list(drawn)[-5:] == KEYS
    for key in KEYS:
        figure = drawn[key]
        assert len(plotly.graph_objects.Figure(figure.plotly()).data) == len(figure.data)
        read = pd.read_csv(io.StringIO(figure.csv()))
        pd.testing.assert_frame_equal(read, figure.frame().replace("", np.nan), rtol=1e-6, check_dtype=False)
    for key, part in (("plane", "plane"), ("embedding", "embedding")):
        frame = drawn[key].frame().query("method == 'adam'")
        np.testing.assert_allclose(frame[["x", "y"]].astype(float), arrays[f"{part}/adam"], rtol=1e-5)
    grid = drawn["plane"].frame().query("method == 'grid'")["loss"].to_numpy(float)
    np.testing.assert_allclose(grid, arrays["grid/loss"].ravel(), rtol=1e-4)
    residual = drawn["residual"].frame().query("method == 'nadamw'")
    np.testing.assert_allclose(residual["residual"].astype(float), arrays["residual/nadamw"], rtol=1e-5)
    surface = drawn["surface"].frame().pivot(index="second", columns="first", values="loss")
    np.testing.assert_allclose(surface.to_numpy(), arrays["slice_plane"], rtol=1e-4)
    np.testing.assert_allclose(10.0 ** np.array(drawn["surface"].data[0]["z"], float), surface, rtol=2e-3)
    assert drawn["surface"].title == "Loss around the model of Adam"


def test_colours_are_those_of_the_other_figures_and_the_start_is_marked(writer):
    drawn = figures(write(writer, *record()))
    styles = method_styles({"tasks": [writer.ranking["tasks"][0]]})
    for key in KEYS[:4]:
        lines = [t for t in drawn[key].data if "legendgroup" in t]
        expected = METHODS[:3] if key in ("plane", "residual") else METHODS
        assert [t["legendgroup"] for t in lines] == expected
        assert all(t["line"]["color"] == styles[t["legendgroup"]].colour[0] for t in lines)
    for key in ("plane", "embedding"):
        start = drawn[key].data[-1]
        assert (start["name"], start["x"], start["y"]) == ("start", [0.0], [0.0])


def test_captions_say_what_the_figures_are_worth(writer):
    header, arrays = record()
    drawn = figures(write(writer, header, arrays))
    assert "trustworthiness 0.990" in drawn["embedding"].caption
    assert "continuity 0.980" in drawn["embedding"].caption
    assert "80% of their variance" in drawn["plane"].caption
    assert "20% to 30%, so the plane shows more than chance" in drawn["plane"].caption
    assert "no more planar than a random walk: AdaGrad." in drawn["plane"].caption
    assert "Left out, for they went much farther than the others: SGD." in drawn["plane"].caption
    header["random_walk"] = header["random_walk"] | {"flagged": True}
    header["embedding"] = header["embedding"] | {"trustworthiness": 0.7, "stability": 0.4}
    drawn = figures(write(writer, header, arrays))
    assert "cannot be told from random walks" in drawn["plane"].caption
    assert "do not read much into it. Other starts give clearly another" in drawn["embedding"].caption


@pytest.mark.parametrize(
    ("harm", "text"),
    [
        (lambda h, a: h.pop("explained"), "its header lacks explained"),
        (lambda h, a: h.update(task="other"), "it belongs to 'other'"),
        (lambda h, a: h["methods"].append("new"), "the ranking has no new"),
        (lambda h, a: a.pop("plane/adam"), "it lacks the array plane/adam"),
        (
            lambda h, a: a.update({"residual/adam": np.zeros(2)}),
            "residual/adam has another length than epoch",
        ),
        (lambda h, a: a.update({"slice/sgd": np.zeros(2)}), "slice/sgd has another length than slice_x"),
        (lambda h, a: a.update({"grid/loss": np.zeros((2, 2))}), "the grid's losses do not fit"),
    ],
)
def test_a_damaged_record_costs_its_figures_only(writer, harm, text):
    header, arrays = record()
    header["methods"] = list(header["methods"])
    harm(header, arrays)
    records = load_records(write(writer, header, arrays))
    assert len(records.problems) == 1
    assert text in records.problems[0]
    assert [f.key for f in task_figures(records.tasks[0])] == [
        "loss",
        "metric",
        "learning-rate",
        "final-loss",
    ]
    build_report(writer.folder)


@pytest.mark.parametrize("name", ["../x.safetensors", "absent.safetensors"])
def test_a_name_that_is_no_file_there(writer, name):
    records = load_records(write(writer, *record(), name="digits--trajectories.safetensors"))
    assert records.problems == ()
    (writer.folder / "digits--trajectories.safetensors").unlink()
    writer.ranking["tasks"][0]["trajectories"] = name
    writer.write()
    assert "trajectories on digits could not be read" in load_records(writer.folder).problems[0]
