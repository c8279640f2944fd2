"""Generation against a loopback server: good, slow, broken, streaming, without schema, without the model."""

import json
import socket
import time

import pandas as pd
import pytest
from tests.text.conftest import answer, half, say, slow

from neuralopt.core.errors import DataError, InvalidArgument, ServerError
from neuralopt.text import Asking, Pairs, bundled_pairs, generate_pairs
from neuralopt.text.prompt import parse
from neuralopt.text.server import ChatServer


@pytest.fixture
def ask(loopback, tmp_path):
    """Return a function that generates, and keeps how long it would have waited."""

    def run(n=40, **options):
        options = {"model": "gemma2:9b", "base_url": loopback.url, "n": n, "timeout": 5.0, **options}
        run.waits = []
        run.events = []
        return generate_pairs(
            Asking(**options),
            tmp_path / "qa.csv",
            wait=run.waits.append,
            observe=lambda *event: run.events.append(event),
        )

    run.file = tmp_path / "qa.csv"
    return run


def stream(*contents, end=True):
    events = [{"choices": [{"delta": {"content": text}, "finish_reason": None}]} for text in contents]
    lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return answer(200, (lines + ("data: [DONE]\n\n" if end else "")).encode(), "text/event-stream")


def test_pairs_are_balanced_kept_and_readable(ask, loopback):
    frame = ask()
    assert len(frame) == 40
    assert frame["label"].sum() == 0
    assert frame["question"].nunique() == 20
    pd.testing.assert_frame_equal(pd.read_csv(ask.file), frame)
    assert len(Pairs.read(ask.file)) == 40
    assert set(frame["source"]) == {"gemma2:9b"}
    assert ask.waits == []
    assert ask.events[-1][:2] == (40, 40)


def test_the_request_is_constrained_by_a_schema(ask, loopback):
    ask(n=40, language="tr", seed=7)
    first, second = loopback.asked
    kind = first["response_format"]["json_schema"]["schema"]
    assert kind["properties"]["items"]["minItems"] == 10
    assert first["stream"] is False
    assert first["model"] == "gemma2:9b"
    assert "Turkish" in first["messages"][1]["content"]
    assert first["seed"] != second["seed"]
    assert "Question number 3?" in second["messages"][1]["content"]  # named, so that it is not asked again


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_without_schemas_is_asked_without(ask, loopback, status):
    loopback.script = [answer(status, {"error": {"message": "response_format is not supported"}})] * 2
    assert len(ask()) == 40
    kinds = [body.get("response_format", {}).get("type") for body in loopback.asked]
    assert kinds == ["json_schema", "json_object", None, None]
    assert ask.waits == []


BROKEN = {
    "an error of its own": (answer(500, {"error": "out of memory"}), "status 500: 'out of memory'"),
    "busy": (answer(429, {"error": {"message": "busy"}}), "status 429: 'busy'"),
    "junk": (answer(200, b"<html>\x00\xff hello"), "the server's answer is not of the protocol: '<html>"),
    "other json": (answer(200, {"choices": []}), "not of the protocol"),
    "no list": (answer(200, [1, 2]), "not of the protocol"),
    "nothing": (say("   "), "the model answered nothing"),
    "no content": (answer(200, {"choices": [{"message": {"content": None}}]}), "the model answered nothing"),
    "no json in the answer": (say("I would rather not."), "not the JSON that was asked for"),
    "half a json": (say('{"items": [{"question": "a", "right'), "not the JSON that was asked for"),
    "half a body": (half(b'{"choices": [{"message"'), "the answer broke off (IncompleteRead)"),
    "brackets without end": (answer(200, b"[" * 200_000), "is not of the protocol"),
    "content that nests without end": (say("[" * 200_000), "the JSON that was asked for (it is nested too deeply)"),
    "a stream of junk": (answer(200, b"data: {oops\n\ndata: [DONE]\n\n"), "streams what is not of the protocol"),
    "half a stream": (stream('{"items": [', end=False), "the server's stream broke off before its end"),
    "an empty stream": (stream(), "the model answered nothing"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_answer_is_asked_again(ask, loopback, what):
    step, _ = BROKEN[what]
    loopback.script = [step, step]
    assert len(ask()) == 40
    assert ask.waits == [1.0, 2.0]


@pytest.mark.parametrize("what", BROKEN)
def test_a_server_that_stays_broken_loses_nothing(ask, loopback, what):
    step, reason = BROKEN[what]
    loopback.script = [loopback.good, *[step] * 3]
    with pytest.raises(ServerError) as error:
        ask(retries=2)
    text = str(error.value)
    assert "failed 3 times running, at last so:" in text
    assert reason in text
    assert "Likely cause" in text
    assert f"20 pairs of 40 got so far are kept in '{ask.file}': the same command goes on from there." in text
    assert len(pd.read_csv(ask.file)) == 20
    assert ask.waits == [1.0, 2.0]
    frame = ask()  # the same command, the server sound again
    assert len(frame) == 40
    assert frame["question"].nunique() == 20
    assert len(loopback.asked) == 5


def test_a_stream_that_nobody_asked_for_is_read(ask, loopback):
    text = json.dumps({"items": loopback.items()})
    loopback.script = [stream(text[:30], text[30:])]
    assert len(ask(n=20)) == 20
    assert ask.waits == []


def test_a_dripping_server_is_cut_off_at_the_time_limit(ask, loopback):
    loopback.script = [slow(3.0)]
    with pytest.raises(ServerError, match=r"no whole answer within 0.2 seconds\."):
        ask(timeout=0.2, retries=0)


def test_a_server_that_floods_is_cut_off(ask, loopback):
    loopback.script = [slow(3.0, pause=0), slow(3.0, pause=0, piece=b" " * 4_000_000)]
    with pytest.raises(ServerError, match=r"no whole answer within 0.3 seconds\."):
        ask(timeout=0.3, retries=0)
    with pytest.raises(ServerError, match=r"the answer is longer than 16 MB\."):
        ask(timeout=30.0, retries=0)


def test_the_limit_is_of_the_whole_answer(ask, loopback):
    loopback.script = [slow(3.0, pause=3.0, piece=b"", first=0.8)]
    begin = time.monotonic()
    with pytest.raises(ServerError, match=r"no whole answer within 1 seconds\."):
        ask(timeout=1.0, retries=0)
    assert time.monotonic() - begin < 1.6


def test_the_time_limit_ends_everything(ask, loopback):
    loopback.script = [loopback.good, slow(3.0)]
    with pytest.raises(ServerError) as error:
        ask(time_limit=0.4)
    assert "The time limit of 0.4 seconds is over. 20 pairs of 40 got so far are kept" in str(error.value)


def test_an_absent_server(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with pytest.raises(ServerError) as error:
        generate_pairs(Asking("m", f"http://127.0.0.1:{port}/v1"), tmp_path / "qa.csv")
    text = str(error.value)
    assert f"http://127.0.0.1:{port}/v1 does not answer: no connection (Connection refused)." in text
    assert (
        "Start it (with Ollama: ollama serve), or give its address with --base-url. Nothing was got yet."
        in text
    )
    assert not list(tmp_path.iterdir())


def test_a_model_that_the_server_does_not_have(ask, loopback):
    with pytest.raises(InvalidArgument) as error:
        ask(model="gema2:9b")
    assert "has no model 'gema2:9b'. Did you mean 'gemma2:9b'? It has: gemma2:9b, llama3.2:latest." in str(
        error.value
    )
    assert "ollama pull gema2:9b" in str(error.value)
    assert not loopback.asked
    assert len(ask(model="llama3.2", n=4)) == 4  # Ollama's short name for :latest


def test_a_model_that_is_listed_and_not_found(ask, loopback):
    loopback.script = [answer(404, {"error": {"message": "model 'gemma2:9b' not found"}})]
    with pytest.raises(InvalidArgument, match="lists the model 'gemma2:9b' and does not find it when asked"):
        ask()


def test_a_server_that_lists_no_models_says_it_when_asked(ask, loopback):
    loopback.names = None
    assert len(ask(n=4)) == 4
    loopback.script = [answer(404, {"error": {"message": "model 'other' not found"}})]
    ask.file.unlink()
    with pytest.raises(InvalidArgument, match=r"has no model 'other'\. It lists none\."):
        ask(model="other")


def test_another_program_at_the_address(ask, loopback):
    loopback.names = []
    with pytest.raises(InvalidArgument, match=r"It lists none\."):
        ask()
    loopback.names = None
    loopback.script = [answer(404, {"error": "page not found"})]
    with pytest.raises(ServerError, match=r"status 404.*Check --base-url: it ends in /v1"):
        ask()


def test_a_key_is_sent_where_there_is_one(ask, loopback, monkeypatch):
    loopback.script = [answer(401, {"error": "no key"})]
    with pytest.raises(ServerError, match="set the environment variable NEURALOPT_TEXT_API_KEY"):
        ask()
    seen = []

    def step(handler):
        seen.append(handler.headers["Authorization"])
        loopback.good(handler)

    monkeypatch.setenv("NEURALOPT_TEXT_API_KEY", "abc")
    loopback.script = [step]
    ask(n=4)
    assert seen == ["Bearer abc"]


def test_doubles_empty_ones_and_html(ask, loopback):
    item = {"question": "Who?", "right_answer": "me", "wrong_answer": "you"}
    items = [
        item,
        item | {"question": "who ?"},  # the same in other letters
        item | {"question": " "},
        item | {"question": "Empty?", "wrong_answer": ""},
        item | {"question": "Same?", "wrong_answer": "Me!"},
        item | {"question": "Long?", "wrong_answer": "x" * 301},
        item | {"question": "List?", "wrong_answer": ["a"]},
        {"question": "Half?"},
        "junk",
        item | {"question": "What is\n<b>bold</b>?", "right_answer": 5, "wrong_answer": "<i>6</i>"},
    ]
    loopback.script = [say(f"Here you are:\n```json\n{json.dumps({'items': items})}\n```")]
    frame = ask(n=4)
    assert frame["question"].tolist() == ["Who?"] * 2 + ["What is <b>bold</b>?"] * 2
    assert frame["answer"].tolist() == ["me", "you", "5", "<i>6</i>"]


def test_a_model_that_repeats_itself_is_given_up(ask, loopback):
    text = json.dumps({"items": loopback.items()})
    loopback.script = [say(text)] * 20
    with pytest.raises(ServerError) as error:
        ask()
    assert len(loopback.asked) == 1 + 8
    assert "The model 'gemma2:9b' had nothing new in 8 answers. Likely cause: it repeats itself" in str(
        error.value
    )
    assert len(pd.read_csv(ask.file)) == 20


def test_an_interruption_keeps_what_was_got(ask, loopback, monkeypatch):
    def interrupted(self, body):
        monkeypatch.undo()
        raise KeyboardInterrupt

    ask(n=20)
    monkeypatch.setattr(ChatServer, "chat", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ask(n=40)
    assert len(pd.read_csv(ask.file)) == 20
    assert len(ask(n=40)) == 40


def test_a_finished_file_needs_no_server(ask, loopback):
    ask()
    loopback.names = []
    assert len(ask()) == 40
    assert len(loopback.asked) == 2


def test_files_that_are_not_gone_on_with(ask, loopback):
    pd.DataFrame({"a": [1], "b": [2]}).to_csv(ask.file, index=False)
    with pytest.raises(DataError, match="is not a file of generated pairs: its columns are a, b"):
        ask()
    bundled_pairs(20).to_csv(ask.file, index=False)
    with pytest.raises(
        InvalidArgument, match="pairs of the source 'bundled', and 'gemma2:9b' is asked for now"
    ):
        ask()
    with pytest.raises(InvalidArgument, match="pairs of the language 'en', and 'tr' is asked for now"):
        ask(language="tr")
    bundled_pairs(20).assign(label=3, source="gemma2:9b").to_csv(ask.file, index=False)
    with pytest.raises(DataError, match="holds labels that are not -1 or 1"):
        ask()
    assert not loopback.asked


def test_an_odd_number_of_pairs(ask):
    assert ask(n=5)["label"].tolist() == [1, -1, 1, -1, 1]
    assert ask(n=9)["question"].nunique() == 5


def test_bad_arguments_all_at_once():
    with pytest.raises(InvalidArgument) as error:
        Asking("", "ftp://x", "de", n=1, timeout=0.0, time_limit=-1.0, retries=-1)
    text = str(error.value)
    for part in (
        "n must be a whole number >= 2, got 1.",
        "retries must be a whole number >= 0, got -1.",
        "language must be one of en, tr, got 'de'.",
        "base_url must be an address such as http://localhost:11434/v1, got 'ftp://x'.",
        "time_limit must be a number of seconds > 0, got -1.0.",
        "model must be a name, got ''.",
    ):
        assert part in text
    with pytest.raises(InvalidArgument, match="timeout must be a number of seconds > 0, got 0"):
        Asking("m", timeout=0)
    with pytest.raises(InvalidArgument, match="base_url must be an address"):
        Asking("m", "http://localhost:notaport/v1")


def test_pairs_is_taken_for_items():
    item = {"question": "a", "right_answer": "b", "wrong_answer": "c"}
    assert len(parse(json.dumps({"pairs": [item]}))) == len(parse(json.dumps([item]))) == 1
