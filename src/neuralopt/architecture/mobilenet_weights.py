"""The weights of the largest MobileNetV3 of a space: drawn, masked, cut out for one of its networks."""

from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.architecture.space import Genes
from neuralopt.models.mobilenet_shape import squeezed

if TYPE_CHECKING:
    from neuralopt.architecture.mobilenet_space import MobileNetV3Space


def _placed(space: "MobileNetV3Space", genes: Genes) -> list[Any]:
    """Return for every block of the largest network the true one in its place, or None."""
    true = {(block.stage, block.place): block for block in space.shape(genes).blocks}
    return [true.get((block.stage, block.place)) for block in space.largest.blocks]


def _within(kernel: int, largest: int) -> np.ndarray:
    """Return which entries of the largest kernel a smaller one in its middle has, row-major."""
    inside = np.abs(np.arange(largest) - largest // 2) <= kernel // 2  # none of a kernel of side -1
    return (inside[:, None] & inside[None, :]).reshape(-1)


def masks(space: "MobileNetV3Space", genes: Genes) -> list[dict[str, np.ndarray]]:
    """Return for every block of the largest network what a network has of it, as numbers 0 and 1."""
    found = []
    for block, true in zip(space.largest.blocks, _placed(space, genes), strict=True):
        middle, kernel = (true.middle, true.kernel) if true else (0, -1)
        found.append(
            {
                "filter": _within(kernel, block.kernel).astype(float),
                "channels": (np.arange(block.middle) < middle).astype(float),
                "squeeze": (np.arange(block.squeezed) < squeezed(middle)).astype(float) * bool(true),
                "there": np.asarray(float(bool(true))),
            }
        )
    return found


def draw(space: "MobileNetV3Space", genes: Genes, random: np.random.Generator) -> tuple[Any, Any]:
    """Return parameters and statistics: He's normal numbers for the true fan-ins, no shift, unit scale."""
    shape = space.largest

    def normal(fan_in: int, *size: int) -> np.ndarray:
        return random.normal(size=size) * np.sqrt(2 / max(fan_in, 1))

    def dense(fan_in: int, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        return normal(fan_in, rows, columns), np.zeros(columns)

    c, last = shape.stem, shape.blocks[-1].outputs
    blocks = []
    for block, true in zip(shape.blocks, _placed(space, genes), strict=True):
        has = true or block
        own = {
            "widen": normal(block.inputs, block.middle, block.inputs),
            "norm1": _unit(block.middle),
            "filter": normal(has.kernel**2, block.middle, block.kernel**2),
            "norm2": _unit(block.middle),
            "narrow": normal(has.middle, block.outputs, block.middle),
            "norm3": _unit(block.outputs),
        }
        if block.squeezed:
            own["squeeze"] = dense(has.middle, block.middle, block.squeezed)
            own["excite"] = dense(has.squeezed, block.squeezed, block.middle)
        blocks.append(own)
    params = {
        "stem": {"w": normal(9 * shape.channels, c, 9 * shape.channels), "norm": _unit(c)},
        "first": {
            "filter": normal(9, c, 9),
            "norm": _unit(c),
            "narrow": normal(c, c, c),
            "end": _unit(c),
        },
        "blocks": blocks,
        "head": {"w": normal(last, shape.head, last), "norm": _unit(shape.head)},
        "feature": dense(shape.head, shape.head, shape.feature),
        "classifier": dense(shape.feature, shape.feature, shape.outputs),
    }
    statistics = {
        "count": np.zeros(()),
        "stem": _moments(c),
        "first": [_moments(c), _moments(c)],
        "blocks": [[_moments(b.middle), _moments(b.middle), _moments(b.outputs)] for b in shape.blocks],
        "head": _moments(shape.head),
    }
    return params, statistics


def _unit(channels: int) -> tuple[np.ndarray, np.ndarray]:
    return np.ones(channels), np.zeros(channels)


def _moments(channels: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(channels), np.ones(channels)


def used(space: "MobileNetV3Space", genes: Genes) -> tuple[Any, Any]:
    """Return trees of bool arrays like parameters and statistics: what a network has of them."""
    params, statistics = draw(space, genes, np.random.default_rng(0))

    def whole(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: whole(value) for name, value in part.items()}
        if isinstance(part, list | tuple):
            return type(part)(whole(value) for value in part)
        return np.ones(part.shape, bool)

    params, statistics = whole(params), whole(statistics)
    statistics["count"] = np.zeros((), bool)  # a child's averages begin anew with its first batch
    for k, (block, mask) in enumerate(zip(space.largest.blocks, masks(space, genes), strict=True)):
        middle, there = mask["channels"] > 0, bool(mask["there"])
        outputs = np.full(block.outputs, there)
        own = {
            "widen": middle[:, None] & np.ones((1, block.inputs), bool),
            "norm1": (middle, middle),
            "filter": middle[:, None] & (mask["filter"] > 0)[None, :],
            "norm2": (middle, middle),
            "narrow": outputs[:, None] & middle[None, :],
            "norm3": (outputs, outputs),
        }
        if block.squeezed:
            units = mask["squeeze"] > 0
            own["squeeze"] = (middle[:, None] & units[None, :], units)
            own["excite"] = (units[:, None] & middle[None, :], middle)
        params["blocks"][k] = own
        statistics["blocks"][k] = [(middle, middle), (middle, middle), (outputs, outputs)]
    return params, statistics


def sliced(space: "MobileNetV3Space", params: Any, statistics: Any, genes: Genes) -> Any:
    """Return the variables of the flax module of a network."""
    learnt: dict[str, Any] = {}
    held: dict[str, Any] = {}
    largest = space.largest

    def norm(name: str, own: Any, its: Any, keep: Any = slice(None)) -> None:
        learnt[name] = {"scale": np.asarray(own[0])[keep], "bias": np.asarray(own[1])[keep]}
        held[name] = {"mean": np.asarray(its[0])[keep], "var": np.asarray(its[1])[keep]}

    def narrow(name: str, w: Any) -> None:
        learnt[name] = {"kernel": np.asarray(w).T[None, None]}

    def filter_(name: str, w: Any, kernel: int) -> None:
        side = round(w.shape[1] ** 0.5)
        kept = slice((side - kernel) // 2, (side + kernel) // 2)
        square = np.asarray(w).reshape(len(w), side, side)[:, kept, kept]
        learnt[name] = {"kernel": np.transpose(square, (1, 2, 0))[:, :, None]}

    c = largest.stem
    stem = np.asarray(params["stem"]["w"]).reshape(c, 3, 3, largest.channels)
    learnt["stem"] = {"kernel": np.transpose(stem, (1, 2, 3, 0))}
    norm("stem_norm", params["stem"]["norm"], statistics["stem"])
    first = params["first"]
    filter_("first_filter", np.asarray(first["filter"]), 3)
    norm("first_norm", first["norm"], statistics["first"][0])
    narrow("first_narrow", first["narrow"])
    norm("first_end", first["end"], statistics["first"][1])
    parts = zip(largest.blocks, _placed(space, genes), params["blocks"], statistics["blocks"], strict=True)
    for block, true, own, its in parts:
        if true is None:
            continue
        name, keep = f"stage{block.stage}_{block.place}", slice(true.middle)
        narrow(f"{name}_widen", np.asarray(own["widen"])[keep])
        norm(f"{name}_norm1", own["norm1"], its[0], keep)
        filter_(f"{name}_filter", np.asarray(own["filter"])[keep], true.kernel)
        norm(f"{name}_norm2", own["norm2"], its[1], keep)
        narrow(f"{name}_narrow", np.asarray(own["narrow"])[:, keep])
        norm(f"{name}_norm3", own["norm3"], its[2])
        if block.squeezed:
            units = slice(true.squeezed)
            (W, b), (V, d) = own["squeeze"], own["excite"]
            learnt[f"{name}_squeeze"] = {"kernel": np.asarray(W)[keep, units], "bias": np.asarray(b)[units]}
            learnt[f"{name}_excite"] = {"kernel": np.asarray(V)[units, keep], "bias": np.asarray(d)[keep]}
    narrow("head", params["head"]["w"])
    norm("head_norm", params["head"]["norm"], statistics["head"])
    for name in ("feature", "classifier"):
        learnt[name] = {"kernel": np.asarray(params[name][0]), "bias": np.asarray(params[name][1])}
    return {"params": learnt, "batch_stats": held}
