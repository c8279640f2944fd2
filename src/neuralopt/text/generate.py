"""Question-answer pairs from a language model on a local server, kept as they come."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core.errors import ServerError
from neuralopt.datasets.wording import counted
from neuralopt.storage import check_writable, write_text
from neuralopt.text.asking import Asking
from neuralopt.text.bundled import COLUMNS
from neuralopt.text.pair_file import kept_rows
from neuralopt.text.prompt import TOPICS, Asked, messages, parse, schema
from neuralopt.text.server import ChatServer, Refused, Transient
from neuralopt.text.wording import key

if TYPE_CHECKING:
    import pandas

_BATCH, _NAMED, _BARREN = 10, 20, 8  # questions asked at once, known ones named, answers without a new one
_WAIT, _LONGEST_WAIT = 1.0, 30.0  # seconds before the second try, doubled each time

Observer = Callable[[int, int, str], None]
"""Called with pairs got, pairs wanted, and what is going on."""


def generate_pairs(
    asking: Asking,
    output: str | Path,
    *,
    observe: Observer | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> "pandas.DataFrame":
    """Ask a language model for question-answer pairs and keep them in a CSV file.

    Each question comes twice, with its right answer (+1) and with its wrong one (-1), so that the labels are
    balanced. Questions that differ only in case, spaces or marks are taken once. The file is written anew,
    whole or not at all, after every answer; the same call goes on from it after an interruption or an error.

    Parameters
    ----------
    asking : Asking
        Model, server, language, number and limits.
    output : path
        A CSV file with the columns question, answer, label, topic, language, source. Its pairs count, when
        they come from the same model and language.
    observe : callable, optional
        Told how many pairs there are, how many are wanted, and what is going on.
    wait : callable, optional
        Waits so many seconds before another try.

    Returns
    -------
    pandas.DataFrame
        All pairs of the file.

    Raises
    ------
    InvalidArgument
        When the server has no model of that name; with those that it has.
    DataError, StorageError
        When the file holds something else, or cannot be written.
    ServerError
        When the server is absent, keeps failing, has nothing new to say, or the time is over. The pairs got
        so far are kept.
    """
    return _Generation(asking, Path(output).expanduser(), observe or (lambda *event: None), wait).run()


class _Generation:
    def __init__(
        self, asking: Asking, output: Path, observe: Observer, wait: Callable[[float], None]
    ) -> None:
        self.asking, self.output, self.observe, self.wait = asking, output, observe, wait
        self.server = ChatServer(asking.base_url, asking.timeout)
        self.limit = None if asking.time_limit is None else time.monotonic() + asking.time_limit
        self.rows = kept_rows(output, asking.language, asking.model)
        self.known = {key(row[0]): row[0] for row in self.rows}
        self.formats = ["json_schema", "json_object", ""]  # what the server refuses is dropped

    def run(self) -> "pandas.DataFrame":
        asking = self.asking
        check_writable(self.output)
        if len(self.rows) < asking.n:
            try:
                self.server.check_model(asking.model)
            except Transient as error:
                raise self._failed(
                    f"{asking.base_url} does not answer: {error}. Likely cause: the server is not running, "
                    "or listens elsewhere. Start it (with Ollama: ollama serve), or give its address with "
                    "--base-url."
                ) from error
        topics = np.random.default_rng(asking.seed).permutation(TOPICS)
        barren, number = 0, len(self.rows)
        while len(self.rows) < asking.n:
            topic = str(topics[number % len(topics)])
            fresh = self._new(self._answer(topic, number))
            number += 1
            barren = 0 if fresh else barren + 1
            if barren == _BARREN:
                raise self._failed(
                    f"The model '{asking.model}' had nothing new in {_BARREN} answers. Likely cause: it "
                    "repeats itself, or is too small for the task. Ask for fewer pairs, or take a larger "
                    "model."
                )
            if fresh:
                self._keep(fresh, topic)
        return self._frame()

    def _answer(self, topic: str, number: int) -> list[Asked]:
        """Return the questions of one answer, after as many tries as it takes and is allowed."""
        asking, wanted = self.asking, (self.asking.n - len(self.rows) + 1) // 2
        count = min(_BATCH, wanted)
        tries = 0
        while True:
            if self.limit is not None and time.monotonic() > self.limit:
                raise self._failed(f"The time limit of {asking.time_limit:g} seconds is over.")
            if self.limit is not None:
                self.server.timeout = max(1e-3, min(asking.timeout, self.limit - time.monotonic()))
            self.observe(len(self.rows), asking.n, f"asking about {topic}")
            try:
                return parse(self.server.chat(self._body(topic, count, number + 1000 * tries)))
            except Refused as error:
                if error.status == 404 and "model" in error.said.lower():
                    raise self.server.no_model(asking.model, self.server.models()) from error
                if error.status not in (400, 415, 422, 501) or len(self.formats) == 1:
                    raise self._failed(str(error)) from error
                self.formats.pop(0)  # no try is lost: the next request is another one
                continue
            except ValueError as error:
                reason = f"the model's answer is not the JSON that was asked for ({error})"
            except Transient as error:
                reason = str(error)
            tries += 1
            if tries > asking.retries:
                raise self._failed(
                    f"{asking.base_url} failed {counted(tries, 'time')} running, at last so: {reason}. "
                    "Likely cause: an overloaded server, a model too large for the machine, or one that "
                    "cannot write JSON. Look at the server's log, raise --timeout, or take another model."
                )
            pause = min(_WAIT * 2 ** (tries - 1), _LONGEST_WAIT)
            if self.limit is not None:
                pause = min(pause, max(0.0, self.limit - time.monotonic()))
            self.observe(len(self.rows), asking.n, f"{reason}; trying again in {pause:.0f} s")
            self.wait(pause)

    def _body(self, topic: str, count: int, seed: int) -> dict[str, Any]:
        named = list(self.known.values())[-_NAMED:]
        body: dict[str, Any] = {
            "model": self.asking.model,
            "messages": messages(self.asking.language, topic, count, named),
            "temperature": 0.9,
            "seed": self.asking.seed + seed,
            "stream": False,
        }
        if self.formats[0] == "json_schema":
            kind = {"name": "pairs", "strict": True, "schema": schema(count)}
            body["response_format"] = {"type": "json_schema", "json_schema": kind}
        elif self.formats[0]:
            body["response_format"] = {"type": self.formats[0]}
        return body

    def _new(self, asked: list[Asked]) -> list[Asked]:
        fresh = {key(item.question): item for item in reversed(asked)}
        return [item for k, item in reversed(fresh.items()) if k not in self.known]

    def _keep(self, fresh: list[Asked], topic: str) -> None:
        asking = self.asking
        for question, right, wrong in fresh:
            self.known[key(question)] = question
            for answer, label in ((right, 1), (wrong, -1)):
                self.rows.append((question, answer, label, topic, asking.language, asking.model))
        del self.rows[asking.n :]
        write_text(self.output, self._frame().to_csv(index=False))
        self.observe(len(self.rows), asking.n, f"asked about {topic}")

    def _frame(self) -> "pandas.DataFrame":
        import pandas

        return pandas.DataFrame(self.rows, columns=list(COLUMNS))

    def _failed(self, text: str) -> ServerError:
        if not self.rows:
            return ServerError(f"{text} Nothing was got yet.")
        return ServerError(
            f"{text} {counted(len(self.rows), 'pair')} of {self.asking.n} got so far "
            f"{'are' if len(self.rows) > 1 else 'is'} kept in '{self.output}': the same command goes on "
            "from there."
        )
