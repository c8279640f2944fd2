"""The page as text: complete, deterministic, small, quick and safe. test_browser.py opens it."""

import base64
import gzip
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.report import build_report

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"q\" 'q' ğüşiöçİ \u2028\u2029"


def html(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def data(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    read = json.loads(found[1])
    for figure in (each for task in read["tasks"] for each in task):
        figure["csv"] = gzip.decompress(base64.b64decode(figure["csv"])).decode()
    return read


def test_the_page_lies_beside_the_records_unless_told_otherwise(writer: Any, tmp_path: Path) -> None:
    folder = writer.write()
    assert build_report(folder) == folder.parent / "report.html"
    assert build_report(str(folder), tmp_path / "new" / "page.html") == tmp_path / "new" / "page.html"
    assert html(tmp_path / "new" / "page.html") == html(folder.parent / "report.html")


def test_the_same_records_give_the_same_page_in_another_process(writer: Any, tmp_path: Path) -> None:
    first = build_report(writer.write()).read_bytes()
    copy = shutil.copytree(writer.folder, tmp_path / "elsewhere" / "records")
    code = "import sys; from neuralopt.report import build_report; build_report(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(copy)], check=True)
    assert (copy.parent / "report.html").read_bytes() == first


def test_two_tasks_of_fourteen_methods_and_a_hundred_epochs_are_small_and_quick(
    make_writer: Any, tmp_path: Path
) -> None:
    folder = make_writer(tmp_path / "records", epochs=100).write()
    start = time.perf_counter()
    page = build_report(folder)
    assert time.perf_counter() - start <= 2.0
    assert page.stat().st_size <= 5_000_000


def test_building_needs_neither_pandas_nor_plotly_objects_nor_jax(writer: Any) -> None:
    code = (
        "import sys; from neuralopt.report import build_report; build_report(sys.argv[1]); "
        "print(*({'pandas', 'plotly.graph_objects', 'jax', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(writer.write())], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == ""


def test_verdict_intervals_findings_model_and_facts_are_in_the_text(writer: Any) -> None:
    text = html(build_report(writer.write()))
    row = writer.ranking["tasks"][0]["rows"][0]
    for expected in (
        f"<b>{row['metric']:.3f}</b>",
        f"[{row['metric_low']:.3f}, {row['metric_high']:.3f}]",
        "neuralopt predict neuralopt-runs/digits/best.safetensors new.csv",
        "NOPT001",
        "The best learning rate is the largest that was tried.",
        "Widen the range.",
        "Gradient descent, full batch</dd>",
        "3 constant columns were dropped.",
        "1,257 training, 270 validation and 270 test rows",
        "run of 2026-11-20 19:30 UTC",
        "<dt>NPROC</dt><dd>1</dd>",
        "<dt>hidden</dt><dd>[64]</dd>",
        "<noscript>",
        "Every run diverged.",
    ):
        assert expected in text, expected
    assert text.count('class="point"') == 26  # one interval for each method that finished


def test_the_data_of_every_figure_are_in_the_page(writer: Any) -> None:
    tasks = data(html(build_report(writer.write())))["tasks"]
    assert [[f["file"] for f in task] for task in tasks] == [
        [f"{name}-{key}" for key in ("loss", "metric", "learning-rate", "final-loss")]
        for name in ("digits", "diabetes")
    ]
    assert all(figure["csv"].count("\n") > 14 for task in tasks for figure in task)


def test_the_drawing_library_is_the_installed_one(writer: Any) -> None:
    import plotly.offline

    packed = re.search(r'id="plotly">([^<]*)<', html(build_report(writer.write())))
    assert packed
    assert gzip.decompress(base64.b64decode(packed[1])).decode() == plotly.offline.get_plotlyjs()


def test_nothing_in_the_page_is_fetched(writer: Any) -> None:
    text = html(build_report(writer.write()))
    assert "default-src 'none'" in text
    assert re.findall(r"<(?:link|img|iframe|object|embed|base|form)\b[^>]*", text) == [
        '<link rel="icon" href="data:,"'
    ]
    assert re.findall(r"<script[^>]*\bsrc=|@import|url\(", text) == []
    assert set(re.findall(r"https?://\S+", text)) == set()


def test_hostile_names_cannot_leave_their_place(writer: Any) -> None:
    task = writer.ranking["tasks"][0]
    writer.ranking["title"] = task["target"] = task["notes"][0] = HOSTILE
    row = task["rows"][0]
    row["label"] = HOSTILE
    text = html(build_report(writer.write()))
    assert "<script>alert" not in text
    assert "<img" not in text
    assert text.count("<script") == 3
    loss = data(text)["tasks"][0][0]
    assert HOSTILE.splitlines()[0][:40] in loss["csv"]
    assert all("<script" not in trace["name"] for trace in loss["data"])
    assert not set("<>&\u2028\u2029") & set(
        re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1]  # pyright: ignore[reportOptionalSubscript]
    )


def test_a_hostile_model_path_is_quoted_for_the_shell(writer: Any) -> None:
    writer.ranking["tasks"][0]["best_model"] = "a b; rm -rf x.safetensors"
    assert "neuralopt predict &#39;a b; rm -rf x.safetensors&#39; new.csv" in html(
        build_report(writer.write())
    )


def test_an_unreadable_record_and_an_unfinished_run_are_visible(writer: Any) -> None:
    writer.ranking["complete"] = False
    folder = writer.write()
    (folder / "digits--adam.safetensors").unlink()
    text = html(build_report(folder))
    assert "The run is not complete." in text
    assert "1 record could not be read." in text
    assert "digits--adam.safetensors" in text
    assert "Adam</th>" in text  # still ranked


def test_a_run_without_tasks_or_winners_still_has_a_page(writer: Any) -> None:
    for row in writer.ranking["tasks"][0]["rows"]:
        row |= dict.fromkeys(("metric", "metric_low", "metric_high", "loss", "loss_low", "loss_high"))
    writer.ranking["tasks"][0]["best_model"] = None
    text = html(build_report(writer.write()))
    assert "No winner" in text
    assert "No model was saved for this task." in text
    writer.ranking["tasks"] = []
    writer.ranking["created"] = "last night"
    text = html(build_report(writer.write()))
    assert "No task was finished." in text
    assert "run of last night" in text


def test_an_output_that_cannot_be_written_is_refused_and_nothing_is_left(writer: Any, tmp_path: Path) -> None:
    folder = writer.write()
    with pytest.raises(StorageError, match=r"it is a folder\. Give the path of a file inside it"):
        build_report(folder, tmp_path)
    with pytest.raises(InvalidArgument, match="There is no folder"):
        build_report(tmp_path / "none", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_the_page_is_replaced_whole_or_not_at_all(writer: Any) -> None:
    page = build_report(writer.write())
    before = page.read_bytes()
    (writer.folder / "ranking.json").write_text("{")
    with pytest.raises(StorageError):
        build_report(writer.folder)
    assert page.read_bytes() == before
    assert sorted(p.name for p in page.parent.iterdir()) == ["records", "report.html"]
