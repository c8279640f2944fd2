"""``neuralopt text``: generate, train, compare, predict."""

from pathlib import Path

import pandas as pd
import pytest
from tests.text.conftest import loopback

from neuralopt.text import bundled_pairs

__all__ = ["loopback"]  # a fixture of the room text

QUICK = ("--epochs", "3", "--hidden", "4")


@pytest.fixture
def quiz(workplace):
    """A file of 120 pairs."""
    bundled_pairs(120).to_csv(workplace / "qa.csv", index=False)
    return "qa.csv"


def test_help_shows_the_commands(cli):
    assert "text" in cli("--help").out
    for name in ("generate", "train", "compare"):
        assert name in cli("text", "--help").out


def test_bundled_pairs(cli):
    done = cli("text", "generate", "--bundled", "--language", "tr", "--n", 60, "-o", "qa.csv")
    assert (done.code, done.out) == (0, "60 pairs (30 right, 30 wrong) on 30 questions: qa.csv\n")
    assert set(pd.read_csv("qa.csv")["language"]) == {"tr"}
    assert cli("text", "generate", "--bundled", "--language", "tr", "--n", 90).code == 0  # gone on with
    assert len(pd.read_csv("qa.csv")) == 90
    hard = cli("text", "generate", "--bundled", "--hard", "--wordings", 1, "--n", 60, "-o", "hard.csv")
    assert "on 30 questions: hard.csv" in hard.out


def test_a_file_of_something_else_is_left_alone(cli, numbers):
    numbers.to_csv("qa.csv", index=False)
    before = Path("qa.csv").read_text()
    done = cli("text", "generate", "--bundled")
    assert done.code == 2
    assert "is not a file of generated pairs" in done.said
    assert Path("qa.csv").read_text() == before


def test_a_model_or_the_bundled_facts(cli):
    for given, word in (([], "neither"), (["--bundled", "--model", "m"], "both")):
        done = cli("text", "generate", *given)
        assert done.code == 2
        assert done.said == (
            "Error: Give either --model NAME, a language model on a local server, or --bundled, got "
            + word
            + "."
        )


def test_from_a_server(cli, loopback):
    arguments = ("text", "generate", "--model", "gemma2:9b", "--base-url", loopback.url, "--language", "tr")
    done = cli(*arguments, "--n", 40)
    assert (done.code, done.out) == (0, "40 pairs (20 right, 20 wrong) on 20 questions: qa.csv\n")
    assert "40/40" in done.err
    loopback.script = [_interrupt]
    again = cli(*arguments, "--n", 60)
    assert again.code == 0
    assert len(pd.read_csv("qa.csv")) == 60


def _interrupt(handler):
    handler.close_connection = True


def test_control_c_keeps_what_was_got(cli, loopback, monkeypatch):
    from neuralopt.text import generate

    arguments = ("text", "generate", "--model", "gemma2:9b", "--base-url", loopback.url)
    assert cli(*arguments, "--n", 20).code == 0

    def interrupted(text):
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "parse", interrupted)
    done = cli(*arguments, "--n", 40)
    assert done.code == 130
    assert "Interrupted: what was got is in qa.csv. The same command goes on from there." in done.said
    assert len(pd.read_csv("qa.csv")) == 20


def test_an_absent_model(cli, loopback):
    done = cli("text", "generate", "--model", "gemma", "--base-url", loopback.url)
    assert done.code == 2
    assert "has no model 'gemma'. Did you mean 'gemma2:9b'? It has: gemma2:9b, llama3.2:latest." in done.said


def test_train_and_predict(cli, quiz):
    done = cli("text", "train", quiz, "--learning-rate", "0.01", *QUICK, "-o", "run")
    assert done.code == 0
    assert "72 training, 24 validation and 24 test pairs; no question in two of them" in done.out
    assert "Test accuracy 0." in done.out
    assert "are wrong" in done.out
    pd.DataFrame(
        {"question": ["Odd or even: what is 12?", "Is None a word?"], "answer": ["007", "None"]}
    ).to_csv("new.csv", index=False)
    (model,) = [word for word in done.out.split() if word.endswith(".safetensors")][:1]
    answers = cli("predict", model, "new.csv", "-o", "answers.csv")
    assert answers.code == 0, answers.err
    found = pd.read_csv("answers.csv")
    assert list(found.columns) == ["label", "score"]
    assert set(found["label"]) <= {-1, 1}
    assert len(found) == 2


def test_train_from_scratch_in_numpy(cli, quiz):
    done = cli(
        "text", "train", quiz, "--backend", "numpy", "--learning-rate", "0.01", *QUICK, "--hidden", "4,3"
    )
    assert done.code == 0, done.err


def test_compare(cli, quiz):
    arguments = (
        quiz,
        "--embedding",
        "tfidf",
        "--optimizers",
        "gd,adam",
        "--rates",
        "2",
        "--seeds",
        "2",
        *QUICK,
    )
    done = cli("text", "compare", *arguments, "-o", "run", "--title", "<i>Quiz</i>")
    assert done.code == 0, done.err
    assert "2 classes, target label, 72 training, 24 validation and 24 test rows" in done.out
    assert "Convergence, stability and test accuracy" in done.out
    assert "5/5" in done.err  # two references, two optimizers, NAdamW
    page = Path("run/report.html").read_text()
    assert "&lt;i&gt;Quiz&lt;/i&gt;" in page
    assert "<i>Quiz" not in page
    again = cli("text", "compare", *arguments, "-o", "run", "--resume", "--title", "<i>Quiz</i>")
    assert again.code == 0
    assert again.out == done.out


def test_why_sentences_are_left_out(cli, quiz, monkeypatch):
    from neuralopt.text import sentences

    options = ("--optimizers", "gd", "--rates", "1", "--seeds", "1", *QUICK)
    monkeypatch.setattr(sentences, "have_sentence_transformers", lambda: False)
    done = cli("text", "compare", quiz, *options, "-o", "run")
    assert 'Semantic embeddings are left out: they need pip install "neuralopt[text]".' in done.out
    refused = cli("text", "compare", quiz, "--embedding", "semantic")
    assert refused.code == 2
    assert refused.said.endswith('Install it with: pip install "neuralopt[text]"')


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("train", "none.csv"), "There is no file 'none.csv'."),
        (("train", "qa.csv", "--embedding", "both"), "--embedding must be one of tfidf, semantic, got 'both'."),
        (("compare", "qa.csv", "--embedding", "bert"), "--embedding must be one of tfidf, semantic, both, auto, got 'bert'."),
        (("compare", "qa.csv", "--optimizers", "search"), "text compare takes optimizers that descend a gradient, got 'search'."),
        (("compare", "qa.csv", "--hidden", "a"), "--hidden takes whole numbers with commas between them, got 'a'."),
        (("compare", "qa.csv", "--seeds", "0"), "seeds must be a whole number >= 1, got 0."),
        (("train", "numbers.csv"), "numbers.csv has no column 'question'. It has: a, b, c, y."),
    ],
)  # fmt: skip
def test_refused(cli, quiz, numbers, arguments, text, files):
    numbers.to_csv("numbers.csv", index=False)
    before = files()
    done = cli("text", *arguments)
    assert done.code == 2, done
    assert text in done.said
    assert files() == before


def test_what_would_be_passed_over_is_refused(cli, quiz):
    done = cli("text", "train", quiz, "--embedding-model", "some/folder", *QUICK)
    assert done.code == 2
    assert "--embedding-model some/folder is for semantic embeddings, and --embedding is tfidf." in done.said
    done = cli("text", "generate", "--bundled", "-o", "qa.xlsx")
    assert done.code == 2
    assert "give -o a name that ends in .csv, got 'qa.xlsx'" in done.said
