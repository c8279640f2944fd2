"""What the figures were measured on."""

import importlib.metadata
import os
import platform

import jax

import neuralopt


def machine_facts() -> dict[str, str | int]:
    """Return the facts that timings depend on.

    Returns
    -------
    dict
        Processor, cores, the ``NPROC`` in force (JAX's thread count, when it was set), device and
        the versions of Python and the numeric packages.

    Examples
    --------
    >>> machine_facts()["cores"] >= 1
    True
    """
    packages = ("jax", "numpy", "scikit-learn")
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "NPROC": os.environ.get("NPROC", "not set"),
        "device": jax.devices()[0].device_kind,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "neuralopt": neuralopt.__version__,
        **{name: importlib.metadata.version(name) for name in packages},
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("model name")]
    except OSError:
        lines = []
    return lines[0].partition(":")[2].strip() if lines else platform.processor() or "unknown"
