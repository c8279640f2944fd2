"""One container for everything that is kept: models, checkpoints, records."""

from neuralopt.storage.atomic import check_writable, remove_leftovers, write_bytes, write_json, write_text
from neuralopt.storage.checkpoint import Checkpoint, Slot
from neuralopt.storage.container import Container, read_container, read_kind, write_container
from neuralopt.storage.journal import Journal
from neuralopt.storage.lock import FileLock
from neuralopt.storage.replay import Replay
from neuralopt.storage.text import dumps, loads

__all__ = [
    "Checkpoint",
    "Container",
    "FileLock",
    "Journal",
    "Replay",
    "Slot",
    "check_writable",
    "dumps",
    "loads",
    "read_container",
    "read_kind",
    "remove_leftovers",
    "write_bytes",
    "write_container",
    "write_json",
    "write_text",
]
