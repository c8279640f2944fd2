"""One update of many tensors: ours, optax's and torch's, and the machine's copy bandwidth."""

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

SHAPES = {"16 x 1 M": (16, (1024, 1024)), "64 x 4 K": (64, (64, 64))}
RATE = 1e-3

# what each peer calls the method; an update of ours without a peer stands alone
OPTAX: dict[str, Callable[[Any], Any]] = {
    "gd": lambda o: o.sgd(RATE),
    "sgd": lambda o: o.sgd(RATE),
    "sgd-momentum": lambda o: o.sgd(RATE, momentum=0.9),
    "adagrad": lambda o: o.adagrad(RATE),
    "adadelta": lambda o: o.adadelta(RATE),
    "adam": lambda o: o.adam(RATE),
    "adamw": lambda o: o.adamw(RATE),
    "amsgrad": lambda o: o.amsgrad(RATE),
    "nadamw": lambda o: o.nadamw(RATE),
    "radam": lambda o: o.radam(RATE),
    "rmsprop": lambda o: o.rmsprop(RATE),
    "lars": lambda o: o.lars(RATE),
    "lamb": lambda o: o.lamb(RATE, weight_decay=0.01),
    "lion": lambda o: o.lion(RATE),
    "lookahead": None,
    "muon": lambda o: o.contrib.muon(RATE),
    "ademamix": lambda o: o.contrib.ademamix(RATE),
    "prodigy": lambda o: o.contrib.prodigy(1.0),
    "schedulefreesgd": lambda o: o.contrib.schedule_free_sgd(RATE),
    "schedulefreeadamw": lambda o: o.contrib.schedule_free_adamw(RATE),
}
TORCH: dict[str, Callable[..., Any]] = {
    "sgd": lambda t, p, **k: t.optim.SGD(p, lr=RATE, **k),
    "sgd-momentum": lambda t, p, **k: t.optim.SGD(p, lr=RATE, momentum=0.9, **k),
    "adagrad": lambda t, p, **k: t.optim.Adagrad(p, lr=RATE, **k),
    "adadelta": lambda t, p, **k: t.optim.Adadelta(p, lr=RATE, **k),
    "adam": lambda t, p, **k: t.optim.Adam(p, lr=RATE, **k),
    "adamw": lambda t, p, **k: t.optim.AdamW(p, lr=RATE, **k),
    "amsgrad": lambda t, p, **k: t.optim.Adam(p, lr=RATE, amsgrad=True, **k),
    "nadamw": lambda t, p, **k: t.optim.NAdam(p, lr=RATE, decoupled_weight_decay=True, **k),
    "radam": lambda t, p, **k: t.optim.RAdam(p, lr=RATE, **k),
    "rmsprop": lambda t, p, **k: t.optim.RMSprop(p, lr=RATE, **k),
    "muon": lambda t, p, **k: t.optim.Muon(p, lr=RATE) if "fused" not in k else None,
}
FUSED = {"sgd", "sgd-momentum", "adagrad", "adam", "adamw", "amsgrad"}

# bytes per parameter beyond one pass over gradient, parameter and state: a norm must be known
# before the step that it scales can be taken
SECOND_PASS = {"lamb": 16, "lars": 8}


class Compiled(NamedTuple):
    """A compiled update with donated parameters and state."""

    call: Callable[[], None]  # one update, waited for
    temporary: int  # bytes beside arguments and results
    state: int  # bytes of the optimizer's state


def tensors(shape: str) -> list[Any]:
    """Return float32 NumPy arrays of one of the two cases."""
    import numpy as np

    count, size = SHAPES[shape]
    random = np.random.default_rng(0)
    return [random.normal(size=size).astype(np.float32) for _ in range(count)]


def compiled(init: Callable, update: Callable, apply: Callable, shape: str) -> Compiled:
    """Compile an update as a training loop in Python would: parameters and state are given away."""
    import jax
    import jax.numpy as jnp

    params = [jnp.array(a) for a in tensors(shape)]
    grads = [0.1 * p for p in params]
    # a buffer of its own for every leaf: methods may hand out the parameters themselves as state
    state = jax.tree.map(lambda a: jnp.array(a, copy=True), init(params))

    def step(params: Any, state: Any, grads: Any) -> Any:
        updates, state = update(grads, state, params)
        return apply(params, updates), state

    program = jax.jit(step, donate_argnums=(0, 1))
    memory = program.lower(params, state, grads).compile().memory_analysis()
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
    held = {"params": params, "state": state}

    def call() -> None:
        held["params"], held["state"] = program(held["params"], held["state"], grads)
        jax.block_until_ready(held)

    return Compiled(call, memory.temp_size_in_bytes, size)


def looped(init: Callable, update: Callable, apply: Callable, shape: str, steps: int) -> Callable[[], None]:
    """Return ``steps`` updates in one compiled loop, as `neuralopt.train` runs them."""
    import jax
    import jax.numpy as jnp

    params = [jnp.array(a) for a in tensors(shape)]
    grads = [0.1 * p for p in params]
    held = [jax.tree.map(lambda a: jnp.array(a, copy=True), (params, init(params)))]

    def body(_: Any, carry: Any) -> Any:
        params, state = carry
        updates, state = update(grads, state, params)
        return apply(params, updates), state

    loop = jax.jit(lambda carry: jax.lax.fori_loop(0, steps, body, carry), donate_argnums=0)

    def call() -> None:
        held[0] = jax.block_until_ready(loop(held[0]))

    return call


def torch_update(name: str, shape: str, **options: Any) -> Callable[[], None] | None:
    """Return torch's update of the same tensors, or None where torch has none of that kind."""
    import torch

    params = [torch.tensor(a, requires_grad=True) for a in tensors(shape)]
    for p in params:
        p.grad = 0.1 * p.detach()
    optimizer = TORCH[name](torch, params, **options)
    return None if optimizer is None else optimizer.step


def copy_bandwidth(threads: int) -> float:
    """Return the bytes per second of copying, read and written, by so many threads: the best of 20."""
    import numpy as np

    source = np.ones(64 * 2**20 // 4, np.float32)
    target = np.empty_like(source)
    parts = list(zip(np.split(target, threads), np.split(source, threads), strict=True))
    best = float("inf")
    for _ in range(20):
        workers = [threading.Thread(target=np.copyto, args=part) for part in parts[1:]]
        begin = time.perf_counter()
        for worker in workers:
            worker.start()
        np.copyto(*parts[0])
        for worker in workers:
            worker.join()
        best = min(best, time.perf_counter() - begin)
    return 2 * source.nbytes / best
