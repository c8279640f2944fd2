"""Write the table of all schedules and a small picture of each.

Run it from anywhere: ``python docs/make_schedules.py``. It writes
``docs/schedules.md`` and ``docs/pictures/schedules/*.svg``, the same each time.
Formulas and parameters are those of the docstrings.
"""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from drawing import formula, svg
from matplotlib.figure import Figure

from neuralopt import schedules as s

HERE = Path(__file__).parent
PICTURES = HERE / "pictures" / "schedules"


@dataclass(frozen=True)
class Example:
    """One row: the code of an example, how long to draw it, and when to use the schedule."""

    code: str
    steps: int
    use: str

    @property
    def name(self) -> str:
        """The schedule's class."""
        return self.code.partition("(")[0]


EXAMPLES = [
    Example("Constant(0.1)", 100, "A value that does not change, where a schedule is asked for."),
    Example(
        "Function(lambda step: 0.1 + 0.05 * np.sin(step / 8))",
        100,
        "Anything else. A bare function cannot be handed to a compiled program, this can.",
    ),
    Example(
        "Polynomial(0.1, 80, end=0.01, power=2)",
        100,
        "A plain decay to a known end. Power 1, a straight line to 0, is a strong default when the "
        "number of steps is known.",
    ),
    Example(
        "Exponential(0.1, 0.5, steps=20)",
        100,
        "Decay without a known end. A rate above 1 searches upwards for a learning rate.",
    ),
    Example("InverseSqrt(0.1, timescale=15)", 100, "Decay without a known end, behind a warm-up."),
    Example("Step(0.1, 25, factor=0.5)", 100, "Recipes that cut the learning rate every so many steps."),
    Example("MultiStep(0.1, (30, 60, 80), factor=0.3)", 100, "Recipes that cut it at given steps."),
    Example("Cosine(0.1, 80)", 100, "The usual decay when the number of steps is known."),
    Example(
        "CosineRestarts(0.1, T_0=15, T_mult=2)",
        105,
        "A run that may be stopped at the end of any period, or an ensemble of such ends.",
    ),
    Example(
        'Cyclical(0.02, 0.1, up_steps=15, mode="triangular2")',
        100,
        "A range of learning rates instead of one; low and high from a range test.",
    ),
    Example(
        "OneCycle(0.1, 90)", 100, "Short runs at high learning rates. Momentum runs against it, see the next."
    ),
    Example("OneCycleMomentum(0.85, 0.95, 90)", 100, "The momentum beside a `OneCycle`: `cycle.momentum()`."),
    Example(
        "Warmup(0.1, steps=30)", 100, "In front of any other; adaptive methods and large batches need it."
    ),
    Example("WarmupCosine(0.1, 20, 90)", 100, "The most used pair, in one."),
    Example(
        'WSD(0.1, 10, 60, 20, decay="sqrt")',
        100,
        "When the number of steps is not known at the start: `extend` the constant part, decay at the end.",
    ),
    Example("Piecewise((0, 20, 50, 90), (0, 0.1, 0.04, 0.02))", 100, "A table of points of one's own."),
    Example(
        "Join((Cosine(0.1, 40), Cosine(0.05, 50)), (45,))", 100, "One after the other: `a.then(b, at=k)`."
    ),
    Example("Product((Cosine(0.1, 90), Step(1.0, 30, 0.6)))", 100, "Together: `a * b`."),
    Example("Scale(Cosine(0.1, 80), 0.5)", 100, "The same shape at another height."),
    Example("Stretch(Cosine(0.1, 4), by=20)", 100, "The same shape over more steps."),
    Example(
        "PerEpoch(MultiStep(0.1, (3, 6), 0.3))",
        100,
        "Lengths and boundaries in epochs. The picture has ten steps in an epoch.",
    ),
    Example(
        "OfRun(Piecewise((0, 0.2, 1), (0, 0.1, 0)))",
        100,
        "Lengths and boundaries as fractions of the run, whatever its length.",
    ),
    Example(
        "ReduceOnPlateau(Warmup(0.1, 10), factor=0.5, patience=1)",
        100,
        "When no decay is known in advance. The picture has an observation every ten steps that no "
        "longer improves after the third.",
    ),
    Example(
        "AdaptiveDropout(0.1, step=0.1, patience=1, smoothing=0.0)",
        100,
        "A dropout rate that follows overfitting. In the picture the gap grows, then both losses stall.",
    ),
]

HEAD = """\
# Schedules

A schedule is a hyperparameter's value as a pure function of the step. Any hyperparameter takes one: learning
rate, momentum, betas, decay, clipping norm. Steps count updates from 0; past its end a schedule holds its
last value. Nothing but the step is looked at, so a run resumed at step k goes on as if it had never stopped.
Numbers are leaves: to change one compiles nothing, and `vmap` sweeps it.

    from neuralopt import optimizers, schedules

    rate = schedules.Warmup(schedules.Cosine(1e-3, 900), steps=100)
    opt = optimizers.AdamW(learning_rate=rate, b1=schedules.OneCycle(1e-3, 1000).momentum())
    rate.plot()            # a picture
    rate.frame()           # its data as a table

Units: `PerEpoch` and `OfRun` hold a schedule whose axis is epochs, or the fraction of the run.
`neuralopt.train` binds them; by hand `bind(optimizer, steps_per_epoch, total_steps)` does.

Feedback: `ReduceOnPlateau` and `AdaptiveDropout` also learn from what the run measures. They compose as the
others do. `neuralopt.train` feeds them; by hand:

    states = schedules.feedback_init(opt)
    states = schedules.feedback_observe(opt, states, validation_loss, training_loss)
    opt_now = schedules.settle(opt, states)        # an ordinary optimizer, to step with
    schedules.scheduled(opt_now, step)             # the values in force, by name

This page is written by `docs/make_schedules.py`. In the formulas t is the step and f a schedule inside.

| schedule | formula | parameters | when to use |
|---|---|---|---|
"""


def made(example: Example) -> Any:
    """Return the example's schedule: what is drawn is the very text that the table shows."""
    return eval(example.code, {**vars(s), "np": np})


def observed(schedule: s.Feedback, steps: int) -> np.ndarray:
    """Return a feedback schedule's values with an observation every ten steps, as the table says."""
    states, found = s.feedback_init(schedule), []
    for k in range(0, steps, 10):
        now = s.settle(schedule, states)
        found.append(now(np.arange(k, min(k + 10, steps))))
        n = k // 10
        if isinstance(schedule, s.AdaptiveDropout):
            valid, train = 1.0, 1.0 - 0.1 * min(n, 4)
        else:
            valid, train = max(1.0 - 0.2 * n, 0.6), 0.0
        states = s.feedback_observe(schedule, states, valid, train)
    return np.concatenate(found)


def picture(example: Example) -> str:
    """Return the drawing as SVG text."""
    schedule, steps = made(example), np.arange(example.steps)
    if isinstance(schedule, s.Feedback):
        values = observed(schedule, example.steps)
    else:
        values = s.bind(schedule, steps_per_epoch=10, total_steps=example.steps)(steps)
    with matplotlib.rc_context({"font.size": 7}):
        figure = Figure(figsize=(2.0, 1.1), layout="constrained")
        axes = figure.subplots()
        axes.plot(steps, values, color="#2166ac", linewidth=1.5)
        axes.set_ylim(0, 1.1 * max(values))
        axes.spines[["top", "right"]].set_visible(False)
        return svg(figure)


def formulas(cls: type) -> str:
    """Return the formulas of a class's docstring for a cell of the table."""
    # dollars with backticks: between bare dollars a renderer may still take a backslash as its own
    return "<br>".join("$`" + tex.replace("|", r"\vert ") + "`$" for tex in formula(cls))


def row(example: Example) -> str:
    """Return one line of the table."""
    cls = getattr(s, example.name)
    drawing = f"![{example.name}](pictures/schedules/{example.name}.svg)"
    code = f"`{example.code}`".replace("|", r"\|")
    parameters = ", ".join(f"`{name}`" for name in inspect.signature(cls).parameters)
    return f"| **{example.name}**<br>{drawing}<br>{code} | {formulas(cls)} | {parameters} | {example.use} |\n"


def page() -> str:
    """Return the text of the page."""
    return HEAD + "".join(map(row, EXAMPLES))


def main() -> None:
    """Write the page and the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    (HERE / "schedules.md").write_text(page(), encoding="utf-8")
    for example in EXAMPLES:
        (PICTURES / f"{example.name}.svg").write_text(picture(example), encoding="utf-8")


if __name__ == "__main__":
    main()
