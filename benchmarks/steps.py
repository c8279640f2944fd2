"""Time per training step of all peers on one task: what `bench_small_net` and `bench_digits_net` share."""

import importlib.util
from typing import Any

from harness import Run, check, figure, interleave, number, per_step, ratio, spread, table
from numpy_peers import plain_peer, tuned_peer
from peers import neuralopt_peer, optax_peer, sklearn_peer, torch_peer
from task import Task, learning_checks

SETTINGS = {
    "default threads": {},
    "NPROC=1": {"NPROC": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
}
OURS = "neuralopt.train"


def measure_steps(task: Task, rounds: int) -> dict[str, Any]:
    """Measure all peers on a task, side by side; see `harness.interleave`."""
    ours = neuralopt_peer(task, "jax")
    cold = ours(0)
    peers = {
        OURS: ours,
        "optax in a plain scan": optax_peer(task),
        "NumPy, tuned by hand": tuned_peer(task),
        "NumPy, plain": plain_peer(task),
        "neuralopt.train, NumPy backend": neuralopt_peer(task, "numpy"),
        "scikit-learn MLP": sklearn_peer(task),
    }
    notes = []
    if importlib.util.find_spec("torch"):
        peers |= {f"torch eager, {n} thread{'s'[: n > 1]}": torch_peer(task, n) for n in (1, 2)}
    else:
        notes.append("torch is not installed: its rows and targets are missing.")
    runs = interleave(peers, rounds)
    checks, losses = learning_checks(task, runs)
    times = {name: per_step(found) for name, found in runs.items()}
    ratios = {name: ratio(found, times[OURS]) for name, found in times.items()}
    wall = figure([1e6 * r.extra["wall"] / r.steps for r in runs[OURS]])
    checks.append(_clock_check(runs[OURS], wall))
    figures = {"step": times[OURS], "wall_step": wall}
    for name, key in (
        ("NumPy, plain", "plain"),
        ("NumPy, tuned by hand", "tuned"),
        ("scikit-learn MLP", "sklearn"),
    ):
        figures[key] = ratios[name]
    torches = [name for name in times if name.startswith("torch")]
    if torches:  # the faster thread count speaks for torch
        figures["torch"] = ratios[min(torches, key=lambda name: times[name]["median"])]
    rows = [
        [name, spread(times[name]), spread(ratios[name], "×"), number(losses[name])]
        for name in sorted(times, key=lambda name: times[name]["median"])
    ]
    calls = [
        ["first call: compiling, nothing cached", f"{number(cold.extra['compile'])} s"],
        ["first call: all of it, compiling included", f"{number(cold.extra['wall'])} s"],
        ["later call: all of it", spread(figure([r.extra["wall"] for r in runs[OURS]]), "s")],
        ["later call: all of it, per step", spread(wall, "µs")],
    ]
    notes.append(
        f"{len(task.X)} rows, {task.epochs} epochs, {task.steps} steps a run, {rounds} rounds, float32. "
        f"A constant prediction has loss {number(task.untrained_loss())}."
    )
    return {
        "figures": figures,
        "checks": checks,
        "tables": [
            table("Time per step", ["peer", "µs per step", f"times {OURS}", "final loss"], rows),
            table(f"The whole call of {OURS}", ["what", "time"], calls),
        ],
        "notes": notes,
    }


def _clock_check(runs: list[Run], wall: dict[str, Any]) -> dict[str, Any]:
    """Check neuralopt's own clock, which its figures come from, against ours around the call."""
    outside = [r.extra["wall"] - r.seconds for r in runs]
    return check(
        "neuralopt's own clock leaves out only the set-up",
        min(outside) >= 0 and max(outside) <= 0.05,
        f"at most {number(1e3 * max(outside))} ms of a call are outside `result.seconds`; "
        f"{number(wall['median'])} µs per step with all of it",
    )
