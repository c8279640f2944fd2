"""When a run is kept, and how it goes on exactly where it stopped."""

import time
from pathlib import Path

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.versions import threads, versions
from neuralopt.engine.history import History
from neuralopt.engine.loop import LoopState
from neuralopt.storage import check_writable, read_container, write_container

KIND, VERSION = "checkpoint", 1


class Checkpoint:
    """Keeps a run in one file, written whole or not at all.

    Parameters
    ----------
    path : path
        The file.
    identity : dict of str to str
        From `fingerprint`.
    every : float
        Seconds between two writings.
    resume : bool
        Whether to go on from an existing file.

    Raises
    ------
    InvalidArgument
        When the file exists and ``resume`` is False, or ``every`` is negative.
    StorageError
        When the place cannot be written to.
    """

    def __init__(self, path: str | Path, identity: dict[str, str], every: float, resume: bool) -> None:
        if Path(path).is_dir():
            raise InvalidArgument(
                f"checkpoint must be a file, got the folder {str(path)!r}. Give a file name in it."
            )
        if not every >= 0:
            raise InvalidArgument(f"checkpoint_every must be >= 0 seconds, got {every!r}.")
        self.path, self._identity, self._every = Path(path).expanduser(), identity, every
        self._last = time.monotonic()
        self.found = self.path.exists()
        if self.found and not resume:
            raise InvalidArgument(
                f"checkpoint {self.path} exists already. Pass resume=True to go on from it, "
                "or remove it to start anew."
            )
        check_writable(self.path)

    def load(self, like: LoopState) -> tuple[LoopState, History]:
        """Return the state and history of the file.

        Parameters
        ----------
        like : LoopState
            A first state of the same run, for the structure.

        Returns
        -------
        state : LoopState
            NumPy arrays.
        history : History

        Raises
        ------
        InvalidArgument
            When the file belongs to another run; says in what it differs.
        StorageError
            When the file is damaged or foreign.
        """
        held = read_container(self.path, kind=KIND, version=VERSION)
        theirs = held.header["identity"]
        for name in {**self._identity, **theirs}:  # in the order given: settings, then what follows from them
            if theirs.get(name) != self._identity.get(name):
                raise InvalidArgument(
                    f"checkpoint {self.path} belongs to another run: its {name} is {theirs.get(name)}, "
                    f"this run's is {self._identity.get(name)}. "
                    "Restore the setting, or give another checkpoint path."
                )
        leaves = [held.arrays.get(f"state/{k}") for k in range(len(tree.leaves(like)))]
        for name, leaf, wanted in zip(tree.names(like), leaves, tree.leaves(like), strict=True):
            if leaf is None or (leaf.shape, leaf.dtype) != (wanted.shape, wanted.dtype):
                kept = "nothing" if leaf is None else f"{leaf.dtype}{list(leaf.shape)}"
                raise InvalidArgument(
                    f"checkpoint {self.path} belongs to another run: it holds {kept} for {name}, "
                    f"this run needs {wanted.dtype}{list(wanted.shape)}. Give another checkpoint path."
                )
        columns = {n: held.arrays[f"history/{n}"] for n in held.header["columns"]}
        return tree.structure(like).unflatten(leaves), History(columns)

    def save(self, state: LoopState, history: History) -> None:
        """Write the run.

        Parameters
        ----------
        state : LoopState
        history : History
        """
        arrays = {f"state/{k}": np.asarray(leaf) for k, leaf in enumerate(tree.leaves(state))}
        arrays |= {f"history/{name}": history[name] for name in history}
        # for a person who asks why bits differ; a run may go on under other versions
        facts = versions() | {"NPROC": threads()}
        header = {"identity": self._identity, "columns": list(history), "facts": facts}
        write_container(self.path, kind=KIND, version=VERSION, header=header, arrays=arrays)
        self._last = time.monotonic()

    def save_if_due(self, state: LoopState, history: History) -> None:
        """Write the run when the last writing is long enough ago."""
        if time.monotonic() - self._last >= self._every:
            self.save(state, history)
