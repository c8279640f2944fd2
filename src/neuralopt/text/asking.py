"""How a language model is asked: what, where, how much, how long."""

import dataclasses

from neuralopt.core.errors import InvalidArgument, raise_problems
from neuralopt.core.scalars import check_count
from neuralopt.text.bundled import check_language
from neuralopt.text.server import ChatServer


@dataclasses.dataclass(frozen=True)
class Asking:
    """How a language model is asked.

    Parameters
    ----------
    model : str
        A name that the server knows.
    base_url : str, default "http://localhost:11434/v1"
        Of an OpenAI-compatible server.
    language : {"en", "tr"}, default "en"
        English or Turkish.
    n : int >= 2, default 200
        Pairs wanted.
    seed : int >= 0, default 0
        Of the order of the topics; sent to the server too.
    timeout : float > 0, default 120
        Seconds for one answer.
    time_limit : float > 0 or None, default None
        Seconds for everything.
    retries : int >= 0, default 5
        Further tries after an answer that failed, one, two, four, ... seconds apart.

    Raises
    ------
    InvalidArgument
        For all that break their law at once.
    """

    model: str
    base_url: str = "http://localhost:11434/v1"
    language: str = "en"
    n: int = 200
    seed: int = 0
    timeout: float = 120.0
    time_limit: float | None = None
    retries: int = 5

    def __post_init__(self) -> None:
        problems = []
        for check in (
            lambda: check_count("n", self.n, low=2),
            lambda: check_count("seed", self.seed, low=0),
            lambda: check_count("retries", self.retries, low=0),
            lambda: check_language(self.language),
            lambda: ChatServer(self.base_url, self.timeout),
        ):
            try:
                check()
            except InvalidArgument as error:
                problems.append(str(error))
        if self.time_limit is not None and not 0 < self.time_limit < float("inf"):
            problems.append(f"time_limit must be a number of seconds > 0, got {self.time_limit!r}.")
        if not isinstance(self.model, str) or not self.model.strip():
            problems.append(f"model must be a name, got {self.model!r}.")
        raise_problems(problems)
