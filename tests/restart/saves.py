"""Saves that are killed: a program of the storage room alone, whose children save without end.

    python saves.py FOLDER KILLS

Prints as JSON how many kills fell into a save, and what was wrong after any of them.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from neuralopt.storage import Checkpoint

SIZE = 2**18  # numbers of 8 bytes: a save takes some milliseconds


def checkpoint(folder):
    """Open the checkpoint as a run that goes on does."""
    return Checkpoint(folder / "run.ckpt", "count", {"seed": "0"}, every=0, keep=3, resume=True)


def save_without_end(folder, told):
    """Save one number after the other; tell each that is saved."""
    keeper = checkpoint(folder)
    number = keeper.read()[0]["number"] if keeper.found else 0
    while True:
        number += 1
        keeper.write({"number": number}, {"numbers": np.full(SIZE, float(number))})
        os.write(told, b"%d\n" % number)


def leftovers(folder):
    """Return the temporary files."""
    return [name for name in os.listdir(folder) if name.endswith(".tmp")]


def kill_once(folder, moment):
    """Kill one child; return whether it was saving, and what is wrong."""
    listen, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            save_without_end(folder, told)
        finally:
            os._exit(1)
    os.close(told)
    first = os.read(listen, 64)  # it has come as far as its first save
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    lines = first
    while part := os.read(listen, 65536):
        lines += part
    os.close(listen)
    saving = bool(leftovers(folder))
    if not os.WIFSIGNALED(status):
        return saving, "the child ended by itself"
    last = int(lines.split()[-1])
    keeper = checkpoint(folder)
    content, arrays = keeper.read()
    if leftovers(folder):
        return saving, f"left over: {leftovers(folder)}"
    if not last <= content["number"] <= last + 1:
        return saving, f"{last} was saved and {content['number']} is there"
    if not (arrays["numbers"] == content["number"]).all() or arrays["numbers"].shape != (SIZE,):
        return saving, "other numbers"
    return saving, None


if __name__ == "__main__":
    where, kills = Path(sys.argv[1]), int(sys.argv[2])
    draw = random.Random(0)
    found = [kill_once(where, draw.uniform(0, 0.03)) for _ in range(kills)]
    wrong = [text for _, text in found if text]
    print(
        json.dumps(
            {"saving": sum(saving for saving, _ in found), "wrong": wrong, "jax": "jax" in sys.modules}
        )
    )
