"""Wall time of the main job, ``neuralopt compare digits diabetes``, with nothing compiled and again."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import DEFAULTS, Target, check, figure, main, spread, table

TITLE = "Time of the demo"
SETTINGS = DEFAULTS
TARGETS = (Target("`neuralopt compare digits diabetes`, cold", "cold", "<=", 90.0, "s"),)
_OPTIMIZERS = "classic,variable-projection,search,hybrid"
_QUICK = ("--optimizers", "adam,sgd", "--rates", "2", "--seeds", "1", "--epochs", "5")


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. A quick run compares less, and judges no target."""
    times: dict[str, list[float]] = {"cold": [], "warm": []}
    reports = []
    for _ in range(1 if quick else 2):
        with tempfile.TemporaryDirectory() as folder:
            for name, found in times.items():
                output = Path(folder, name)
                command = [sys.executable, "-m", "neuralopt.cli", "compare", "digits", "diabetes"]
                command += ["--optimizers", _OPTIMIZERS]
                command += ["--output", str(output), *(_QUICK if quick else ())]
                caches = {name: str(Path(folder, name)) for name in ("NEURALOPT_CACHE", "NUMBA_CACHE_DIR")}
                environment = {**os.environ, **caches}
                begin = time.perf_counter()
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
                found.append(time.perf_counter() - begin)
                if done.returncode:
                    raise RuntimeError(f"the demo ended with {done.returncode}: {done.stderr[-2000:]}")
                reports.append(sum(p.stat().st_size for p in output.rglob("*.html")))
    figures = {name: figure(found) for name, found in times.items()}
    what = f"`compare digits diabetes {' '.join(['--optimizers', _OPTIMIZERS, *(_QUICK if quick else ())])}`"
    rows = [
        ["nothing compiled yet", spread(figures["cold"], "s")],
        ["again, programs cached", spread(figures["warm"], "s")],
    ]
    return {
        "figures": {} if quick else figures,
        "checks": [
            check(
                "every run wrote its report", min(reports) > 0, f"{min(reports) // 1024} KiB of HTML at least"
            )
        ],
        "tables": [table(what, ["run", "wall time of the process"], rows)],
        "notes": ["Interpreter start, reading the data, report and saved models included."],
    }


if __name__ == "__main__":
    main(measure)
