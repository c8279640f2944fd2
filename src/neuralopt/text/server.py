"""A client for the chat protocol of local servers: explicit time limits, the standard library only."""

import http.client
import json
import os
import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from neuralopt.core.errors import InvalidArgument, ServerError, did_you_mean
from neuralopt.text.wording import from_json

_LARGEST, _CHUNK = 16_000_000, 65_536  # bytes
KEY_VARIABLE = "NEURALOPT_TEXT_API_KEY"
"""Environment variable with the key of a server that asks for one."""


class Transient(ServerError):
    """What may be over a moment later: worth another try."""


class Refused(ServerError):
    """An answer with an error status.

    Attributes
    ----------
    status : int
        Of the answer.
    said : str
        What the server said about it.
    """

    def __init__(self, text: str, status: int, said: str) -> None:
        super().__init__(text)
        self.status, self.said = status, said


class ChatServer:
    """A server with ``/models`` and ``/chat/completions``: Ollama, llama.cpp, vLLM and others.

    Parameters
    ----------
    base_url : str
        Begins with http:// or https://, ends by custom in ``/v1``.
    timeout : float > 0
        Seconds for one whole answer.

    Raises
    ------
    InvalidArgument
        For an address that is none, or a time that is none.
    """

    def __init__(self, base_url: str, timeout: float) -> None:
        parts = urlsplit(base_url if isinstance(base_url, str) else "")
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise InvalidArgument(
                f"base_url must be an address such as http://localhost:11434/v1, got {base_url!r}."
            )
        if not 0 < timeout < float("inf"):
            raise InvalidArgument(f"timeout must be a number of seconds > 0, got {timeout!r}.")
        self.base_url, self.timeout = base_url.rstrip("/"), timeout
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, port
        self._path = parts.path.rstrip("/")

    def models(self) -> list[str] | None:
        """Return the names of the models, or None where the server does not list them.

        Raises
        ------
        ServerError
            When there is no such server, or it does not speak the protocol.
        """
        try:
            answer = self._request("GET", "/models", None)
        except Refused as error:
            if error.status in (404, 405, 501):
                return None
            raise
        try:
            return [str(entry["id"]) for entry in from_json(answer)["data"] or ()]
        except (ValueError, KeyError, TypeError) as error:
            raise ServerError(
                f"{self.base_url}/models does not answer with a list of models: {_shown(answer)}. Likely "
                "cause: another program listens there, or the address lacks its /v1. Check --base-url."
            ) from error

    def check_model(self, model: str) -> None:
        """Raise unless the server has a model of this name; a server that lists none is believed.

        Raises
        ------
        InvalidArgument
            With the models that there are.
        ServerError
            As `models`.
        """
        names = self.models()
        if names is not None and model not in names and f"{model}:latest" not in names:
            raise self.no_model(model, names)

    def no_model(self, model: str, names: list[str] | None) -> InvalidArgument:
        """Return the error for a model that the server does not have."""
        if not names:
            have = "It lists none."
        else:
            have = f"It has: {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}."
        if model in (names or []):
            return InvalidArgument(
                f"{self.base_url} lists the model {model!r} and does not find it when asked. Likely cause: "
                f"it was removed, or is not loaded. Load it and try again (with Ollama: ollama pull {model})."
            )
        return InvalidArgument(
            f"{self.base_url} has no model {model!r}.{did_you_mean(model, names or [])} {have} "
            f"Give one of these, or fetch it first (with Ollama: ollama pull {model})."
        )

    def chat(self, body: dict[str, Any]) -> str:
        """Return the text that the model answers.

        Parameters
        ----------
        body : dict
            Of the request.

        Returns
        -------
        str
            Not empty.

        Raises
        ------
        Transient
            For an answer that is late, cut off, not of the protocol, or an error of the server's own.
        Refused
            For an answer that says that the request is wrong.
        """
        answer = self._request("POST", "/chat/completions", body)
        text = answer.decode("utf-8", "replace").strip()
        if text.startswith(("data:", ":", "event:")):
            return _streamed(text)
        try:
            choice = from_json(text)["choices"][0]
            content = choice["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise Transient(f"the server's answer is not of the protocol: {_shown(answer)}") from error
        if not isinstance(content, str) or not content.strip():
            raise Transient("the model answered nothing")
        return content

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> bytes:
        """Return the body of a good answer, all of it within the time limit."""
        limit = time.monotonic() + self.timeout
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token := os.environ.get(KEY_VARIABLE):
            headers["Authorization"] = f"Bearer {token}"
        connection = self._connection()
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, self._path + path, data, headers)
            # the response may outlive its connection, and reads by this socket
            line = connection.sock
            line.settimeout(max(limit - time.monotonic(), 1e-3))
            response = connection.getresponse()
            content = self._read(response, line, limit)
        except Transient:  # an OSError too, with its own words
            raise
        except TimeoutError as error:
            raise Transient(f"no whole answer within {self.timeout:g} seconds") from error
        except (http.client.HTTPException, ssl.SSLError, ConnectionResetError, BrokenPipeError) as error:
            raise Transient(f"the answer broke off ({type(error).__name__})") from error
        except OSError as error:
            raise Transient(f"no connection ({error.strerror or error})") from error
        finally:
            connection.close()
        self._check_status(response.status, content)
        return content

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host or "", self._port, timeout=self.timeout)

    def _read(self, response: http.client.HTTPResponse, line: socket.socket, limit: float) -> bytes:
        """Return the body; a server that drips is cut off at the limit as well."""
        parts, size = [], 0
        while True:
            left = limit - time.monotonic()
            if left <= 0:
                raise TimeoutError
            line.settimeout(left)
            part = response.read1(_CHUNK)
            if not part:
                break
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise Transient(f"the answer is longer than {_LARGEST // 1_000_000} MB")
        if response.length:  # bytes that were promised and did not come
            raise http.client.IncompleteRead(b"".join(parts), response.length)
        return b"".join(parts)

    def _check_status(self, status: int, content: bytes) -> None:
        if status == 200:
            return
        said = _said(content)
        if status in (408, 409, 429) or status >= 500:
            raise Transient(f"the server answered with status {status}: {said}")
        cure = {
            401: f"The server wants a key: set the environment variable {KEY_VARIABLE}.",
            403: f"The server refuses the key: check the environment variable {KEY_VARIABLE}.",
            404: "Check --base-url: it ends in /v1 with most servers.",
        }.get(status, "Check --base-url and --model.")
        raise Refused(f"{self.base_url} answered with status {status}: {said} {cure}", status, said)


def _streamed(text: str) -> str:
    """Return the text of an answer that came as a stream of events although none was asked for."""
    said, ended = [], False
    for line in text.splitlines():
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            ended = True
            continue
        try:
            choice = from_json(data)["choices"][0]
            said.append((choice.get("delta") or choice.get("message") or {}).get("content") or "")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise Transient(f"the server streams what is not of the protocol: {_shown(data)}") from error
        ended = ended or bool(choice.get("finish_reason"))
    if not ended:
        raise Transient("the server's stream broke off before its end")
    if not "".join(said).strip():
        raise Transient("the model answered nothing")
    return "".join(said)


def _said(content: bytes) -> str:
    """Return what an error answer says, in one line."""
    try:
        error = from_json(content)["error"]
        text = error["message"] if isinstance(error, dict) else str(error)
    except (ValueError, KeyError, TypeError):
        return _shown(content)
    return _shown(text)


def _shown(content: bytes | str) -> str:
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return repr(line[:120] + ("..." if len(line) > 120 else ""))
