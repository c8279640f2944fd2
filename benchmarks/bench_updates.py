"""One update of 16 x 1 M and of 64 x 4 K float32 parameters: every method, its byte floor, its peers."""

import gc
import os
from typing import Any

from harness import Clock, Run, Target, check, figure, interleave, main, number, ratio, spread, table
from update_peers import (
    FUSED,
    OPTAX,
    RATE,
    SECOND_PASS,
    SHAPES,
    TORCH,
    compiled,
    copy_bandwidth,
    looped,
    torch_update,
)

TITLE = "One update: 16 x 1 M and 64 x 4 K parameters"
SETTINGS = {"default threads": {}, "NPROC=1": {"NPROC": "1", "OMP_NUM_THREADS": "1"}}
COMPUTES = ("muon", "soap")  # matrix products and factorisations, not bytes, are their cost
_BIG, _SMALL = SHAPES
TARGETS = (
    Target("16 x 1 M: the slowest method over its byte floor", "worst floor", "<=", 2.0, "×"),
    Target("16 x 1 M: Adam over torch fused", "adam over torch", "<=", 1.2, "×"),
    Target("16 x 1 M: LAMB, times faster than optax", "lamb", ">=", 3.0, "×"),
    Target("16 x 1 M: LARS, times faster than optax", "lars", ">=", 3.0, "×"),
    Target("16 x 1 M: AdaDelta, times faster than optax", "adadelta", ">=", 3.0, "×"),
    Target(
        "64 x 4 K, in a compiled loop: the slowest method over its byte floor", "worst small", "<=", 2.0, "×"
    ),
    Target("64 x 4 K: Adam, one call from Python", "small call", "<=", 300.0, "µs"),
    Target("64 x 4 K: Adam, within the compiled loop", "small loop", "<=", 300.0, "µs"),
    Target("extra memory of an update, largest share of the state", "memory", "<=", 0.05, ""),
)


def methods() -> dict[str, Any]:
    """Return the optimizers measured, by name."""
    from neuralopt import optimizers

    found = {name: cls().__class__ for name, cls in optimizers.registered().items() if name != "lbfgs"}
    made = {
        name: optimizers.with_learning_rate(cls(), 1.0 if name == "prodigy" else RATE)
        for name, cls in found.items()
    }
    return {**made, "sgd-momentum": optimizers.SGD(RATE, momentum=0.9)}


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. The clock is around calls that are waited for."""
    threads = int(os.environ.get("NPROC", os.cpu_count() or 1))
    bandwidth = max(copy_bandwidth(threads) for _ in range(3))
    figures: dict[str, Any] = {}
    tables, memory, floors, small = [], {}, {}, {}
    for shape in SHAPES:
        rows = []
        for name, optimizer in methods().items():
            if shape == _BIG and name == "soap":
                continue
            row = _method(name, optimizer, shape, bandwidth, quick)
            gc.collect()
            rows.append(row["cells"])
            memory[name, shape] = row["memory"]
            if shape == _BIG and name not in COMPUTES:
                floors[name] = row["floor"]
            if shape == _SMALL and name not in COMPUTES:
                small[name] = row["loop floor"]
            if shape == _BIG and name in ("lamb", "lars", "adadelta"):
                figures[name] = row["optax"]
            if name == "adam":
                figures |= (
                    {"adam over torch": row["torch"]}
                    if shape == _BIG
                    else {"small call": row["ours"], "small loop": row["loop"]}
                )
        columns = ["method", "µs", "in a loop, µs", "byte floor, µs", "times the floor"]
        columns += ["optax / this", "torch fused / this", "torch foreach / this", "extra memory / state"]
        tables.append(table(shape, columns, rows))
    worst = max(floors, key=lambda name: floors[name]["median"])
    figures["worst floor"] = floors[worst]
    figures["worst small"] = max(small.values(), key=lambda found: found["median"])
    figures["memory"] = figure([max(memory.values())])
    above = [f"{name} ({shape})" for (name, shape), share in memory.items() if share > 0.05]
    return {
        "figures": {name: found for name, found in figures.items() if found is not None},
        "checks": [
            check("every update moved every parameter", *_moved()),
        ],
        "tables": tables,
        "notes": [
            f"Copy bandwidth in the same process with {threads} threads: {bandwidth / 1e9:.1f} GB/s, read "
            "and written. The floor is what a method must read and write, divided by it.",
            "The tensors are square: 1024 x 1024 and 64 x 64. Gradients are given; parameters and state are "
            "donated. Allocator: XLA's own on the CPU, glibc's malloc beneath.",
            "Extra memory is XLA's own account of the compiled program (temporaries). "
            f"Above 5 %: {', '.join(above) or 'none'}.",
            f"The slowest over its floor is {worst}; {' and '.join(COMPUTES)} are bound by matrix products "
            "and are not judged by bytes: at 16 x 1 M one call of Muon is timed, without peers, and SOAP is "
            "left out, whose first step decomposes 32 matrices of 1024 x 1024 (minutes). "
            "L-BFGS evaluates the loss and is not an update of given gradients.",
        ],
    }


def _method(name: str, optimizer: Any, shape: str, bandwidth: float, quick: bool) -> dict[str, Any]:
    """Time one method and its peers in turn; return its row of the table."""
    import optax

    from neuralopt import apply_updates

    big, heavy = shape == _BIG, name in COMPUTES
    calls = 1 if big and heavy else (2 if quick else 5) if big else (20 if quick else 200)
    rounds = 1 if big and heavy else 2 if quick else 5
    ours = compiled(optimizer.init, optimizer.update, apply_updates, shape)
    peers = {"ours": ours.call}
    if not (big and heavy):
        loop_steps = 5 if big else 100
        peers["loop"] = looped(optimizer.init, optimizer.update, apply_updates, shape, loop_steps)
    if OPTAX.get(name) and not (big and heavy):
        other = OPTAX[name](optax)
        peers["optax"] = compiled(other.init, other.update, optax.apply_updates, shape).call
    for kind in () if big and heavy else ("fused", "foreach"):
        if name in TORCH and (kind != "fused" or name in FUSED):
            update = torch_update(name, shape, **{kind: True})
            if update is not None:
                peers[kind] = update

    def timed(peer: str) -> Any:
        count = 1 if peer == "loop" and big else max(1, calls // 20) if peer == "loop" else calls
        steps = count * (loop_steps if peer == "loop" else 1)

        def run(_: int) -> Run:
            with Clock() as clock:
                for _ in range(count):
                    peers[peer]()
            return Run(clock.seconds, steps, None)

        return run

    runs = interleave({peer: timed(peer) for peer in peers}, rounds)
    times = {peer: figure([1e6 * r.seconds / r.steps for r in found]) for peer, found in runs.items()}
    count, size = SHAPES[shape]
    parameters = count * size[0] * size[1]
    floor = 1e6 * (12 * parameters + 2 * ours.state + SECOND_PASS.get(name, 0) * parameters) / bandwidth
    over = figure([t / floor for t in times["ours"]["values"]])
    faster = {p: ratio(times[p], times["ours"]) for p in ("optax", "fused", "foreach") if p in times}
    share = ours.temporary / max(ours.state, 4 * parameters)
    cells = [
        name,
        spread(times["ours"]),
        spread(times["loop"]) if "loop" in times else "–",
        number(floor),
        spread(over, "×"),
        *(spread(faster[p], "×") if p in faster else "–" for p in ("optax", "fused", "foreach")),
        f"{100 * share:.1f} %",
    ]
    torch = ratio(times["ours"], times["fused"]) if "fused" in times else None
    return {
        "cells": cells,
        "ours": times["ours"],
        "loop": times.get("loop"),
        "floor": over,
        "loop floor": figure([t / floor for t in times["loop"]["values"]]) if "loop" in times else None,
        "optax": faster.get("optax"),
        "torch": torch,
        "memory": share,
    }


def _moved() -> tuple[bool, str]:
    """Return whether every method, run as it is timed, changes what it is given to finite values."""
    import jax.numpy as jnp
    import numpy as np

    still = []
    for name, optimizer in methods().items():
        params = [jnp.asarray(np.linspace(1, 2, 64).reshape(8, 8), jnp.float32)]
        state, trained = optimizer.init(params), params
        for _ in range(3):
            updates, state = optimizer.update([0.1 * p for p in trained], state, trained)
            trained = [p + u for p, u in zip(trained, updates, strict=True)]
        if not (np.isfinite(trained[0]).all() and (np.asarray(trained[0]) != np.asarray(params[0])).all()):
            still.append(name)
    return not still, f"not moved: {', '.join(still)}" if still else "all"


if __name__ == "__main__":
    main(measure)
