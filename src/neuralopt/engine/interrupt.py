"""Ctrl-C between chunks: what has been computed is never lost to a signal."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class DeferredInterrupt:
    """Turn the first Ctrl-C into a flag that is read between chunks; the second one ends the program.

    A chunk hands its state over to the compiled program; an exception raised in the middle would
    lose it. Outside the main thread, where Python allows no handlers, it does nothing.

    Examples
    --------
    >>> with DeferredInterrupt() as interrupt:
    ...     interrupt.requested
    False
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: Any = None
        self._armed = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def __enter__(self) -> "DeferredInterrupt":
        own = threading.current_thread() is threading.main_thread()
        # somebody else's handler (a notebook's, an outer run's) is left to do its work
        if own and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._note)
            self._armed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._armed:
            signal.signal(signal.SIGINT, self._before)
            self._armed = False
