"""Whether NumPy, eager JAX and jitted JAX agree, and whether the gradients written by hand are right."""

import itertools
from typing import Any

from harness import DEFAULTS, Target, check, figure, main, number, table

TITLE = "Agreement of the three paths, and of the gradients"
SETTINGS = DEFAULTS
TARGETS = (
    Target("optimizers, float32: NumPy, eager and jitted JAX apart", "ulp_float32", "<=", 8, "ulp"),
    Target("optimizers, float64: NumPy, eager and jitted JAX apart", "ulp_float64", "<=", 8, "ulp"),
    Target("gradient by hand against finite differences, float64", "finite", "<=", 1e-6, ""),
    Target("gradient by hand against autodiff, float64", "autodiff", "<=", 1e-12, ""),
)
_UPDATES = 50


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. It has nothing to shorten: ``quick`` changes nothing."""
    optimizers, worst, moved = _optimizers()
    gradients, finite, autodiff, cases = _gradients()
    idle = [name for name, distance in moved.items() if not distance > 1e-3]
    return {
        "figures": {
            **{f"ulp_{dtype}": figure([value]) for dtype, value in worst.items()},
            "finite": figure([finite]),
            "autodiff": figure([autodiff]),
        },
        "checks": [
            check("every optimizer moved the parameters", not idle, f"idle: {', '.join(idle) or 'none'}")
        ],
        "tables": [
            table(
                f"Parameters after {_UPDATES} updates: largest difference from the NumPy path, in ulp",
                [
                    "optimizer",
                    *(f"{d}, {way}" for d in ("float32", "float64") for way in ("eager", "jitted")),
                ],
                optimizers,
            ),
            table(
                "Gradient by hand, worst over losses, depths and row weights (float64)",
                ["activation", "finite differences", "autodiff"],
                gradients,
            ),
        ],
        "notes": [
            "All paths get one stream of gradients. One ulp is the spacing of floating-point numbers at the "
            "largest parameter of its array; in brackets "
            "the strict form, each parameter in its own ulp, which is large where a parameter passes zero.",
            f"Gradients: {cases} cases. Differences are relative to the largest component, absolute below 1.",
        ],
    }


def _optimizers() -> tuple[list[list[str]], dict[str, float], dict[str, float]]:
    import jax
    import numpy as np

    import neuralopt
    from neuralopt.optimizers import registered

    rows, worst, moved = [], {"float32": 0.0, "float64": 0.0}, {}
    for name, cls in registered().items():
        row = [name]
        for dtype in worst:
            random = np.random.default_rng(0)
            params = neuralopt.MLP((10, 64, 1)).init(0, dtype)
            stream = [
                [
                    (random.normal(size=W.shape).astype(dtype), random.normal(size=b.shape).astype(dtype))
                    for W, b in params
                ]
                for _ in range(_UPDATES)
            ]
            with jax.enable_x64(dtype == "float64"):
                expected = _follow(cls(), params, stream, jit=False)
                device, on_device = jax.tree.map(jax.numpy.asarray, (params, stream))
                for jit in (False, True):
                    found = _follow(cls(), device, on_device, jit=jit)
                    scaled, strict = _ulps(expected, found)
                    worst[dtype] = max(worst[dtype], scaled)
                    row.append(f"{number(scaled)} ({number(strict)})")
            moved[name] = max(
                float(abs(a - b).max()) for a, b in zip(*map(jax.tree.leaves, (params, expected)))
            )
        rows.append(row)
    return rows, worst, moved


def _follow(optimizer: Any, params: Any, stream: list, *, jit: bool) -> Any:
    """Return the parameters after the updates that a stream of gradients makes."""
    import jax

    from neuralopt import apply_updates

    def step(params: Any, state: Any, grads: Any) -> Any:
        updates, state = optimizer.update(grads, state, params)
        return apply_updates(params, updates), state

    step = jax.jit(step) if jit else step
    state = optimizer.init(params)
    for grads in stream:
        params, state = step(params, state, grads)
    return params


def _ulps(expected: Any, found: Any) -> tuple[float, float]:
    """Return the largest difference in ulps of each array's largest entry, and in each entry's own."""
    import jax
    import numpy as np

    scaled = strict = 0.0
    for a, b in zip(*map(jax.tree.leaves, (expected, found)), strict=True):
        b = np.asarray(b)
        if a.dtype != b.dtype:
            raise TypeError(f"the paths end in different dtypes: {a.dtype} and {b.dtype}")
        size, apart = np.maximum(abs(a), abs(b)), abs(a.astype(np.float64) - b.astype(np.float64))
        scaled = max(scaled, float(apart.max() / np.spacing(size.max())))
        strict = max(strict, float((apart / np.spacing(size)).max()))
    return scaled, strict


def _gradients() -> tuple[list[list[str]], float, float, int]:
    import jax
    import numpy as np

    from neuralopt.models import ACTIVATIONS, LOSSES, MLP

    worst: dict[str, list[float]] = {name: [0.0, 0.0] for name in ACTIVATIONS}
    hidden = [(), (6,), (6, 5), (6, 5, 4)]
    cases = list(itertools.product(ACTIVATIONS, LOSSES.values(), hidden, (False, True)))
    for name, loss, widths, weighted in cases:
        random = np.random.default_rng(len(widths))
        net = MLP((4, *widths, 3), name, name if not widths else "identity")
        params = [(W, random.normal(0, 0.3, b.shape)) for W, b in net.init(1)]
        X = random.normal(size=(7, 4))
        y = random.normal(size=(7, 3)) if loss.targets == "real" else random.integers(0, 3, 7)
        weights = random.dirichlet(np.ones(7)) if weighted else None

        def value(
            params: Any, xs: Any = X, net: Any = net, loss: Any = loss, y: Any = y, w: Any = weights
        ) -> Any:
            return loss.value(net.forward(params, xs), y, w)

        grads = jax.tree.leaves(net.value_and_grad(params, X, y, loss, weights)[1])
        with jax.enable_x64(True):
            auto = jax.tree.leaves(
                jax.grad(value)(jax.tree.map(jax.numpy.asarray, params), jax.numpy.asarray(X))
            )
        for slot, other in enumerate((_differences(value, params), auto)):
            apart = max(float(abs(a - np.asarray(b)).max()) for a, b in zip(grads, other, strict=True))
            scale = max(1.0, *(float(abs(g).max()) for g in grads))
            worst[name][slot] = max(worst[name][slot], apart / scale)
    rows = [[name, number(finite, 2), number(auto, 2)] for name, (finite, auto) in worst.items()]
    finite, autodiff = (max(column) for column in zip(*worst.values()))
    return rows, finite, autodiff, len(cases)


def _differences(value: Any, params: Any) -> list[Any]:
    """Return the central differences of a function in every parameter, leaf by leaf."""
    import jax
    import numpy as np

    leaves, shape = jax.tree.flatten(params)
    leaves, h, found = [leaf.copy() for leaf in leaves], 1e-6, []
    for leaf in leaves:
        slope = np.empty_like(leaf)
        for at in np.ndindex(leaf.shape):
            kept = leaf[at]
            leaf[at] = kept + h
            above = value(shape.unflatten(leaves))
            leaf[at] = kept - h
            below = value(shape.unflatten(leaves))
            leaf[at] = kept
            slope[at] = (above - below) / (2 * h)
        found.append(slope)
    return found


if __name__ == "__main__":
    main(measure)
