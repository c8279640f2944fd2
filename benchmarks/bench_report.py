"""How long the report of a comparison takes to write, and how large it is."""

import os
import tempfile
from pathlib import Path
from typing import Any

from harness import Clock, Target, check, figure, main, spread, table

TITLE = "Report: written from the records alone"
SETTINGS = {"default threads": {}}
TARGETS = (
    Target("report of 20 runs x 200 epochs", "20 runs", "<=", 5.0, "s"),
    Target("report of every method on two tables, size", "all: size", "<=", 5.0, "MB"),
)
_FOUR = ("sgd", "adam", "nadamw", "rmsprop")


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. Real comparisons leave the records, outside the clock."""
    from neuralopt.benchmark import Budget, compare, make_task
    from neuralopt.datasets import load_bundled
    from neuralopt.report import build_report

    diabetes = make_task("diabetes", load_bundled("diabetes"), "progression")
    digits = make_task("digits", load_bundled("digits"), "digit")
    twenty = Budget(rates=(0.003,), seeds=5, epochs=20 if quick else 200)
    every = Budget(rates=2, seeds=2, epochs=5) if quick else Budget()
    wanted = {
        "20 runs": ("4 optimizers x 5 seeds, 200 epochs", [diabetes], _FOUR, twenty),
        "all": ("every method, 5 learning rates x 5 seeds", [digits, diabetes], "all", every),
    }
    rows, figures = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for key, (title, tasks, optimizers, budget) in wanted.items():
            done = compare(tasks, optimizers=optimizers, budget=budget, output=Path(folder) / key[:2])
            spent, page = [], Path(folder) / "report.html"
            for _ in range(3 if quick else 7):
                with Clock() as clock:
                    build_report(done.records, page)
                spent.append(clock.seconds)
            size = os.path.getsize(page) / 1e6
            figures |= {key: figure(spent), f"{key}: size": figure([size])}
            methods = sum(len(task["rows"]) for task in done.ranking["tasks"])
            rows.append([title, str(methods), spread(figures[key], "s"), f"{size:.2f} MB"])
    return {
        "figures": figures,
        "checks": [check("every page was written", len(rows) == len(wanted), f"{len(rows)} pages")],
        "tables": [table("One page", ["records", "lines of rankings", "written in", "size"], rows)],
        "notes": ["The clock covers reading the records, drawing and writing; training is outside it."],
    }


if __name__ == "__main__":
    main(measure)
