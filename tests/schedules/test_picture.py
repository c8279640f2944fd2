"""A schedule as a table, as a picture, and in the documentation."""

import inspect
from pathlib import Path

import make_schedules
import matplotlib
import numpy as np
import pytest

from neuralopt import schedules
from neuralopt.schedules import AdaptiveDropout, Constant, Cosine, Exponential, ReduceOnPlateau, Warmup

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(autouse=True)
def without_a_screen():
    from matplotlib import pyplot

    before = matplotlib.get_backend()
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")
    pyplot.switch_backend(before)


def test_frame():
    table = Cosine(0.3, 10).frame()
    assert list(table) == ["step", "value"]
    assert table["step"].tolist() == list(range(12))
    np.testing.assert_array_equal(table["value"], Cosine(0.3, 10)(np.arange(12)))
    assert Cosine(0.3, 10).frame(3)["step"].tolist() == [0, 1, 2]
    assert Cosine(0.3, 10).frame([5, 9])["step"].tolist() == [5, 9]
    assert len(Constant(0.1).frame()) == 100
    long = Exponential(0.1, 0.5, 10**6).frame()["step"]
    assert (len(long), long.iloc[0], long.iloc[-1]) == (1000, 0, 11 * 10**6)
    assert long.is_monotonic_increasing


def test_frame_of_feedback_is_what_holds_before_any_observation():
    assert set(AdaptiveDropout(0.2).frame()["value"]) == {0.2}
    nested = Warmup(ReduceOnPlateau(Cosine(0.3, 10)), steps=5)
    np.testing.assert_array_equal(
        nested.frame(20)["value"], Warmup(Cosine(0.3, 10), steps=5).frame(20)["value"]
    )
    assert nested.length == 15


def test_plot():
    axes = Cosine(0.3, 10).plot()
    Constant(0.1).plot(20, ax=axes)
    first, second = axes.get_lines()
    table = Cosine(0.3, 10).frame()
    np.testing.assert_array_equal(first.get_xydata(), table.to_numpy())
    np.testing.assert_array_equal(second.get_ydata(), [0.1] * 20)
    assert (axes.get_xlabel(), first.get_label(), second.get_label()) == ("step", "Cosine", "Constant")


def test_every_exported_schedule_is_in_the_documented_table():
    named = [getattr(schedules, name) for name in schedules.__all__]
    concrete = {
        cls.__name__
        for cls in named
        if inspect.isclass(cls) and issubclass(cls, schedules.Schedule) and not inspect.isabstract(cls)
    }
    assert {example.name for example in make_schedules.EXAMPLES} == concrete
    assert make_schedules.page() == (DOCS / "schedules.md").read_text(encoding="utf-8")
    for example in make_schedules.EXAMPLES:
        assert (DOCS / "pictures" / "schedules" / f"{example.name}.svg").is_file()


def test_pictures_are_drawn_the_same_each_time():
    first, again = (
        make_schedules.picture(make_schedules.EXAMPLES[0]),
        make_schedules.picture(make_schedules.EXAMPLES[0]),
    )
    assert first == again
    assert "<svg" in first
    assert "<dc:date>" not in first
