"""A loopback server that speaks the chat protocol, well or badly, and pairs to work on."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from neuralopt.text import Pairs, bundled_pairs


class Loopback:
    """A server on this machine. ``script`` holds what the next answers are; then they are good ones.

    Attributes
    ----------
    asked : list of dict
        The bodies of all requests for an answer.
    """

    def __init__(self) -> None:
        self.script: list[Callable] = []
        self.asked: list[dict] = []
        self.names: list[str] | None = ["gemma2:9b", "llama3.2:latest"]
        self.fresh = 0
        self.per_answer = 10
        loopback = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                pass

            def do_GET(self) -> None:
                if loopback.names is None:
                    answer(404, {"error": "not found"})(self)
                else:
                    data = [{"id": name, "object": "model"} for name in loopback.names]
                    answer(200, {"object": "list", "data": data})(self)

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                loopback.asked.append(json.loads(self.rfile.read(length)))
                step = loopback.script.pop(0) if loopback.script else loopback.good
                step(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def items(self) -> list[dict]:
        """Return questions that have not been answered with before."""
        first = self.fresh
        self.fresh += self.per_answer
        return [
            {"question": f"Question number {k}?", "right_answer": f"yes {k}", "wrong_answer": f"no {k}"}
            for k in range(first, self.fresh)
        ]

    def good(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        say(json.dumps({"items": self.items()}))(handler)


def answer(status: int, body: object, kind: str = "application/json") -> Callable:
    """Return a step that answers with a status and a body."""

    def step(handler: http.server.BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return step


def say(text: str) -> Callable:
    """Return a step in which the model says a text."""
    return answer(200, {"choices": [{"message": {"role": "assistant", "content": text}}]})


def half(body: bytes) -> Callable:
    """Return a step that promises twice as many bytes as it sends."""

    def step(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(2 * len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return step


def slow(seconds: float, *, pause: float = 0.02, piece: bytes = b" ", first: float = 0.0) -> Callable:
    """Return a step that begins late, sends one piece after the other, and never ends within the time."""

    def step(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**9))
        time.sleep(first)
        handler.end_headers()
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                handler.wfile.write(piece)
                handler.wfile.flush()
                time.sleep(pause)
        except OSError:
            pass
        handler.close_connection = True

    return step


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A running server."""
    held = Loopback()
    yield held
    held.server.shutdown()
    held.server.server_close()


@pytest.fixture(scope="session")
def pairs() -> Pairs:
    """120 bundled pairs on 60 questions."""
    return Pairs.from_frame(bundled_pairs(120))
