"""What a search keeps while it runs: a journal of evaluations, the weights of possible parents."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.architecture.evaluation import Evaluation
from neuralopt.architecture.space import Genes
from neuralopt.architecture.trainer import Weights
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.storage import FileLock, Journal, read_container, remove_leftovers, write_container

JOURNAL = "journal.jsonl"
_FORMAT, _VERSION, _KIND = "neuralopt-architecture-journal", 1, "candidate"


class Keeper:
    """Keeps evaluations and weights in a folder, or in memory alone.

    A line is added to the journal after the weights are on the disk: after a kill at any moment the search
    goes on as if nothing had happened. Weights are kept of evaluations that may become parents.

    Parameters
    ----------
    folder : Path or None
    identity : dict of str to str
        What must be the same for a search to be resumed.
    resume : bool
        Go on with the journal of the folder, where there is one.

    Raises
    ------
    InvalidArgument
        When the folder holds a search already and ``resume`` is false, or one of other settings.
    StorageError
        When the journal is damaged.
    """

    def __init__(self, folder: Path | None, identity: dict[str, str], resume: bool) -> None:
        self._folder = folder
        self._memory: dict[int, Weights] = {}
        self._done: dict[tuple[str, int], Evaluation] = {}
        self.latencies: dict[Genes, float] = {}
        self._head = {"format": _FORMAT, "version": _VERSION, "identity": identity}
        if folder is None:
            return
        self._journal = Journal(folder / JOURNAL)
        entries = self._journal.read()
        self._begun = bool(entries)
        if not entries:
            return
        head, *rest = entries
        self._check(head, identity, resume)
        try:
            for entry in rest:
                self._take(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"'{self._journal.path}' is damaged: a line is no evaluation ({error}). "
                "Restore it from a copy, or begin anew in another folder."
            ) from error

    def _check(self, head: dict[str, Any], identity: dict[str, str], resume: bool) -> None:
        path = self._journal.path
        if head.get("format") != _FORMAT or not isinstance(head.get("version"), int):
            raise StorageError(f"'{path}' is not the journal of an architecture search.")
        if head["version"] > _VERSION:
            raise StorageError(
                f"'{path}' has format version {head['version']}; this neuralopt reads up to {_VERSION}. "
                "Install a newer neuralopt to read it."
            )
        if not resume:
            raise InvalidArgument(
                f"'{self._folder}' holds an architecture search already. "
                "Go on with it by resume=True (--resume), or give another folder."
            )
        before = head.get("identity", {})
        changed = [name for name in identity if before.get(name) != identity[name]]
        if changed:
            name = changed[0]
            raise InvalidArgument(
                f"the search in '{self._folder}' had another {', '.join(changed)}: {name} was "
                f"{before.get(name)}, now it is {identity[name]}. Resume with the same settings and data, "
                "or begin anew in another folder."
            )

    def done(self, arm: str, number: int) -> Evaluation | None:
        """Return an evaluation that has been made, or None."""
        return self._done.get((arm, number))

    def add(self, evaluation: Evaluation, weights: Weights | None) -> None:
        """Keep an evaluation, and its weights where it may become a parent."""
        if weights is not None:
            if self._folder is None:
                self._memory[evaluation.number] = weights
            else:
                names = [f"{k:04d}" for k in range(len(tree.leaves(weights)))]
                arrays = dict(zip(names, map(np.asarray, tree.leaves(weights)), strict=True))
                write_container(
                    self._file(evaluation.number), kind=_KIND, version=_VERSION, header={}, arrays=arrays
                )
        self._append(evaluation.entry())
        self._done[evaluation.arm, evaluation.number] = evaluation

    def latency(self, genes: Genes, measure: Callable[[], float]) -> float:
        """Return the milliseconds of a network: measured once, so that a resumed search decides the same."""
        if genes not in self.latencies:
            self.latencies[genes] = measure()
            self._append({"latency_of": list(genes), "latency_ms": self.latencies[genes]})
        return self.latencies[genes]

    def _take(self, entry: dict[str, Any]) -> None:
        if "latency_of" in entry:
            self.latencies[tuple(entry["latency_of"])] = float(entry["latency_ms"])
            return
        evaluation = Evaluation.of(entry)
        self._done[evaluation.arm, evaluation.number] = evaluation

    def _append(self, entry: dict[str, Any]) -> None:
        if self._folder is None:
            return
        if not self._begun:
            self._journal.append(self._head)
            self._begun = True
        self._journal.append(entry)

    def weights(self, number: int, like: Weights) -> Weights:
        """Return the trained weights of an evaluation in the structure of others."""
        if self._folder is None:
            return self._memory[number]
        arrays = read_container(self._file(number), kind=_KIND, version=_VERSION).arrays
        return tree.structure(like).unflatten([arrays[name] for name in sorted(arrays)])

    def forget(self, parents: set[int]) -> None:
        """Remove the weights of all but these evaluations."""
        for number in [n for n in self._memory if n not in parents]:
            del self._memory[number]
        if self._folder is None:
            return
        for file in (self._folder / "weights").glob("*.safetensors"):
            if file.stem.isdigit() and int(file.stem) not in parents:
                file.unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        assert self._folder is not None
        return self._folder / "weights" / f"{number:06d}.safetensors"


@contextlib.contextmanager
def locked(folder: Path | None) -> Iterator[None]:
    """Hold a search's folder for this process alone.

    Parameters
    ----------
    folder : Path or None

    Raises
    ------
    StorageError
        When another process has it.
    """
    if folder is None:
        yield
        return
    with FileLock(folder / "lock", f"the search in '{folder}'"):
        for place in (folder, folder / "weights"):  # of a search that was killed while it wrote
            remove_leftovers(place)
        yield
