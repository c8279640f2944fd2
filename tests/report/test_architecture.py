"""The page of an architecture search, from synthetic records."""

import json
import re
from pathlib import Path

import pytest

from neuralopt.core.errors import StorageError
from neuralopt.report import architecture_figures, build_report, load_architecture

KEYS = ["search", "front-parameters", "front-multiply-adds", "lineage", "predictors-small"]


def row(arm, number, parent, score, cost):
    return {
        "arm": arm,
        "number": number,
        "parent": parent,
        "inherited": parent is not None,
        "architecture": f"net {arm} <{number}>",
        "score": score,
        "metric": score,
        "parameters": 10 * cost,
        "multiply_adds": cost,
        "latency_ms": None,
        "epochs": 5,
        "seconds": 0.1,
    }


def facts():
    rows = [row("search", 0, None, 0.5, 100), row("search", 1, 0, 0.8, 300), row("search", 2, 1, 0.7, 2000)]
    rows += [
        row("random", 0, None, 0.6, 200),
        row("random", 1, None, None, 50),
        row("random", 2, None, 0.4, 80),
    ]
    return {
        "format": "neuralopt-architecture",
        "version": 1,
        "neuralopt": "0.1.0",
        "title": "digits <i>",
        "created": "2026-11-20T19:30:00+00:00",
        "machine": {"cores": 2},
        "config": {"strategy": "ageing", "predictor": "early_stopping"},
        "summary": ["Best of 3 architectures.", "random search: 0.6"],
        "task": {"kind": "classification", "target": "digit", "notes": ["a note"]},
        "model": "runs/digits.safetensors",
        "metric": "accuracy",
        "space": {"name": "mlp", "title": "multi-layer perceptrons", "size": 252},
        "best": {"description": "net search <1>", "layers": ["4 inputs", "8 units </svg>", "3 outputs"]},
        "evaluations": rows,
        "lineage": [0, 1],
        "trained": {"search": {"validation": 0.91, "test": 0.9123}},
        "predictors": [
            {"table": "small", "predictor": "early_stopping", "epochs": 10, "of": 40, "tau": 0.76},
            {"table": "small", "predictor": "one full training", "epochs": 40, "of": 40, "tau": 0.85},
        ],
    }


def write(folder: Path, changed=None) -> Path:
    records = folder / "run" / "records"
    records.mkdir(parents=True)
    (records / "architecture.json").write_text(json.dumps(facts() | (changed or {})))
    return records


def test_the_page_holds_what_the_records_say(tmp_path):
    page = build_report(write(tmp_path))
    assert page == tmp_path / "run" / "report.html"
    text = page.read_text()
    for part in (
        "<h1>digits &lt;i&gt;</h1>",
        "net search &lt;1&gt;",
        "0.9123",
        "8 units &lt;/svg&gt;",
        "multi-layer perceptrons, 252 in all",
        "neuralopt predict runs/digits.safetensors new.csv",
    ):
        assert part in text
    assert "http://" not in re.sub(
        r'<script type="text/plain".*?</script>|xmlns="[^"]*"', "", text, flags=re.S
    )
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])
    assert [plot["csv"].splitlines()[0] != "" for plot in data["tasks"][0]] == [True] * len(KEYS)


def test_every_figure_has_its_data_as_a_table(tmp_path):
    drawn = {figure.key: figure for figure in architecture_figures(load_architecture(write(tmp_path)))}
    assert list(drawn) == KEYS
    search = drawn["search"].frame()
    assert search["best_so_far"].tolist() == [0.5, 0.8, 0.8, 0.6, 0.6, 0.6]
    assert search["epochs_spent"].tolist() == [5, 10, 15, 5, 10, 15]
    front = drawn["front-multiply-adds"].frame()
    kept = front[front["on_front"]].sort_values("multiply_adds")
    assert kept["metric"].tolist() == [0.4, 0.5, 0.6, 0.8]
    assert drawn["lineage"].frame()["number"].tolist() == [0, 1]
    assert drawn["predictors-small"].frame()["tau"].tolist() == [0.76, 0.85]


def test_a_search_without_a_model_has_a_page_too(tmp_path):
    text = build_report(write(tmp_path, {"model": None, "trained": {}})).read_text()
    assert "neuralopt predict" not in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"version": 2}, "format version 2; this neuralopt reads up to 1"),
        ({"format": "other"}, "was not written by neuralopt"),
        ({"evaluations": [{"arm": "search"}]}, "is damaged: it lacks number, parent"),
        ({"evaluations": []}, "is damaged: it lacks evaluations"),
    ],
)
def test_damaged_records_are_refused(tmp_path, changed, said):
    with pytest.raises(StorageError, match=said):
        build_report(write(tmp_path, changed))
