"""The page of a joint fit, from synthetic records."""

import base64
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from neuralopt.core.errors import StorageError
from neuralopt.report import build_report, joint_figures, joint_table, load_joint
from neuralopt.storage import write_container

NAMES = ("affine", "real only", "simulator")
KEYS = ["candidates", "shift", "lambda-path", "distances", "training", "residuals", "intervals"]


def facts() -> dict:
    rows = [
        {
            "candidate": name,
            "loo_error": 0.1 * 3**i,
            "standard_error": 0.01,
            "beyond_cover": None,
            "complexity": i,
            "weight": float(i == 0),
            "chosen": i == 0,
        }
        for i, name in enumerate(NAMES)
    ]
    return {
        "format": "neuralopt-joint",
        "version": 1,
        "neuralopt": "0.1.0",
        "title": "wells <b>",
        "created": "2026-11-20T19:30:00+00:00",
        "machine": {"cores": 2},
        "config": {"hidden": [8]},
        "model": "runs/wells.safetensors",
        "summary": ["The simulator helped."],
        "notes": [],
        "task": "regression",
        "target": "flow",
        "targets": ["flow"],
        "n_sim": 50,
        "n_real": 12,
        "features": ["r", "T</script>"],
        "candidates": rows,
        "chosen": "affine",
        "converged": True,
        "before": 0.9,
        "after": 0.1,
        "accuracy": None,
        "shift": {
            "auc": 0.6,
            "worst": "input r: far",
            "mean_difference": [0.5, -0.1],
            "log_ratio": [0.0, 1.0],
        },
        "cover": {"beyond": 0.25, "gap": 1.5},
        "coverage": 0.9,
    }


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    value = rng.normal(size=(12, 1))
    return {
        "history/supervised_loss": np.geomspace(1, 1e-4, 20),
        "history/alignment_error": np.append(np.full(5, np.nan), np.full(15, 0.2)),
        "path/lambda": np.logspace(-3, 3, 7),
        "path/loo": np.array([0.9, 0.5, 0.3, 0.1, 0.2, 0.3, 0.4]),
        "path/dof": np.linspace(8, 1, 7),
        "near/sim_to_real": rng.uniform(size=50),
        "near/real_to_sim": rng.uniform(size=12),
        "near/real_to_real": rng.uniform(size=12),
        "real/value": value,
        "real/left_out": value + 0.1,
        "real/simulated": value + 1.0,
        "real/weight": np.ones(12),
        "real/half_width": np.linspace(0.3, 0.4, 12)[:, None],
    }


def write(folder: Path, changed: dict | None = None, columns: dict | None = None) -> Path:
    records = folder / "run" / "records"
    records.mkdir(parents=True)
    (records / "joint.json").write_text(json.dumps(facts() | (changed or {})))
    held = arrays() | (columns or {})
    write_container(records / "joint.safetensors", kind="joint-record", version=1, header={}, arrays=held)
    return records


def figures(records: Path) -> dict:
    return {figure.key: figure for figure in joint_figures(load_joint(records))}


def test_the_page_holds_what_the_records_say(tmp_path):
    page = build_report(write(tmp_path))
    assert page == tmp_path / "run" / "report.html"
    text = page.read_text()
    for part in (
        "<h1>wells &lt;b&gt;</h1>",
        "The simulator helped.",
        "0.900 before, the simulator&#39;s network as it is; 0.100 after",
        "AUC 0.60",
        "25% of the simulated rows lie beyond the cover",
        "neuralopt predict runs/wells.safetensors new.csv",
    ):
        assert part in text
    assert all(name in text for name in NAMES)
    assert "http://" not in re.sub(r'<script type="text/plain".*?</script>', "", text, flags=re.S)
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])
    tables = [gzip.decompress(base64.b64decode(plot["csv"])).decode() for plot in data["tasks"][0]]
    assert tables == [figure.csv() for figure in joint_figures(load_joint(page.parent / "records"))]
    assert build_report(page.parent / "records", tmp_path / "again.html").read_text() == text


def test_every_figure_has_its_data_as_a_table(tmp_path):
    drawn = figures(write(tmp_path))
    assert list(drawn) == KEYS
    assert drawn["candidates"].frame()["candidate"].tolist() == list(NAMES)
    assert drawn["shift"].frame()["mean_difference"].tolist() == [0.5, -0.1]
    assert drawn["lambda-path"].frame()["loo_error"].min() == 0.1
    assert drawn["lambda-path"].data[1]["x"] == [1.0]
    shares = drawn["distances"].frame().groupby("kind")["share"].sum()
    np.testing.assert_allclose(shares, 1)
    assert len(shares) == 3
    np.testing.assert_allclose(drawn["residuals"].frame()["residual"], -0.1)
    held = drawn["intervals"].frame()
    np.testing.assert_allclose(held["high"] - held["low"], 2 * np.linspace(0.3, 0.4, 12))
    assert held["inside"].all()
    assert "100% of these rows lie inside" in drawn["intervals"].caption


def test_too_few_rows_for_an_interval(tmp_path):
    drawn = figures(write(tmp_path, columns={"real/half_width": np.full((12, 1), np.nan)}))["intervals"]
    assert "too few real rows for an interval that holds 90 %" in drawn.caption
    assert "error_y" not in drawn.data[0]


def test_several_targets_share_the_figures(tmp_path):
    two = {
        f"real/{k}": np.hstack([arrays()[f"real/{k}"], 1e6 * arrays()[f"real/{k}"]])
        for k in ("value", "left_out", "simulated", "half_width")
    }
    drawn = figures(write(tmp_path, {"targets": ["a", "b"]}, two))
    assert drawn["residuals"].frame()["target"].tolist() == ["a"] * 12 + ["b"] * 12
    y = np.array(drawn["residuals"].data[0]["y"])
    np.testing.assert_allclose(y[:12], y[12:], rtol=1e-5)


def test_classes_have_no_residuals(tmp_path):
    records = write(tmp_path, {"task": "classification", "accuracy": [0.5, 0.9]})
    assert list(figures(records)) == KEYS[:5]
    assert "Accuracy: 0.500 before, 0.900 after" in build_report(records).read_text()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda held: held | {"version": 9}, "has format version 9; this neuralopt reads up to 1"),
        (lambda held: held | {"format": "other"}, "was not written by neuralopt"),
        (lambda held: {k: v for k, v in held.items() if k != "shift"}, "is damaged: it lacks shift"),
    ],
)
def test_damaged_records(tmp_path, change, sentence):
    records = write(tmp_path)
    (records / "joint.json").write_text(json.dumps(change(facts())))
    with pytest.raises(StorageError, match=sentence):
        build_report(records)


def test_records_that_are_no_json(tmp_path):
    records = write(tmp_path)
    (records / "joint.json").write_text("{")
    with pytest.raises(StorageError, match="cannot be read"):
        build_report(records)


def test_findings_name_their_page(tmp_path):
    found = {
        "code": "NOPT006",
        "title": "Few",
        "cause": "<c>",
        "cure": "u",
        "methods": [],
        "page": "docs/a.md",
    }
    text = build_report(write(tmp_path, {"findings": [found]})).read_text()
    assert "NOPT006" in text
    assert "&lt;c&gt;" in text
    assert "<code>docs/a.md</code>" in text
    assert "<h3>Findings</h3>" not in build_report(write(tmp_path / "none")).read_text()
    lines = joint_table(facts() | {"findings": [found]})[1].renderable.plain.splitlines()
    assert lines[-1] == "NOPT006 Few. See docs/a.md."
