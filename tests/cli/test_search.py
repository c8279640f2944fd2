"""``neuralopt search``: what it prints and leaves behind, the model again, what it refuses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from neuralopt.benchmark import make_task
from neuralopt.benchmark.search_run import SearchSettings, run_search


@pytest.fixture
def table(workplace):
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 3))
    frame = pd.DataFrame(X, columns=list("abc"))
    frame["kind"] = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
    frame["size"] = 100 + 10 * X[:, 2]
    frame.to_csv("data.csv", index=False)
    return frame


def test_from_a_table_to_answers(cli, table):
    done = cli(
        *("search", "data.csv", "--target", "kind", "--drop", "size", "--loss", "f1"),
        *("--activation", "step", "--hidden", "12", "--sweeps", "15"),
    )
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    for sentence in (
        "SearchModel: 3-12-2, step",
        "hidden layer 1: exact: all intervals between breakpoints",
        "accuracy on 24 test rows: ",
        "F1 on 96 rows searched: ",
        "F1 on 24 test rows: ",
        "neuralopt predict neuralopt-runs/data-search/data-search.model.safetensors NEW.csv",
    ):
        assert sentence in said
    assert "moves" in done.err
    answers = cli("predict", "neuralopt-runs/data-search/data-search.model.safetensors", "data.csv")
    assert answers.code == 0, answers.err
    found = pd.Series([line.split(",")[0] for line in answers.out.splitlines()[1:]])
    assert (found == table["kind"]).mean() > 0.8


@pytest.mark.parametrize("asked", ["f1", "auc", "cross_entropy", "hinge"])
def test_the_score_that_was_asked_is_that_of_the_test_rows(table, asked):
    task = make_task("data", table, "kind", drop=["size"])
    done = run_search(task, SearchSettings(loss=asked, hidden=(6,), sweeps=3), output=None, verbose=False)
    outputs, y = done.model.forward(task.test.X), task.test.y
    margin = np.diff(outputs)[:, 0] if outputs.shape[1] == 2 else outputs[:, 0]
    sign = np.where(y == 1, 1, -1)
    name, truth = {
        "f1": ("F1", f1_score(y, margin > 0)),
        "auc": ("AUC", roc_auc_score(y, margin)),
        "cross_entropy": ("cross-entropy", np.logaddexp(0, -sign * margin).mean()),
        "hinge": ("hinge loss", np.maximum(0, 1 - sign * margin).mean()),
    }[asked]
    assert done.scores[f"{name} on 24 test rows"] == pytest.approx(truth, abs=1e-9)
    assert f"{name} on 96 rows searched" in done.scores


def test_numbers_levels_and_budget(cli, table):
    done = cli(
        *("search", "data.csv", "--target", "size", "--hidden", "4", "--levels", "-1,0,1"),
        *("--budget", "0.5", "--sweeps", "5", "--drop", "kind"),
    )
    assert done.code == 0, done.err
    assert "R² on 24 test rows" in done.out


def test_what_it_refuses(cli, table):
    for arguments, text in (
        ((), "--target is needed: which column of 'data.csv' is to be predicted?"),
        (("--target", "size", "--loss", "f1"), "loss 'f1' is for classes, the target size is a number."),
        (("--target", "kind", "--loss", "f2"), "unknown loss 'f2'. Known: squared_error"),
        (("--target", "kind", "--budget", "0"), "budget_s must be seconds, finite and > 0"),
    ):
        outcome = cli("search", "data.csv", *arguments)
        assert outcome.code == 2
        assert text in outcome.said


def test_search_and_hybrid_enter_the_comparison(cli, table):
    done = cli(
        *(
            "compare",
            "data.csv",
            "--target",
            "kind",
            "--optimizers",
            "sgd,variable-projection,search,hybrid",
            "--rates",
            "2",
        ),
        *("--seeds", "2", "--epochs", "2", "--hidden", "3"),
    )
    assert done.code == 0, done.err
    assert "Search + Adam" in done.out
    assert "Variable projection" in done.out
