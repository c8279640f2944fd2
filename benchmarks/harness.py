"""Timing, checks and the entry point that every section shares.

A section is a file ``bench_<name>.py`` with ``measure(quick) -> dict`` and ``TARGETS``. `run.py`
starts it in a process of its own for each of its settings; what it returns is kept as JSON.
"""

import argparse
import gc
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from facts import ROOT, busy_of_others, thread_facts

THREAD_VARIABLES = (
    "NPROC",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "XLA_FLAGS",
)
DEFAULTS = {"default threads": {}}


class Target(NamedTuple):
    """What a figure has to reach. Whether it does is computed when the table is written."""

    title: str
    figure: str  # name among the section's figures; its median is what counts
    sense: str  # "<=" or ">="
    limit: float
    unit: str


class Run(NamedTuple):
    """One run of one peer, with only the training inside the clock."""

    seconds: float
    steps: int
    params: Any  # list of (W, b) after training; evaluated outside the clock
    extra: dict[str, float] = {}  # noqa: RUF012 - a NamedTuple's default is never changed


class Clock:
    """Wall time of a ``with`` block in ``seconds``; the garbage collector waits outside."""

    def __enter__(self) -> "Clock":
        gc.collect()
        gc.disable()
        self._begin = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._begin
        gc.enable()


def interleave(peers: dict[str, Callable[[int], Run]], rounds: int) -> dict[str, list[Run]]:
    """Run all peers in turn, A B C A B C ..., after one warm-up run of each that is thrown away.

    Whatever disturbs the machine for a while then meets all of them, and ratios are taken within
    a round. The round's number is handed to the peer as its seed.
    """
    for peer in peers.values():
        peer(0)
    runs: dict[str, list[Run]] = {name: [] for name in peers}
    for round_ in range(rounds):
        for name, peer in peers.items():
            runs[name].append(peer(round_))
    return runs


def figure(values: Sequence[float]) -> dict[str, Any]:
    """Return a figure: median and range, with the values of all rounds."""
    values = [float(v) for v in values]
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "values": values}


def per_step(runs: Sequence[Run]) -> dict[str, Any]:
    """Return the microseconds per training step of a peer's runs, as a figure."""
    return figure([1e6 * r.seconds / r.steps for r in runs])


def ratio(slow: dict[str, Any], fast: dict[str, Any]) -> dict[str, Any]:
    """Return how many times longer ``slow`` takes than ``fast``, round by round, as a figure."""
    return figure([a / b for a, b in zip(slow["values"], fast["values"], strict=True)])


def spread(found: dict[str, Any], unit: str = "", digits: int = 3) -> str:
    """Return a figure as text: ``median (min–max) unit``."""
    low, mid, high = (number(found[key], digits) for key in ("min", "median", "max"))
    inside = "" if low == high == mid else f" ({low}–{high})"
    return f"{mid}{inside}{' ' if unit and unit != '×' else ''}{unit}"


def number(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, without an exponent where it is readable."""
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    text = f"{value:.{digits}g}"
    return f"{float(text):g}" if "e" in text else text


def check(title: str, ok: bool, detail: str) -> dict[str, Any]:
    """Return a check: where one fails, the section's targets do not count as met."""
    return {"title": title, "ok": bool(ok), "detail": detail}


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return a table for the results."""
    return {"title": title, "columns": list(columns), "rows": [list(row) for row in rows]}


def child_environment(settings: dict[str, str], cache: Path) -> dict[str, str]:
    """Return the environment of a section: no inherited thread setting, an empty compilation cache."""
    kept = {k: v for k, v in os.environ.items() if k not in THREAD_VARIABLES}
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), kept.get("PYTHONPATH", "")]))
    return {**kept, "PYTHONPATH": path, "NEURALOPT_CACHE": str(cache), "JAX_PLATFORMS": "cpu", **settings}


def main(measure: Callable[[bool], dict[str, Any]]) -> None:
    """Measure a section in this process and write the record that `run.py` asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--record", type=Path, required=True)
    options = parser.parse_args()
    begin, busy = time.perf_counter(), busy_of_others()
    measured = measure(options.quick)
    seconds = time.perf_counter() - begin
    measured |= {"threads": thread_facts(), "seconds": seconds}
    if busy is not None:
        measured["others"] = (busy_of_others() - busy) / seconds
    options.record.write_text(json.dumps(measured), encoding="utf-8")
