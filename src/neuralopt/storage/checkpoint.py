"""A run kept in one file: when it is written, whose it is, what is older than it."""

import abc
import math
import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.core.scalars import check_count, check_number
from neuralopt.core.versions import threads, versions
from neuralopt.storage.atomic import check_writable, remove_leftovers
from neuralopt.storage.container import Container, read_container, write_container
from neuralopt.storage.older import first_whole, keeping_older, older_files

KIND, VERSION = "checkpoint", 1

Arrays = dict[str, np.ndarray]


class Slot(abc.ABC):
    """A place for the state of what runs: a file of its own, or a part of one."""

    @property
    @abc.abstractmethod
    def found(self) -> bool:
        """Whether there is a state to go on from."""

    @property
    @abc.abstractmethod
    def due(self) -> bool:
        """Whether the last writing is long enough ago."""

    @abc.abstractmethod
    def read(self) -> tuple[dict[str, Any], Arrays]:
        """Return the state: plain data and arrays."""

    @abc.abstractmethod
    def write(self, content: dict[str, Any], arrays: Arrays) -> None:
        """Write the state now.

        Parameters
        ----------
        content : dict
            Plain data.
        arrays : dict of str to numpy.ndarray
            Not changed afterwards.
        """

    def write_at_end(self, content: dict[str, Any], arrays: Arrays) -> None:
        """Write the state of what has ended; where that fails, warn: the file is lost, and not the result.

        Parameters
        ----------
        content : dict
            As for `write`.
        arrays : dict of str to numpy.ndarray
            As for `write`.
        """
        try:
            self.write(content, arrays)
        except StorageError as error:
            warnings.warn(
                f"the last checkpoint could not be written: {error} What was found is returned all the same.",
                RuntimeWarning,
                stacklevel=2,
            )

    def hold(self, content: dict[str, Any], arrays: Arrays) -> None:
        """Take a newer state, and write it if that is due; see `write`."""
        if self.due:
            self.write(content, arrays)


class Checkpoint(Slot):
    """Keeps a run in one file, written whole or not at all.

    Parameters
    ----------
    path : path
        The file.
    run : str
        What kind of run it is: ``"train"``, ``"joint"``, ``"search"``, ...
    identity : dict of str to str
        What must be the same for the run to go on, in words; see ``neuralopt.engine.identity.fingerprint``.
    every : float >= 0, default 10
        Seconds between two writings.
    keep : int >= 1, default 2
        Files that are kept: the newest, and those before it as ``<name>.1``, ``<name>.2``, ...
    resume : bool, default False
        Whether to go on from an existing file.
    facts : dict of str to str, optional
        For a person who asks why bits differ; versions and NPROC are written in any case.

    Raises
    ------
    InvalidArgument
        When the file exists and ``resume`` is False, when only an older one exists, when ``every`` is
        negative or ``keep`` below one.
    StorageError
        When the place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> path = f"{tempfile.mkdtemp()}/run.ckpt"
    >>> Checkpoint(path, "count", {"seed": "0"}).write({"done": 3}, {})
    >>> again = Checkpoint(path, "count", {"seed": "0"}, resume=True)
    >>> again.found, again.read()
    (True, ({'done': 3}, {}))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        run: str,
        identity: dict[str, str],
        *,
        every: float = 10.0,
        keep: int = 2,
        resume: bool = False,
        facts: dict[str, str] | None = None,
    ) -> None:
        if not isinstance(path, str | os.PathLike):
            raise InvalidArgument(f"checkpoint must be a path, got {path!r}. Give the name of a file.")
        self.path, self._run, self._identity = Path(path).expanduser(), run, identity
        if self.path.is_dir():
            raise InvalidArgument(
                f"checkpoint must be a file, got the folder {str(path)!r}. Give a file name in it."
            )
        if every != math.inf:  # only at the end
            check_number("checkpoint_every", every, unit="seconds")
        self._every, self._keep = every, check_count("checkpoint_keep", keep)
        self._facts, self._last = facts or {}, time.monotonic()
        self._found = self.path.exists()
        if self._found and not resume:
            raise InvalidArgument(
                f"checkpoint {self.path} exists already. Pass resume=True to go on from it, "
                "or remove it to start anew."
            )
        if not self._found and (left := older_files(self.path)):
            raise InvalidArgument(
                f"checkpoint {self.path} is missing, but an older one, {left[0]}, is there. Copy it to "
                f"{self.path} and pass resume=True to go on from it, or remove it to start anew."
            )
        target = check_writable(self.path)
        remove_leftovers(target.parent, of=target.name)  # of a run that was killed while it wrote

    @property
    def found(self) -> bool:
        """Whether the file was there when the run began."""
        return self._found

    @property
    def due(self) -> bool:
        """Whether the last writing is at least ``every`` seconds ago."""
        return time.monotonic() - self._last >= self._every

    def read(self) -> tuple[dict[str, Any], Arrays]:
        """Return what `write` was given.

        Returns
        -------
        content : dict
        arrays : dict of str to numpy.ndarray

        Raises
        ------
        InvalidArgument
            When the file belongs to another run; says in what it differs.
        StorageError
            When the file is damaged or foreign; says which older one is whole.
        """
        try:
            held = read_container(self.path, kind=KIND, version=VERSION)
        except StorageError as error:
            whole = first_whole(self.path, KIND, VERSION)
            if whole is None:
                raise
            said = str(error).rstrip(".")
            raise StorageError(
                f"{said}. The older checkpoint '{whole}' is whole: copy it to '{self.path}' and the run goes "
                "on from there; it ends the same."
            ) from error
        self._check_own(held)
        content = {name: part for name, part in held.header.items() if name not in _OWN}
        return content, held.arrays

    def write(self, content: dict[str, Any], arrays: Arrays) -> None:
        """Write the run; the file that was the newest becomes the first of the older ones.

        Parameters
        ----------
        content : dict
            Plain data, under other names than run, identity and facts.
        arrays : dict of str to numpy.ndarray

        Raises
        ------
        StorageError
            When it cannot be written; the earlier file is then intact.
        """
        facts = versions() | {"NPROC": threads()} | self._facts
        header = {"run": self._run, "identity": self._identity, "facts": facts, **content}
        with keeping_older(self.path, self._keep):
            write_container(self.path, kind=KIND, version=VERSION, header=header, arrays=arrays)
        self._last = time.monotonic()

    def _check_own(self, held: Container) -> None:
        theirs = {_KIND_OF_RUN: held.header["run"], **held.header["identity"]}
        own = {_KIND_OF_RUN: self._run, **self._identity}
        for name in {**own, **theirs}:  # in the order given: settings, then what follows from them
            if theirs.get(name) != own.get(name):
                raise InvalidArgument(
                    f"checkpoint {self.path} belongs to another run: its {name} is {theirs.get(name)}, "
                    f"this run's is {own.get(name)}. "
                    "Restore the setting, or give another checkpoint path."
                )


_OWN = ("run", "identity", "facts")
_KIND_OF_RUN = "kind of run"
