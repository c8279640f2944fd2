"""Write a page for every optimizer, with its path on a test function, and their index.

Run it from anywhere: ``python docs/make_optimizers.py``. It writes ``docs/optimizers/*.md`` and
``docs/pictures/optimizers/*.svg``. Formulas, parameters and references are those of the docstrings;
memory, conventions and paths are computed.
"""

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
from drawing import formula, svg
from matplotlib.figure import Figure

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import compare_conventions, with_learning_rate

HERE = Path(__file__).parent
PAGES, PICTURES = HERE / "optimizers", HERE / "pictures" / "optimizers"
STEPS, RATES, START = 300, 12, np.array([[-1.2], [1.0]])

USE = {
    "gd": (
        "Small data and smooth losses, where the whole data are one batch; the reference that "
        "others must beat."
    ),
    "sgd": (
        "With momentum and a schedule: image networks with batch norm, and whenever memory is "
        "short. Without momentum it needs nothing beside the parameters. The learning rate must "
        "be tuned."
    ),
    "adagrad": (
        "Sparse features, where rare ones should move far when they occur. Its steps only shrink, "
        "so it suits short or convex problems."
    ),
    "adadelta": "Where no learning rate is to be set: its steps find their own unit. It begins slowly.",
    "adam": "The first thing to try: it needs little tuning over most networks and data.",
    "adamw": ("Adam where weight decay is used, as in nearly every transformer. The usual default today."),
    "nadamw": "As AdamW, a little faster per step in many benchmarks: the baseline of AlgoPerf.",
    "amsgrad": (
        "Where Adam fails to settle because rare large gradients are forgotten: its steps never grow back."
    ),
    "radam": "Adam without a warm-up: the first steps, whose variance is unknown, are plain momentum.",
    "adabound": (
        "Adam's fast start with SGD's end: the rate of every entry is squeezed to one value. For "
        "runs long enough that the final rate matters."
    ),
    "rmsprop": (
        "Reinforcement learning and recurrent networks, where gradients change their size along the run."
    ),
    "lars": "SGD with very large batches: each layer moves in proportion to its length.",
    "lamb": "Adam with very large batches, for the same reason.",
    "lookahead": "Around another optimizer whose last steps are noisy: the slow weights average them.",
    "lion": ("As AdamW with half the memory; wants a learning rate 3 to 10 times lower and larger batches."),
    "ademamix": (
        "Long runs: a second, slow momentum keeps gradients of thousands of steps. Give it a warm-up."
    ),
    "adopt": "As Adam where b2 is hard to choose: it converges for every b2.",
    "schedulefreesgd": (
        "SGD without a schedule and without knowing the number of steps: stop when you like. "
        "Evaluated at the average, which `train` does."
    ),
    "schedulefreeadamw": (
        "AdamW without a schedule and without knowing the number of steps: stop when you like. "
        "Evaluated at the average, which `train` does."
    ),
    "prodigy": (
        "Where no learning rate is to be set: it estimates the distance to go. Leave the rate at "
        "1, use a cosine schedule."
    ),
    "muon": (
        "Hidden matrices of larger networks, where it needs fewer steps than AdamW; the rest is "
        "trained by AdamW."
    ),
    "soap": (
        "Fewest steps where a step may cost more: Adam in the eigenbasis of the gradients. For "
        "matrices up to a few thousand rows."
    ),
    "lbfgs": (
        "Small networks and smooth losses on the whole data, to high accuracy. It evaluates the "
        "loss itself, so it needs no learning rate; not for mini-batches."
    ),
}


def rosenbrock(params: dict[str, Any]) -> float:
    """Return Rosenbrock's function, divided so that its curvature at the start is near 1."""
    x, y = params["W"][:, 0]
    return float((1 - x) ** 2 + 100 * (y - x * x) ** 2) / 500


def slope(params: dict[str, Any]) -> dict[str, Any]:
    """Return its gradient."""
    x, y = params["W"][:, 0]
    return {"W": np.array([[-2 * (1 - x) - 400 * x * (y - x * x)], [200 * (y - x * x)]]) / 500}


def walk(optimizer: Any) -> np.ndarray:
    """Return the points of evaluation of all steps, shape (steps + 1, 2)."""
    params, points = {"W": START}, [START[:, 0]]
    state = optimizer.init(params)
    with np.errstate(all="ignore"):  # a learning rate of the grid may be too high; it is not chosen then
        for _ in range(STEPS):
            updates, state = optimizer.update(
                slope(params), state, params, value=rosenbrock(params), value_fn=rosenbrock
            )
            params = tree.apply_updates(params, updates)
            points.append(optimizer.evaluation_params(params, state)["W"][:, 0])
    return np.array(points)


def best_walk(cls: Any) -> tuple[float, np.ndarray]:
    """Return the learning rate, of twelve in the method's own range, whose walk ends lowest, and the walk."""
    walks = {r: walk(with_learning_rate(cls(), r)) for r in np.geomspace(*cls.learning_rate_range, RATES)}
    with np.errstate(all="ignore"):
        ends = {r: rosenbrock({"W": w[-1][:, None]}) for r, w in walks.items()}
    rate = min((r for r in ends if np.isfinite(ends[r])), key=lambda r: ends[r])
    return rate, walks[rate]


def picture(rate: float, points: np.ndarray) -> str:
    """Return the drawing of a walk as SVG text."""
    figure = Figure(figsize=(4.2, 3.0), layout="constrained")
    axes = figure.subplots()
    x, y = np.meshgrid(np.linspace(-1.7, 1.7, 60), np.linspace(-0.7, 2.2, 60))
    heights = np.log10(1e-4 + ((1 - x) ** 2 + 100 * (y - x * x) ** 2) / 500)
    axes.contour(x, y, heights, levels=12, colors="#bbbbbb", linewidths=0.6, linestyles="solid")
    inside = np.clip(points, [-1.7, -0.7], [1.7, 2.2])
    axes.plot(*inside.T, color="#2166ac", linewidth=1.0, marker=".", markersize=3)
    axes.plot(*START[:, 0], "o", color="#2166ac", markersize=5)
    axes.plot(1, 1, "*", color="#b2182b", markersize=9)
    end = rosenbrock({"W": points[-1][:, None]})
    axes.set_title(f"{STEPS} steps at learning rate {rate:.2g}, loss 0.048 to {end:.2g}", fontsize=8)
    axes.tick_params(labelsize=7)
    return svg(figure)


def memory(cls: Any) -> float:
    """Return the numbers kept for each parameter of a 64 x 64 matrix, beside the parameter itself."""
    params = {"W": np.ones((64, 64))}
    return sum(leaf.size for leaf in tree.leaves(cls().init(params)) if leaf.size > 1) / params["W"].size


def sections(cls: Any) -> dict[str, str]:
    """Return a docstring's sections: their titles and texts; the sentence on top is ``""``."""
    text = inspect.getdoc(cls) or ""
    found, title = {"": []}, ""
    lines = text.splitlines()
    for k, line in enumerate(lines):
        if k + 1 < len(lines) and re.fullmatch(r"-{4,}", lines[k + 1]):
            title = line
            found[title] = []
        elif not re.fullmatch(r"-{4,}", line):
            found[title].append(line)
    return {name: "\n".join(body).strip() for name, body in found.items()}


def prose(text: str) -> str:
    """Return docstring text as Markdown: roles become code and formulas."""
    text = re.sub(r":math:`([^`]*)`", r"$`\1`$", text)
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    return re.sub(r"(\w)\*\*", r"\1\\*\\*", text)


def parameters(text: str) -> str:
    """Return the section of parameters as a list."""
    items = re.findall(r"^(\S[^\n]*)((?:\n(?: [^\n]*|))*)", text, re.M)
    return "\n".join(
        f"- `{head.partition(' : ')[0]}`: {prose(head.partition(' : ')[2])}. {prose(' '.join(body.split()))}"
        for head, body in items
    )


def conventions(name: str) -> str:
    """Return the computed table of conventions, or nothing where all libraries agree."""
    try:
        found = str(compare_conventions(name))
    except InvalidArgument:
        return ""
    return (
        "\n## Conventions\n\nHow far each leads from the default, computed by "
        f'`compare_conventions("{name}")`:\n\n```text\n{found}\n```\n'
    )


def page(name: str, cls: Any) -> str:
    """Return the text of one page."""
    parts = sections(cls)
    sentence = re.split(r"\n\s*\n|\n\.\. math", parts[""])[0]
    low, high = cls.learning_rate_range
    shown = "\n\n".join(f"```math\n{tex}\n```" for tex in formula(cls))
    call = ", ".join(f"{p.name}={p.default!r}" for p in inspect.signature(cls).parameters.values())
    return f"""# {cls.__name__}

{prose(sentence)}

{shown}

**When to use.** {USE[name]}

**Memory.** {memory(cls):.2g} numbers per parameter (measured on a 64 x 64 matrix, default settings).

**Learning rate.** `compare` looks between {low:g} and {high:g}.

![Path on Rosenbrock's function](../pictures/optimizers/{name}.svg)

Rosenbrock's function from (-1.2, 1), exact gradients, the best of {RATES} learning rates of that range.

    neuralopt.optimizers.{cls.__name__}({call})

## Parameters

{parameters(parts["Parameters"])}
{conventions(name)}
## Notes

{prose(parts.get("Notes", ""))}

## References

{prose(parts.get("References", ""))}
"""


def index() -> str:
    """Return the text of the index."""
    head = """# Optimizers

All have one call, `update(grads, state, params)`, the same on NumPy and JAX. Written by
`docs/make_optimizers.py`; the pictures show exact gradients in two dimensions, which says little about
networks: `neuralopt compare` measures on your data.

| optimizer | numbers per parameter | when to use |
|---|---|---|
"""
    return head + "".join(
        f"| [{cls.__name__}]({name}.md) | {memory(cls):.2g} | {USE[name]} |\n"
        for name, cls in sorted(optimizers.registered().items(), key=lambda item: item[1].__name__.lower())
    )


def main() -> None:
    """Write the pages and the pictures."""
    PAGES.mkdir(exist_ok=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PAGES / "README.md").write_text(index(), encoding="utf-8")
    for name, cls in optimizers.registered().items():
        (PAGES / f"{name}.md").write_text(page(name, cls), encoding="utf-8")
        (PICTURES / f"{name}.svg").write_text(picture(*best_walk(cls)), encoding="utf-8")


if __name__ == "__main__":
    main()
