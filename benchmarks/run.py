"""Measure neuralopt and its peers side by side and write the table.

``python benchmarks/run.py [--quick] [--only NAME ...] [--table] [--output benchmarks/RESULTS.md]``
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from facts import machine_facts
from harness import child_environment
from tables import results_page, verdict

HERE = Path(__file__).resolve().parent
SECTIONS = (
    "small_net",
    "digits_net",
    "import_time",
    "agreement",
    "demo_time",
    "sweep",
    "trajectories",
    "report",
    "updates",
    "dropout",
    "readout",
    "lookup",
    "joint",
    "transfer",
    "hybrid_speed",
    "search",
    "tuning",
    "architecture",
    "distributed",
    "faults",
)


def main() -> int:
    """Run the wanted sections, keep their records, write the page from all records there are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that all works")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="NAME", help=", ".join(SECTIONS))
    parser.add_argument(
        "--output", type=Path, default=HERE / "RESULTS.md", help="records go to results/ beside it"
    )
    parser.add_argument(
        "--table", action="store_true", help="measure nothing, write the table from the records"
    )
    options = parser.parse_args()
    records = options.output.resolve().parent / "results"
    records.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in () if options.table else options.only or SECTIONS:
        section = importlib.import_module(f"bench_{name}")
        print(f"{name}: {section.TITLE}", flush=True)
        try:
            settings = {
                s: _measure(name, s, variables, options.quick) for s, variables in section.SETTINGS.items()
            }
        except subprocess.CalledProcessError as error:
            print(f"  failed with exit code {error.returncode}; its earlier record stays", file=sys.stderr)
            failed.append(name)
            continue
        record = {"section": name, "quick": options.quick, "facts": machine_facts(), "settings": settings}
        _write(records / f"{name}.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        for setting, measured in settings.items():
            for target in section.TARGETS:
                print(f"  {setting}: {target.title}: {verdict(target, measured)}")
    kept = [name for name in SECTIONS if (records / f"{name}.json").exists()]
    if kept:
        page = results_page([_read(name, records / f"{name}.json") for name in kept])
        _write(options.output, page)
        print(f"Table: {options.output}")
    return 1 if failed else 0


def _measure(name: str, setting: str, variables: dict[str, str], quick: bool) -> dict[str, Any]:
    """Measure one section under one setting, in a process of its own with nothing compiled yet."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "record.json")
        command = [sys.executable, str(HERE / f"bench_{name}.py"), "--record", str(record)]
        print(f"  {setting} ...", flush=True)
        subprocess.run(
            command + ["--quick"] * quick, env=child_environment(variables, Path(folder, "cache")), check=True
        )
        return {"environment": variables, **json.loads(record.read_text(encoding="utf-8"))}


def _read(name: str, path: Path) -> tuple[str, str, Any, dict[str, Any]]:
    section = importlib.import_module(f"bench_{name}")
    return name, section.TITLE, section.TARGETS, json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
