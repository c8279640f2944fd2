"""The pages of the optimizers say what the code is now."""

from pathlib import Path

import make_optimizers
import numpy as np
import pytest

from neuralopt import optimizers

DOCS = Path(make_optimizers.__file__).parent
NAMES = list(optimizers.registered())


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_what_its_maker_writes(name):
    cls = optimizers.registered()[name]
    text = (DOCS / "optimizers" / f"{name}.md").read_text(encoding="utf-8")
    # the computed table may differ in a last digit from machine to machine
    computed = "## Conventions"
    assert text.partition(computed)[0] == make_optimizers.page(name, cls).partition(computed)[0]
    assert (DOCS / "pictures" / "optimizers" / f"{name}.svg").is_file()
    for part in ("math", "When to use", "numbers per parameter", "## References"):
        assert part in text, part


def test_the_index_names_every_optimizer():
    assert (DOCS / "optimizers" / "README.md").read_text(encoding="utf-8") == make_optimizers.index()
    assert set(make_optimizers.USE) == set(NAMES)


def test_a_walk_goes_down_and_tells_where_it_is_evaluated():
    rate, points = make_optimizers.best_walk(optimizers.Adam)
    assert points.shape == (make_optimizers.STEPS + 1, 2)
    low, high = optimizers.Adam.learning_rate_range
    assert low <= rate <= high
    heights = [make_optimizers.rosenbrock({"W": p[:, None]}) for p in points]
    assert heights[-1] < 0.3 * heights[0]


def test_the_slope_of_the_test_function_is_its_derivative():
    at, tiny = np.array([[-0.7], [0.4]]), 1e-6
    for k in range(2):
        step = tiny * np.eye(2)[:, [k]]
        up, down = (make_optimizers.rosenbrock({"W": at + sign * step}) for sign in (1, -1))
        assert make_optimizers.slope({"W": at})["W"][k, 0] == pytest.approx(
            (up - down) / (2 * tiny), rel=1e-6
        )
