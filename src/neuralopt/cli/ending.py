"""How a command ends that was interrupted and can go on."""

import sys
from typing import NoReturn

from rich.console import Console


def interrupted(out: Console) -> NoReturn:
    """Say how to go on, and exit with 130, as shells do after Ctrl-C."""
    out.print("Interrupted: what was done is kept. Give the same command with --resume to go on.")
    sys.exit(130)
