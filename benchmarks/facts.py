"""What the figures were measured on: the machine, the versions, the threads really in use."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "scikit-learn", "torch", "optax")


def machine_facts() -> dict[str, str]:
    """Return the facts that hold for all settings of a section; imports none of the libraries."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": f"{cores} usable of {os.cpu_count()}",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "neuralopt": f"commit {_commit()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "src", "benchmarks/*.py")
        return git("rev-parse", "--short", "HEAD") + (" with uncommitted changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    return (
        f"{found.get('model name', 'unknown')}, family {found.get('cpu family')} model {found.get('model')}"
    )


def thread_facts() -> dict[str, Any]:
    """Return NPROC and the threads of every library that this process has loaded."""
    facts: dict[str, Any] = {"NPROC": os.environ.get("NPROC", "not set")}
    if "jax" in sys.modules:
        facts["XLA"] = _named_threads("tf_XLAEigen")
    if "sklearn" in sys.modules:  # it brings threadpoolctl
        import threadpoolctl

        for pool in sorted(threadpoolctl.threadpool_info(), key=lambda pool: pool["filepath"]):
            folder = Path(pool["filepath"]).parent  # numpy.libs, or torch/lib
            owner = folder.parent.name if folder.name == "lib" else folder.name.removesuffix(".libs")
            facts[f"{pool['internal_api']} of {owner}"] = pool["num_threads"]
    return facts


def _named_threads(name: str) -> int | str:
    """Return how many threads of this process carry a name; Linux tells."""
    try:
        return sum((task / "comm").read_text().startswith(name) for task in Path("/proc/self/task").iterdir())
    except OSError:
        return "unknown"


def busy_of_others() -> float | None:
    """Return the processor seconds since the start of the machine that were not this process's.

    Time that the host of a virtual machine took away counts too. The difference over a measurement
    says how quiet the machine was. Linux tells; elsewhere None.
    """
    try:
        fields = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields[:8])
    own = os.times()
    busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return busy - sum(own[:4])
