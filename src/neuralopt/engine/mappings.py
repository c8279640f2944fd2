"""Compiled programs are given back before they fill the table of memory mappings that Linux grants a process.

A program compiled for the CPU holds about 140 mappings for as long as it can be called again, and a process
may have 65,530 (``vm.max_map_count``). Training one structure after the other would end, after some 470 of
them, in "LLVM compilation error: Cannot allocate memory" or in a segmentation fault.
"""

from pathlib import Path
from typing import Any

import jax
from jax import monitoring

_PROC = Path("/proc")
_COMPILED = "/jax/core/compile/backend_compile_duration"
# between two looks at the table, which take some 70 ms where it is half full: no more than 9,000 mappings
_PROGRAMS = 64


def mappings() -> int:
    """Return the number of memory mappings of this process, zero where the system has no such table."""
    try:
        with open(_PROC / "self/maps", "rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0


def _limit() -> int:
    try:
        return int((_PROC / "sys/vm/max_map_count").read_text("ascii"))
    except (OSError, ValueError):
        return 65530


class _Room:
    """Programs compiled since the table was last looked at, by whomever: the engine, the user, JAX itself."""

    def __init__(self) -> None:
        self.programs = 0

    def count(self, event: str, duration_secs: float, **_: Any) -> None:
        self.programs += event == _COMPILED

    def make(self, share: float) -> None:
        if self.programs >= _PROGRAMS:
            self.programs = 0
            if mappings() > _limit() * share:
                jax.clear_caches()


_room = _Room()
monitoring.register_event_duration_secs_listener(_room.count)


def make_room(share: float = 0.5) -> None:
    """Forget all compiled programs of this process where they fill its table of mappings.

    Called before a run begins. What is called again is compiled again, or read from the cache on disk.

    Parameters
    ----------
    share : float
        The part of the table, in (0, 1), that may be in use.
    """
    _room.make(share)
