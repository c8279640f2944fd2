"""Options that cannot be used, and places that cannot be written to."""

import errno
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def table(workplace, kinds):
    kinds.to_csv("data.csv", index=False)


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--seeds", "0", "seeds must be a whole number >= 1, got 0."),
        ("--epochs", "-1", "epochs must be a whole number >= 1, got -1."),
        ("--epochs", "0", "epochs must be a whole number >= 1, got 0."),
        ("--rates", "0", "rates must be a whole number >= 1, got 0."),
        ("--batch-size", "-4", "batch_size must be a whole number >= 1, got -4."),
        ("--hidden", "0", "every hidden width must be a whole number >= 1, got 0."),
        ("--hidden", "a", "--hidden takes whole numbers with commas between them, got 'a'."),
        ("--hidden", "8,,8", "--hidden takes whole numbers with commas between them, got '8,,8'."),
        ("--seed", "-1", "seed must be a whole number >= 0, got -1."),
        ("--activation", "tanhh", "Did you mean 'tanh'?"),
        ("--learning-rates", "x", "--learning-rates takes numbers with commas between them, got 'x'."),
        ("--learning-rates", "", "--learning-rates takes numbers with commas between them, got ''."),
        ("--learning-rates", "0.1,-1", "learning rates must be finite and > 0, at least one, got 0.1, -1.0."),
        ("--learning-rates", "nan", "learning rates must be finite and > 0, at least one, got nan."),
        ("--learning-rates", "inf", "learning rates must be finite and > 0, at least one, got inf."),
        ("--learning-rates", "0.1,0.1", "learning rates must be different, got 0.1, 0.1."),
        ("--optimizers", "adma", "unknown optimizer 'adma'. Did you mean 'adam'? Known: all, classic, gd"),
        ("--optimizers", "", "a name of an optimizer must not be empty. Likely cause: a comma too many."),
        ("--optimizers", "sgd,SGD", "optimizers must be different, got 'sgd' more than once."),
        (
            "--optimizers",
            "all,adam",
            "optimizers must be different, got 'adam' more than once. Name each once",
        ),
        ("--optimizers", "optax.adamm", "adamm"),
        ("--task", "clasification", "Did you mean 'classification'?"),
        ("--missing", "imput", "Did you mean 'impute'?"),
        ("--seeds", "two", "Invalid value for '--seeds': Input should be a valid integer"),
        ("--sedes", "2", "--sedes"),
    ],
)
def test_a_wrong_option(refused, option, value, sentence):
    assert sentence in refused("data.csv", "-t", "kind", option, value)


def test_all_wrong_counts_at_once(refused):
    said = refused("data.csv", "-t", "kind", "--seeds", "0", "--epochs", "-1", "--hidden", "0")
    assert "3 problems" in said


def test_a_comparison_is_not_written_over(compare, refused, files):
    assert compare("data.csv", "-t", "kind", "-o", "out").code == 0
    assert "'out' holds a comparison already. Go on with it by --resume, or give another folder" in refused(
        "data.csv", "-t", "kind", "-o", "out"
    )


def test_a_folder_with_other_files_is_not_written_into(refused):
    Path("mine/deep").mkdir(parents=True)
    Path("mine/deep/ranking.csv").write_text("precious")
    said = refused("data.csv", "-t", "kind", "-o", "mine")
    assert "'mine' holds other files, which a new run could overwrite. Give a new folder with -o." in said
    assert Path("mine/deep/ranking.csv").read_text() == "precious"


def test_an_empty_folder_is_welcome(compare):
    Path("out").mkdir()
    assert compare("data.csv", "-t", "kind", "-o", "out").code == 0
    assert Path("out/report.html").is_file()


def test_output_inside_a_file(refused):
    said = refused("data.csv", "-t", "kind", "-o", "data.csv/out")
    assert "a part of the folder 'data.csv/out/records' is a file. Choose another path." in said


def test_output_that_is_a_file(refused):
    assert "is a file. Choose another path." in refused("data.csv", "-t", "kind", "-o", "data.csv")


def test_no_write_permission(refused, monkeypatch):
    def deny(*args, **kwargs):  # as for a user who is not root
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("neuralopt.storage.atomic.os.open", deny)
    said = refused("data.csv", "-t", "kind", "-o", "out")
    assert "'out/records/ranking.json' cannot be written: permission denied in 'out/records'." in said
    assert "Choose another folder, or ask for write access." in said


def test_nothing_to_resume(refused):
    assert "nothing to resume in 'out': it holds no comparison." in refused(
        "data.csv", "-t", "kind", "-o", "out", "--resume"
    )
    assert "nothing to resume: there is no comparison of data in neuralopt-runs/." in refused(
        "data.csv", "-t", "kind", "--resume"
    )
