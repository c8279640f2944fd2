"""Models that are refused, rows that are refused, and where predictions go."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from neuralopt.storage import read_container, write_container


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A comparison's folder, made once."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture(autouse=True)
def model(made, workplace, kinds, compare):
    kinds.to_csv("data.csv", index=False)
    if not (made / "out").exists():
        assert compare("data.csv", "-t", "kind", "-o", made / "out").code == 0
    shutil.copytree(made / "out", "out")
    return Path("out/data.model.safetensors")


@pytest.fixture
def refusal(cli, files):
    def run(*arguments):
        before = files()
        outcome = cli("predict", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.startswith("Error: ")
        assert files() == before
        return outcome.said

    return run


def test_every_flipped_byte_is_noticed(refusal, model):
    content = model.read_bytes()
    for place in np.linspace(0, len(content) - 1, 12).astype(int):
        model.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        said = refusal(model, "data.csv")
        assert any(word in said for word in ("is damaged", "is truncated", "is not a neuralopt file"))


@pytest.mark.parametrize("length", [0, 5, 200, -1])
def test_a_truncated_model(refusal, model, length):
    model.write_bytes(model.read_bytes()[:length])
    said = refusal(model, "data.csv")
    assert any(word in said for word in ("is truncated", "is empty (0 bytes)", "not in safetensors format"))


def test_a_foreign_file(refusal, model):
    save_file({"layers/0/W": np.eye(2)}, model)
    assert "is a safetensors file that neuralopt did not write" in refusal(model, "data.csv")


def test_a_record(refusal):
    said = refusal("out/records/data--sgd.safetensors", "data.csv")
    assert "holds a record, and a model is needed. Read it with: neuralopt report RECORDS" in said


def test_a_newer_model(refusal, model):
    held = read_container(model, kind="model", version=1)
    write_container(model, kind="model", version=2, header=held.header, arrays=held.arrays)
    said = refusal(model, "data.csv")
    assert "as model version 2, and this neuralopt reads up to version 1. Upgrade it" in said


@pytest.mark.parametrize("part", ["encoder", "mlp", "origin"])
def test_a_model_without_a_part(refusal, model, part):
    held = read_container(model, kind="model", version=1)
    header = {k: v for k, v in held.header.items() if k != part}
    write_container(model, kind="model", version=1, header=header, arrays=held.arrays)
    assert f"lacks a part that this version needs ('{part}')" in refusal(model, "data.csv")


def test_no_model(refusal):
    assert "There is no file 'out/data.model.safetensor'. Did you mean 'data.model.safetensors'?" in refusal(
        "out/data.model.safetensor", "data.csv"
    )


def test_wrong_width(refusal, model, kinds):
    kinds[["a", "c"]].to_csv("narrow.csv", index=False)
    said = refusal(model, "narrow.csv")
    assert "The table lacks 1 of the 3 feature columns that training had: 'b'. It has 'a', 'c'." in said


def test_a_name_that_is_nearly_right(refusal, model, kinds):
    kinds.rename(columns={"a": "A"}).to_csv("new.csv", index=False)
    assert "'a' (did you mean 'A'?)" in refusal(model, "new.csv")


def test_many_missing_columns_are_counted(refusal, cli, compare, kinds):
    rng = np.random.default_rng(0)
    wide = kinds.assign(**{f"column_{k}": rng.normal(size=60) for k in range(60)})
    wide.to_csv("wide.csv", index=False)
    assert compare("wide.csv", "-t", "kind", "-o", "wide").code == 0
    said = refusal("wide/wide.model.safetensors", "data.csv")
    assert "The table lacks 60 of the 63 feature columns that training had: 'column_0', " in said
    assert "'column_7' and 52 more. It has 'a'" in said
    assert "column_8" not in said


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("", "Column 'b' has 1 missing value (first in row 3)"),
        ("inf", "Column 'b' has 1 infinite value (first in row 3: inf)"),
        ("heavy", "Column 'b' is numeric and has text in 1 row (first in row 3: 'heavy')"),
    ],
)
def test_a_cell_that_cannot_be_used(refusal, model, kinds, cell, sentence):
    frame = kinds.astype({"b": object})
    frame.loc[2, "b"] = cell
    frame.to_csv("new.csv", index=False)
    assert sentence in refusal(model, "new.csv")


def test_one_row_in_another_order(cli, model, kinds):
    whole = cli("predict", model, "data.csv").out.splitlines()
    kinds.loc[[4], ["c", "kind", "a", "b"]].assign(more=1).to_csv("new.csv", index=False)
    outcome = cli("predict", model, "new.csv")
    header, row = outcome.out.splitlines()
    assert header == whole[0]
    assert row.split(",")[0] == whole[5].split(",")[0]
    np.testing.assert_allclose(
        [float(x) for x in row.split(",")[1:]], [float(x) for x in whole[5].split(",")[1:]], rtol=1e-5
    )


def test_predictions_in_a_file(cli, model):
    outcome = cli("predict", model, "data.csv", "-o", "deep/answer.csv")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.said == "Predictions for 60 rows: deep/answer.csv"
    assert Path("deep/answer.csv").read_text() == cli("predict", model, "data.csv").out


def test_predictions_are_written_whole_or_not_at_all(cli, refusal, model, monkeypatch):
    Path("answer.csv").write_text("earlier")

    def full(handle, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("neuralopt.storage.atomic.os.write", full)
    assert "'answer.csv' cannot be written: no space left for it" in refusal(
        model, "data.csv", "-o", "answer.csv"
    )
    assert Path("answer.csv").read_text() == "earlier"


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("answer.parquet", "predictions are written as CSV, got -o answer.parquet. Give a name in .csv."),
        ("out", "'out' cannot be written: it is a folder. Give the path of a file inside it."),
        ("data.csv", "-o data.csv would overwrite data.csv, which is read. Give another name."),
        ("data.csv/answer.csv", "a part of the folder 'data.csv' is a file. Choose another path."),
    ],
)
def test_an_output_that_cannot_be_written(refusal, model, output, sentence):
    assert sentence in refusal(model, "data.csv", "-o", output)


def test_a_reader_that_leaves_early(shell, model, kinds):
    """As in ``neuralopt predict ... | head -1``."""
    pd.concat([kinds] * 2000).to_csv("long.csv", index=False)
    process = shell("predict", model.resolve(), "long.csv")
    assert process.stdout.readline().startswith("kind,")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait()


def test_a_standard_output_without_room(model):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "neuralopt", "predict", str(model), "data.csv"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("Error: standard output cannot be written (No space left on device).")
    assert "Traceback" not in done.stderr
