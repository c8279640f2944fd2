"""A full disk, Ctrl-C, kill -9, damaged records: what was done is kept, and --resume ends the same."""

import errno
import importlib
import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from neuralopt.storage import loads, read_container

COMPARE = importlib.import_module("neuralopt.benchmark.compare")  # the package gives the function
RUN = ("data.csv", "-t", "kind", "-o", "out")


@pytest.fixture(autouse=True)
def table(workplace, kinds):
    kinds.to_csv("data.csv", index=False)


def timeless(folder):
    """Return everything that the tables and the report are made from, but for measured seconds and dates."""
    ranking = loads(Path(folder, "records/ranking.json").read_bytes())
    for task in ranking["tasks"]:
        task["best_model"] = Path(task["best_model"]).name
    held = {}
    for path in sorted(Path(folder, "records").glob("*.safetensors")):
        record = read_container(path, kind="record", version=1)
        header = {k: v for k, v in record.header.items() if k != "seconds"}
        held[path.name] = (header, {name: array.tobytes() for name, array in record.arrays.items()})
    models = {p.name: p.read_bytes() for p in sorted(Path(folder).glob("*.model.safetensors"))}
    del ranking["created"], ranking["title"]
    return Path(folder, "ranking.csv").read_bytes(), ranking, held, models


def leftovers(folder):
    return [name for _, _, names in os.walk(folder) for name in names if name.endswith(".tmp")]


class FullDisk:
    """The operating system's write, which fails from the n-th file on."""

    def __init__(self, after):
        self.after, self.seen, self.write = after, 0, os.write

    def __call__(self, handle, data):
        if os.fstat(handle).st_size == 0:
            self.seen += 1
        if self.seen > self.after:
            self.write(handle, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.write(handle, data)


def test_a_disk_that_is_full_at_any_file(compare, files, monkeypatch):
    assert compare(*RUN[:-1], "whole").code == 0
    whole = timeless("whole")
    count = len([f for f in files() if f.startswith("whole/") and Path(f).is_file()])
    before = files()
    # the probe, the manifest, the first and the last record, the model, a table, the report
    for after in (0, 1, 2, 4, 5, count - 2, count):
        with monkeypatch.context() as patch:
            patch.setattr("neuralopt.storage.atomic.os.write", FullDisk(after))
            outcome = compare(*RUN)
        assert outcome.code == 2
        assert "cannot be written: no space left for it (" in outcome.said
        assert "Free some space" in outcome.said
        assert "Traceback" not in outcome.err
        if after < 2:  # nothing was begun
            assert files() == before
            continue
        assert not leftovers("out")
        assert ("--resume" if after < count else "neuralopt report out/records") in outcome.said
        for path in Path("out/records").glob("*.safetensors"):
            read_container(path, kind="record", version=1)
        assert compare(*RUN, "--resume").code == 0
        assert timeless("out") == whole
        for name in sorted(f for f in files() if f not in before)[::-1]:
            Path(name).unlink() if Path(name).is_file() else Path(name).rmdir()


@pytest.mark.parametrize("damage", [b"", b"\x00", "flip", "cut", "gone"])
def test_a_damaged_record_is_made_again(compare, damage):
    compare(*RUN)
    whole, path = timeless("out"), Path("out/records/data--sgd.safetensors")
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "flip":
        content[-5] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(content[:-9] if damage == "cut" else damage)
    assert compare(*RUN, "--resume").code == 0
    assert timeless("out") == whole


def test_resuming_a_complete_run_rewrites_the_tables_only(compare):
    compare(*RUN)
    whole = timeless("out")
    records = {p: p.stat().st_mtime_ns for p in Path("out/records").glob("*.safetensors")}
    Path("out/ranking.csv").unlink()
    Path("out/records/ranking.json").unlink()
    Path("out/.neuralopt-0123.tmp").write_text("left by kill -9")
    assert compare(*RUN, "--resume").code == 0
    assert timeless("out") == whole
    assert {p: p.stat().st_mtime_ns for p in records} == records
    assert not leftovers("out")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (("--seeds", "3"), "seeds 2 before, now 3"),
        (("--rates", "3"), "rates 2 before, now 3"),
        (("--epochs", "3"), "epochs 2 before, now 3"),
        (("--hidden", "3,3"), "hidden 3 before, now 3, 3"),
        (
            ("--optimizers", "gd"),
            "methods linear, boosting, sgd, nadamw before, now linear, boosting, gd, nadamw",
        ),
        (("--batch-size", "8"), "batch size 32 before, now 8"),
        (
            ("--seed", "1"),
            "the table data has changed (its file, or --target, --task, --missing, --drop or --seed)",
        ),
        (("--drop", "a"), "the table data has changed"),
    ],
)
def test_another_comparison_is_not_resumed(compare, files, changed, sentence):
    compare(*RUN)
    before = timeless("out")
    outcome = compare(*RUN, "--resume", *changed)
    assert outcome.code == 2
    assert "cannot resume 'out', which is another comparison: " in outcome.said
    assert sentence in outcome.said
    assert "start anew without --resume" in outcome.said
    assert timeless("out") == before


def test_changed_data_are_not_resumed(compare, kinds):
    compare(*RUN)
    kinds.rename(columns={"a": "A"}).to_csv("data.csv", index=False)
    assert "the table data has changed" in compare(*RUN, "--resume").said


@pytest.mark.parametrize("content", ["{", "[1]", '{"tasks": 3}', ""])
def test_a_damaged_manifest(compare, content):
    compare(*RUN)
    Path("out/manifest.json").write_text(content)
    outcome = compare(*RUN, "--resume")
    assert outcome.code == 2
    assert "'out/manifest.json' " in outcome.said
    assert "start anew without --resume" in outcome.said


def test_folders_are_numbered_and_the_latest_is_resumed(compare):
    run = RUN[:-2]
    for _ in range(3):
        assert compare(*run).code == 0
    base = Path("neuralopt-runs")
    assert sorted(p.name for p in base.iterdir()) == ["data", "data-2", "data-3"]
    assert timeless(base / "data") == timeless(base / "data-3")
    for k in ("data", "data-2", "data-3"):
        (base / k / "ranking.csv").unlink()
    assert compare(*run, "--resume").code == 0
    assert [p.parent.name for p in base.glob("*/ranking.csv")] == ["data-3"]


def test_ctrl_c_before_anything_is_done(compare, monkeypatch):
    def stop(*args):
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(COMPARE, "read_record", stop)
        outcome = compare(*RUN)
    assert outcome.code == 130
    assert "Interrupted: what was done is kept. Give the same command with --resume to go on." in outcome.out
    ranking = json.loads(Path("out/records/ranking.json").read_text())
    assert (ranking["complete"], len(ranking["tasks"][0]["rows"])) == (False, 1)


def test_ctrl_c_with_nothing_done(compare, monkeypatch):
    """The first method is stopped half-way: there is no row, no report, and no crash."""

    def stop(method, task, budget, progress):
        os.kill(os.getpid(), signal.SIGINT)
        return

    with monkeypatch.context() as patch:
        patch.setattr(COMPARE, "run_method", stop)
        outcome = compare(*RUN)
    assert outcome.code == 130
    assert "Interrupted" in outcome.out
    assert not list(Path("out").glob("*.html"))
    assert compare(*RUN, "--resume").code == 0
    assert Path("out/report.html").is_file()


def test_ctrl_c_while_a_reference_line_runs(compare, monkeypatch):
    """Boosting stops between its trees; the linear model, done before, is ranked."""
    compare(*RUN[:-1], "whole")
    with monkeypatch.context() as patch:
        real = __import__("neuralopt.benchmark.references", fromlist=["_grow"])._grow

        def grow(*args):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            return real(*args)

        patch.setattr("neuralopt.benchmark.references._grow", grow)
        outcome = compare(*RUN)
    assert outcome.code == 130
    assert [p.name for p in Path("out/records").glob("*.safetensors")] == ["data--linear.safetensors"]
    assert Path("out/report.html").is_file()
    assert compare(*RUN, "--resume").code == 0
    assert timeless("out") == timeless("whole")


def test_a_second_ctrl_c_ends_at_once(compare, monkeypatch):
    def stop_twice(*args):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("not reached")

    with monkeypatch.context() as patch:
        patch.setattr("neuralopt.benchmark.references._grow", stop_twice)
        outcome = compare(*RUN)
    assert outcome.code == 130
    assert "Traceback" not in outcome.err
    assert [p.name for p in Path("out/records").iterdir()] == ["data--linear.safetensors"]
    assert compare(*RUN, "--resume").code == 0


@pytest.mark.parametrize("signals", [[signal.SIGINT] * 2, [signal.SIGKILL] * 2])
def test_a_process_that_is_stopped_again_and_again(shell, signals):
    """Resumed until it ends, it gives what an uninterrupted process gives."""
    long = ("compare", "data.csv", "-t", "kind")
    options = ("--optimizers", "sgd,adam", "--rates", "2", "--seeds", "2", "--epochs", "30", "--hidden", "3")
    whole = shell(*long, "-o", "whole", *options)
    _, err = whole.communicate()
    assert whole.returncode == 0, err
    resume = ()
    for number in signals:
        before = len(list(Path("out/records").glob("*.safetensors")))
        process = shell(*long, "-o", "out", *options, *resume)
        _await_record(before, process)
        process.send_signal(number)
        _, err = process.communicate()
        assert process.returncode == (130 if number == signal.SIGINT else -number), err
        assert "Traceback" not in err
        resume = ("--resume",)
    process = shell(*long, "-o", "out", *options, "--resume")
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert timeless("out") == timeless("whole")
    assert not leftovers("out")


def _await_record(before, process):
    """Wait until the process has written a record more than there were."""
    end = time.monotonic() + 300
    while len(list(Path("out/records").glob("*.safetensors"))) == before:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def test_records_are_deterministic_between_seeds_of_hashing(shell):
    options = ("--optimizers", "sgd", "--rates", "2", "--seeds", "2", "--epochs", "2", "--hidden", "3")
    for name, seed in (("one", "1"), ("two", "2")):
        process = shell("compare", *RUN[:-1], name, *options, PYTHONHASHSEED=seed)
        _, err = process.communicate()
        assert process.returncode == 0, err
    assert timeless("one") == timeless("two")
    curves = read_container("one/records/data--sgd.safetensors", kind="record", version=1).arrays
    assert np.isfinite(curves["train_loss"]).all()
