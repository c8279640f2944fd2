"""What workers on Ray are started with, whether there is room for them, and what their errors say."""

from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed.gang import cure
from neuralopt.distributed.messages import brief

HANDED_ON: list[int] = []
"""NPROC of a Ray that this process has started, and so of all its workers."""


def actor_options(threads: int) -> dict[str, Any]:
    """Return what every actor is started with: a CPU, and variables that are read before jax is imported.

    With variables of its own an actor takes a new process, where one may be waiting already.
    """
    more = {} if threads in HANDED_ON else {"runtime_env": {"env_vars": variables(threads)}}
    return {"num_cpus": 1, **more}


def variables(threads: int) -> dict[str, str]:
    """Return the variables of a worker's process."""
    return {"NPROC": str(threads), "JAX_NUM_CPU_DEVICES": "1", "JAX_PLATFORMS": "cpu"}


def why(error: Exception) -> str:
    """Return what an error of Ray's says, without the pages around it."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, Exception):
        return f"{brief(cause)}{cure(str(cause))}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # of one that could not be made, the last line is that of its own error
    return (lines[-1] if "creation task" in lines[0] else lines[0])[:300]


def check_room(ray: Any, workers: int) -> None:
    """Raise unless a cluster has a CPU for every worker: they would be waited for in vain."""
    found = int(ray.cluster_resources().get("CPU", 0))
    if found < workers:
        raise InvalidArgument(
            f"every worker needs a CPU of its own, the Ray cluster has {found}, got workers={workers}. "
            "Take fewer workers, or join more machines by ray start --address."
        )
