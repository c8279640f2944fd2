"""A computation that can be killed: what it has found is kept, and a second run takes it from there."""

import math
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.storage.checkpoint import Arrays, Checkpoint, Slot

MOST = 2**26  # bytes of one computation's parts that are kept; what comes after them is computed anew

Entry = tuple[list[Any], bytes]  # dtype and shape of every array, and the bytes of all


class _Level:
    """The parts of one computation: those of a file that are still to be handed out, and those done."""

    def __init__(self, given: Sequence[Entry] = ()) -> None:
        self.given, self.size, self.full = deque(given), 0, False
        self.done: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self.size += len(entry[1])
        self.full = self.full or self.size > MOST
        if not self.full:
            self.done.append(entry)


class Replay:
    """Hands out what a killed run has computed, in order, and computes the rest.

    For computations that are the same whenever they are begun anew. Each of their costly parts is made by a
    call; calls may be nested. Once a part is finished, what it consisted of is forgotten and its result kept.
    A run that is begun again gets the results that are kept, bit for bit, and then goes on.

    Parameters
    ----------
    checkpoint : Checkpoint or None
        Where results are kept; without one all is computed and nothing kept.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> path = f"{tempfile.mkdtemp()}/run.ckpt"
    >>> with Replay(Checkpoint(path, "sum", {})) as replay:
    ...     first = replay(lambda: [np.array(3.0)])
    >>> with Replay(Checkpoint(path, "sum", {}, resume=True)) as replay:
    ...     replay(lambda: print("computed anew"))
    [array(3.)]
    """

    def __init__(self, checkpoint: Checkpoint | None = None) -> None:
        self._checkpoint = checkpoint
        self._open = [_Level()]
        self._pending: deque[list[Entry]] = deque()  # of unfinished parts, outermost first
        self._state: tuple[dict[str, Any], Arrays] | None = None  # of the innermost computation
        if checkpoint is not None and checkpoint.found:
            self._load(*checkpoint.read())

    def __enter__(self) -> "Replay":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, StorageError):  # a fault, or Ctrl-C, must not cost what was computed
            self.save(at_end=True)

    def __call__(self, compute: Callable[[], Sequence[Any]]) -> list[np.ndarray]:
        """Return the result of one part: the kept one, or a new one.

        Parameters
        ----------
        compute : callable
            Returns arrays or numbers.

        Returns
        -------
        list of numpy.ndarray
        """
        level = self._open[-1]
        if level.given:
            entry = level.given.popleft()
            level.add(entry)
            return _unpacked(entry)
        if self._checkpoint is None or level.full:
            return [np.asarray(part) for part in compute()]
        self._open.append(_Level(self._pending.popleft() if self._pending else ()))
        try:
            found = [np.asarray(part) for part in compute()]
        except Exception:  # after Ctrl-C the unfinished part is written as well, by __exit__
            self._close()
            raise
        self._close()
        level.add(_packed(found))
        if self._checkpoint.due:
            self.save()
        return found

    def at(self, x: np.ndarray, compute: Callable[[], Sequence[Any]]) -> list[np.ndarray]:
        """Return the result of one part that depends on x; a kept one of another x is not used.

        The same versions on the same machine ask for the same x. Where others do not, what is kept is of no
        use from here on, and all is computed.

        Parameters
        ----------
        x : numpy.ndarray
        compute : callable
            Returns arrays or numbers.

        Returns
        -------
        list of numpy.ndarray
        """
        if self._checkpoint is None:
            return self(compute)
        level, mark = self._open[-1], np.asarray(zlib.crc32(np.ascontiguousarray(x).data), np.uint32)
        if level.given and _unpacked(level.given[0])[0] != mark:
            level.given.clear()
            self._pending.clear()
            self._state = None
        return self(lambda: [mark, *compute()])[1:]

    def slot(self) -> Slot | None:
        """Return a place for the state of the part that is being computed, where that is not made of parts.

        Returns
        -------
        Slot or None
            None where nothing is kept.
        """
        return None if self._checkpoint is None else _Part(self, self._checkpoint)

    def save(self, at_end: bool = False) -> None:
        """Write all that is kept.

        Parameters
        ----------
        at_end : bool
            Whether a failure is a warning: what was found is worth more than the file.
        """
        if self._checkpoint is None:
            return
        levels = [[*level.done, *level.given] for level in self._open] + list(self._pending)
        arrays: Arrays = {
            f"parts/{depth}": np.frombuffer(b"".join(data for _, data in entries), np.uint8)
            for depth, entries in enumerate(levels)
        }
        content = {"parts": [[kinds for kinds, _ in entries] for entries in levels], "state": None}
        if self._state is not None:
            content["state"] = self._state[0]
            arrays |= {f"state/{name}": array for name, array in self._state[1].items()}
        write = self._checkpoint.write_at_end if at_end else self._checkpoint.write
        write(content, arrays)

    def _close(self) -> None:
        self._open.pop()
        self._state = None

    def _load(self, content: dict[str, Any], arrays: Arrays) -> None:
        levels = []
        for depth, parts in enumerate(content["parts"]):
            data, offset, entries = arrays[f"parts/{depth}"].tobytes(), 0, []
            for kinds in parts:
                size = sum(np.dtype(kind).itemsize * math.prod(shape) for kind, shape in kinds)
                entries.append((kinds, data[offset : offset + size]))
                offset += size
            levels.append(entries)
        self._open, self._pending = [_Level(levels[0])], deque(levels[1:])
        if content["state"] is not None:
            held = {name.removeprefix("state/"): a for name, a in arrays.items() if name[:6] == "state/"}
            self._state = content["state"], held


def _packed(arrays: Sequence[np.ndarray]) -> Entry:
    return [[a.dtype.str, list(a.shape)] for a in arrays], b"".join(a.tobytes() for a in arrays)


def _unpacked(entry: Entry) -> list[np.ndarray]:
    kinds, data = entry
    found, offset = [], 0
    for kind, shape in kinds:
        array = np.frombuffer(data, kind, math.prod(shape), offset).reshape(shape).copy()
        offset += array.nbytes
        found.append(array)
    return found


class _Part(Slot):
    """The state of the innermost computation of a replay."""

    def __init__(self, replay: Replay, checkpoint: Checkpoint) -> None:
        self._replay, self._checkpoint = replay, checkpoint

    @property
    def found(self) -> bool:
        return self._replay._state is not None and not self._replay._pending

    @property
    def due(self) -> bool:
        return self._checkpoint.due

    def read(self) -> tuple[dict[str, Any], Arrays]:
        assert self._replay._state is not None
        return self._replay._state

    def write(self, content: dict[str, Any], arrays: Arrays) -> None:
        self._replay._state = content, arrays
        self._replay.save()

    def hold(self, content: dict[str, Any], arrays: Arrays) -> None:
        self._replay._state = content, arrays
        super().hold(content, arrays)
