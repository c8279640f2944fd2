"""CSV, Parquet and NPZ from end to end: compare, then predict gives what the chosen run gives."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuralopt.benchmark import make_task
from neuralopt.datasets import read_table
from neuralopt.models import MLP, softmax
from neuralopt.storage import loads, read_container


def write(frame, kind):
    name = f"data.{kind}"
    if kind == "parquet":
        frame.to_parquet(name)
    elif kind == "npz":
        np.savez(name, **{c: np.array(frame[c].tolist()) for c in frame})
    elif kind == "semicolon.csv":
        frame.to_csv(name, index=False, sep=";")
    else:
        frame.to_csv(name, index=False)
    return name


def by_hand(file, targets, **options):
    """Return the best model's outputs in the target's terms, from its record's parameters alone."""
    task = make_task("data", read_table(file), targets, **options)
    ranking = loads(Path("out/records/ranking.json").read_bytes())
    row = next(
        r for r in ranking["tasks"][0]["rows"] if r["label"] == ranking["tasks"][0]["best_model_label"]
    )
    record = read_container(Path("out/records", row["record"]), kind="record", version=1)
    network = record.header["network"]
    mlp = MLP(tuple(network["layer_sizes"]), network["activation"], network["output_activation"])
    params = [
        (record.arrays[f"model/{k}/W"], record.arrays[f"model/{k}/b"])
        for k in range(len(mlp.layer_sizes) - 1)
    ]
    X = task.encoder.transform(read_table(file)).astype(params[0][0].dtype)
    return task, mlp.forward(params, X).astype(np.float64)


def predicted(cli, file):
    outcome = cli("predict", next(Path("out").glob("*.model.safetensors")), file)
    assert (outcome.code, outcome.err) == (0, "")
    return pd.read_csv(io.StringIO(outcome.out))


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz", "semicolon.csv"])
def test_classification_with_texts(compare, cli, kinds, kind):
    rng = np.random.default_rng(1)
    frame = kinds.assign(
        soil=rng.choice(["clay", "sand", "Ton, naß"], 60), wet=rng.random(60) < 0.5, n=rng.integers(0, 9, 60)
    )
    file = write(frame, kind)
    assert compare(file, "-t", "kind", "-o", "out").code == 0
    new = write(read_table(file).drop(columns="kind"), "csv")  # the target is not asked for
    task, outputs = by_hand(write(frame, "csv"), "kind")
    assert task.encoder.feature_names[3:6] == ["soil=Ton, naß", "soil=clay", "soil=sand"]
    answer = predicted(cli, write(frame.drop(columns="kind"), "csv") if kind == "csv" else new)
    assert list(answer) == ["kind", *(f"probability of {c}" for c in ("ash", "elm", "oak"))]
    shares = answer.iloc[:, 1:].to_numpy()
    np.testing.assert_allclose(shares, softmax(outputs), rtol=0, atol=1e-12)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert answer["kind"].tolist() == [("ash", "elm", "oak")[i] for i in outputs.argmax(axis=1)]


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
def test_regression_on_two_targets(compare, cli, numbers, kind):
    file = write(numbers.assign(z=numbers["a"] * 40 + 7), kind)
    assert compare(file, "-t", "y", "-t", "z", "-o", "out").code == 0
    task, outputs = by_hand(file, ["y", "z"])
    answer = predicted(cli, file)
    assert list(answer) == ["y", "z"]
    np.testing.assert_allclose(
        answer.to_numpy(), outputs * task.encoder.target_scale + task.encoder.target_mean, rtol=1e-12
    )


def test_missing_values_imputed(compare, cli, numbers, refused):
    frame = numbers.assign(site=np.array(["x", "y", None])[np.arange(60) % 3])
    frame.loc[::7, "b"] = np.nan
    file = write(frame, "csv")
    said = refused(file, "-t", "y")
    assert "Column 'b' has 9 missing values (first in row 1)" in said
    assert "Column 'site' has 20 missing values" in said
    assert "--missing impute" in said
    assert compare(file, "-t", "y", "-o", "out", "--missing", "impute").code == 0
    task, outputs = by_hand(file, "y", missing="impute")
    assert task.encoder.feature_names == [
        "a",
        "b",
        "b is missing",
        "c",
        "site=x",
        "site=y",
        "site is missing",
    ]
    answer = predicted(cli, file)
    np.testing.assert_allclose(answer["y"], task.encoder.decode_regression(outputs)[:, 0], rtol=1e-12)


def test_a_target_of_true_and_false(compare, cli, numbers):
    file = write(numbers.assign(y=numbers["y"] > 0), "parquet")
    outcome = compare(file, "-t", "y", "-o", "out")
    assert "Classification, because 'y' holds true and false (2 distinct)." in outcome.out
    answer = predicted(cli, file)
    assert answer["y"].dtype == bool
    assert (answer["y"] == (answer["probability of True"] > 0.5)).all()


def test_whole_numbers_as_classes_or_quantities(compare, cli, numbers):
    file = write(numbers.assign(y=np.arange(60) % 3), "csv")
    assert "Classification, because 'y' holds whole numbers" in compare(file, "-t", "y", "-o", "out").out
    assert predicted(cli, file)["y"].isin([0, 1, 2]).all()
    outcome = compare(file, "-t", "y", "-o", "other", "--task", "regression")
    assert "--task regression was given." in outcome.out
    assert "test R²" in outcome.out


def test_two_files_of_one_name(compare, kinds):
    """Neither the records nor the models of the two meet."""
    for folder in ("north", "south"):
        Path(folder).mkdir()
    kinds.to_csv("north/data.csv", index=False)
    kinds.assign(a=-kinds["a"], b=1 / kinds["b"].abs()).to_csv("south/data.csv", index=False)
    assert compare("north/data.csv", "south/data.csv", "-t", "kind", "-o", "both").code == 0
    table = pd.read_csv("both/ranking.csv")
    assert set(table["task"]) == {"north/data", "south/data"}
    for name in ("north", "south"):
        assert compare(f"{name}/data.csv", "-t", "kind", "-o", name + "-alone").code == 0
        alone = pd.read_csv(f"{name}-alone/ranking.csv").drop(columns="task")
        mine = table[table["task"] == f"{name}/data"].drop(columns="task").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, alone)
        assert Path(f"both/{name}-data.model.safetensors").is_file()


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("<script>alert(1)<", "script-alert-1"),
        ("çağrı İğne", "çağrı-i-ğne"),
        ("!!! ---", "task"),
        ("[bold]x[red]", "bold-x-red"),
        ("z" * 200, "z" * 60),
        ("a\nb\x1b[31m", "a-b-31m"),
    ],
)
def test_names_of_files_that_are_strange(compare, kinds, name, slug):
    kinds.to_csv(f"{name}.csv", index=False)
    outcome = compare(f"{name}.csv", "-t", "kind")
    assert outcome.code == 0, outcome
    folder = Path("neuralopt-runs", slug)
    assert sorted(p.name for p in folder.iterdir() if "model" in p.name) == [f"{slug}.model.safetensors"]
    page = (folder / "report.html").read_text()
    assert "<script>alert(1)<" not in page
    shown = name.replace("\n", "\ufffd").replace("\x1b", "\ufffd")
    assert shown in outcome.out.replace("\n", "")
    assert set(pd.read_csv(folder / "ranking.csv")["task"]) == {shown}
