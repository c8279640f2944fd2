"""The state of a search between two sweeps: what a search that was killed goes on from."""

import dataclasses
from typing import Any

import numpy as np

from neuralopt.core.versions import versions
from neuralopt.engine.identity import data_digest, fingerprint
from neuralopt.models.mlp import Params
from neuralopt.search.settings import Settings
from neuralopt.storage import Checkpoint
from neuralopt.storage.checkpoint import Arrays


@dataclasses.dataclass
class Place:
    """How far a search has come.

    Attributes
    ----------
    start, sweep : int
        Starts and sweeps that are done.
    guided : bool
        Whether the guide searches, not the objective itself.
    stalled : int
        Sweeps without a real decrease.
    reached : float
        The objective after the last sweep.
    share : float
        What one unit of the guide's objective counts between ties.
    params : list of (W, b)
        The network.
    ended : str
        The status of a search that has ended by itself, else nothing.
    """

    start: int
    sweep: int
    guided: bool
    stalled: int
    reached: float
    share: float
    params: Params
    ended: str = ""

    def packed(self) -> tuple[dict[str, Any], Arrays]:
        """Return plain data and arrays."""
        content = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "params"}
        return content, flat("params", self.params)

    @classmethod
    def unpacked(cls, content: dict[str, Any], arrays: Arrays) -> "Place":
        """Return what `packed` took apart."""
        return cls(**content, params=layers("params", arrays))


def flat(name: str, params: Params) -> Arrays:
    """Return the arrays of a network by name."""
    return {
        f"{name}/{k}/{letter}": np.array(array)
        for k, layer in enumerate(params)
        for letter, array in zip("Wb", layer, strict=True)
    }


def layers(name: str, arrays: Arrays) -> Params:
    """Return the network that `flat` took apart."""
    count = sum(key.startswith(f"{name}/") for key in arrays) // 2
    return [(arrays[f"{name}/{k}/W"], arrays[f"{name}/{k}/b"]) for k in range(count)]


def words_of(random: np.random.Generator) -> dict[str, Any]:
    """Return the state of a generator as plain data."""
    state = random.bit_generator.state
    return {**state, "state": {name: hex(number) for name, number in state["state"].items()}}


def set_state(random: np.random.Generator, words: dict[str, Any]) -> None:
    """Give a generator the state that `words_of` returned."""
    numbers = {name: int(number, 16) for name, number in words["state"].items()}
    random.bit_generator.state = {**words, "state": numbers}


@dataclasses.dataclass(frozen=True)
class Keeping:
    """The arguments of a checkpoint, as given.

    Attributes
    ----------
    path : path or None
    every : float
    keep : int
    resume : bool
    """

    path: Any
    every: float
    keep: int
    resume: bool

    def checkpoint(self, run: str, settings: Settings, data: Any, begin: Params | None, **more: Any) -> Any:
        """Return the checkpoint of a search, or None.

        Parameters
        ----------
        run : str
        settings : Settings
            A budget may be another one when the search goes on.
        data : tree of arrays
        begin : list of (W, b) or None
            Where the search begins.
        **more
            What else must be the same.

        Returns
        -------
        Checkpoint or None
        """
        if self.path is None:
            return None
        own = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
        del own["budget_s"]
        identity = fingerprint(**own, **more, begin=data_digest(begin or ()), data=data_digest(data))
        facts = versions("scipy", "numba")
        return Checkpoint(
            self.path, run, identity, every=self.every, keep=self.keep, resume=self.resume, facts=facts
        )
