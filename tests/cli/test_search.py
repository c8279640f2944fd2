"""``neuralopt search``: what it prints and leaves behind, the model again, what it refuses."""

import numpy as np
import pandas as pd
import pytest


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
        "neuralopt predict neuralopt-runs/data-search/data-search.model.safetensors NEW.csv",
    ):
        assert sentence in said
    assert "moves" in done.err
    answers = cli("predict", "neuralopt-runs/data-search/data-search.model.safetensors", "data.csv")
    assert answers.code == 0, answers.err
    found = pd.Series([line.split(",")[0] for line in answers.out.splitlines()[1:]])
    assert (found == table["kind"]).mean() > 0.8


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
        *("compare", "data.csv", "--target", "kind", "--optimizers", "sgd,search,hybrid", "--rates", "2"),
        *("--seeds", "2", "--epochs", "2", "--hidden", "3"),
    )
    assert done.code == 0, done.err
    assert "Search + Adam" in done.out
