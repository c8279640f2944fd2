"""How long ``import neuralopt`` takes in a fresh interpreter, and what it loads."""

import subprocess
import sys
import time
from typing import Any

from harness import DEFAULTS, Target, check, figure, main, number, spread, table

TITLE = "Import time"
SETTINGS = DEFAULTS
TARGETS = (Target("`import neuralopt`, own time", "import", "<=", 0.15, "s"),)
_HEAVY = ("jax", "numpy", "scipy", "pandas", "pyarrow", "sklearn", "plotly", "matplotlib", "optuna", "torch")
_CODE = {
    "nothing": "pass",
    "import neuralopt": "import neuralopt",
    "import neuralopt; neuralopt.train": "import neuralopt; neuralopt.train",
    "import neuralopt.cli": "import neuralopt.cli",
    "import jax": "import jax",
}


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. The best of many processes, less the interpreter's start."""
    rounds = 5 if quick else 20
    for code in _CODE.values():
        _start(code)  # writes the byte code, fills the file cache
    times: dict[str, list[float]] = {name: [] for name in _CODE}
    for _ in range(rounds):
        for name, code in _CODE.items():
            times[name].append(_start(code))
    bare = min(times["nothing"])
    own = {name: min(found) - bare for name, found in times.items()}
    loaded = _output("import sys, neuralopt; print(*{m.split('.')[0] for m in sys.modules})").split()
    heavy = sorted(set(_HEAVY) & set(loaded))
    rows = [
        [
            f"`{name}`" if name != "nothing" else "interpreter start",
            f"{number(own[name] or bare)} s",
            spread(figure(found), "s"),
        ]
        for name, found in times.items()
    ]
    return {
        "figures": {"import": figure([own["import neuralopt"]])},
        "checks": [
            check(
                "nothing heavy is loaded",
                not heavy,
                f"loaded: {', '.join(heavy) or 'none'} of {', '.join(_HEAVY)}",
            ),
        ],
        "tables": [
            table(
                "Fresh interpreters",
                [
                    "statement",
                    "own time: best, less the interpreter's start",
                    "whole process: median (range)",
                ],
                rows,
            )
        ],
        "notes": [
            f"{rounds} processes each, in turn. `-X importtime` gives {number(_cumulative())} s "
            "cumulative for `neuralopt`, itself and what it imports.",
        ],
    }


def _start(code: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begin


def _output(code: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout


def _cumulative() -> float:
    """Return the least of five cumulative import times, as the interpreter itself counts them."""
    found = []
    for _ in range(5):
        lines = _output("import neuralopt", "-X", "importtime").splitlines()
        found += [float(line.split("|")[1]) for line in lines if line.split("|")[-1].strip() == "neuralopt"]
    return min(found) * 1e-6


if __name__ == "__main__":
    main(measure)
