"""What this process's own sockets have sent, and where it listens; Linux tells, others do not."""

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

_OWN = Path("/proc/self/fd")
# places of the 64-bit counters in Linux's struct tcp_info
_ACKED, _SENT = 120, 200


def bytes_sent() -> int | None:
    """Return the bytes that all TCP connections of this process have sent so far, or None if unknown."""
    if not _OWN.exists():
        return None
    total = 0
    for one in _sockets():
        try:
            one.getpeername()
        except OSError:  # it listens
            continue
        info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        place = _SENT if len(info) >= _SENT + 8 else _ACKED
        total += struct.unpack_from("Q", info, place)[0]
    return total


def listening() -> list[str]:
    """Return the addresses that this process listens on, ``host:port``; none where nobody tells."""
    found = []
    for one in _sockets():
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            host, port = one.getsockname()[:2]
            found.append(f"{host.removeprefix('::ffff:')}:{port}")
    return sorted(found)


def _sockets() -> Iterator[socket.socket]:
    """Yield the TCP sockets of this process, each as a duplicate that is closed again."""
    for entry in list(_OWN.iterdir()) if _OWN.exists() else []:
        try:
            if not os.readlink(entry).startswith("socket:"):
                continue
            one = socket.socket(fileno=os.dup(int(entry.name)))
        except OSError:  # closed meanwhile
            continue
        with one:
            if one.type == socket.SOCK_STREAM and one.family in (socket.AF_INET, socket.AF_INET6):
                yield one
