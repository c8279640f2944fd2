"""Errors, methods, statuses and checks."""

import dataclasses
import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt.core.errors import (
    DataError,
    InvalidArgument,
    MissingDependency,
    NeuraloptError,
    StorageError,
    did_you_mean,
    missing_dependency,
    raise_problems,
)
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.core.results import Status, TrainingFailed
from neuralopt.core.scalars import check_count
from neuralopt.core.validation import check_params, check_same_structure


def test_errors_are_also_what_python_would_raise():
    for kind, builtin in (
        (InvalidArgument, ValueError),
        (DataError, ValueError),
        (StorageError, OSError),
        (MissingDependency, ImportError),
        (TrainingFailed, RuntimeError),
    ):
        assert issubclass(kind, builtin)
        assert issubclass(kind, NeuraloptError)


def test_did_you_mean_folds_case_and_answers_in_the_known_spelling():
    assert did_you_mean("ADAMw", ["AdamW", "sgd"]) == " Did you mean 'AdamW'?"
    assert did_you_mean("x", []) == ""


def test_one_problem_is_a_sentence_and_more_are_a_list():
    with pytest.raises(DataError, match=r"^only this\.$"):
        raise_problems(["only this."], DataError)
    with pytest.raises(InvalidArgument, match=re.escape("2 problems:\n  - this.\n  - that.")):
        raise_problems(["this.", "that."])


def test_missing_dependency_names_the_extra():
    text = str(missing_dependency("optuna", "tune", "tuning"))
    assert text.endswith('Install it with: pip install "neuralopt[tune]"')


@method
class Line:
    """A straight line."""

    slope: Any = hyper(1.0, low=0, high=2, low_open=True, cure="Turn it.")
    offset: Any = hyper(0.0)
    form: str = switch("plain", "plain", "steep")
    note: Any = switch(None)

    def __post_init__(self):
        if self.note == "refused":
            raise InvalidArgument("its own check ran.")


def test_a_method_is_a_frozen_value():
    assert Line(2.0) == Line(2.0, note=None)
    assert repr(Line()) == "Line(slope=1.0, offset=0.0, form='plain', note=None)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        Line().slope = 3.0  # type: ignore[misc]  # that it cannot be set is what is tested


def test_numbers_are_leaves_and_switches_are_not():
    assert jax.tree.leaves(Line(2.0, 3.0)) == [2.0, 3.0]
    assert jax.tree.structure(Line()) == jax.tree.structure(Line(2.0))
    assert jax.tree.structure(Line()) != jax.tree.structure(Line(form="steep"))
    doubled = jax.tree.map(lambda h: 2 * h, Line(0.5, 3.0, "steep"))
    assert doubled == Line(1.0, 6.0, "steep")


def test_laws_are_checked_on_numbers_and_arrays_and_pass_over_tracers_and_schedules():
    Line(slope=lambda step: -5.0)
    Line(slope=np.array([0.5, 2.0]))
    assert jax.jit(lambda slope: Line(slope).slope)(jnp.asarray(-5.0)) == -5.0
    assert jax.vmap(lambda line: line.slope)(Line(jnp.ones(3), jnp.ones(3))).shape == (3,)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Line(0.0), "Line: slope must satisfy 0 < slope <= 2, got 0.0. Turn it."),
        (lambda: Line(np.float32(2.5)), "Line: slope must satisfy 0 < slope <= 2, got 2.5. Turn it."),
        (lambda: Line(np.array([1.0, 7.0])), "Line: slope must satisfy 0 < slope <= 2, got 7.0."),
        (lambda: Line(offset=float("-inf")), "Line: offset must satisfy offset finite, got -inf."),
        (lambda: Line(offset=True), "Line: offset must be a number or a schedule, got True."),
        (lambda: Line(form="stepp"), "must be one of 'plain', 'steep', got 'stepp'. Did you mean 'steep'?"),
        (lambda: Line(3.0, form="x"), "2 problems:"),
        (lambda: Line(note="refused"), "its own check ran."),
    ],
)
def test_broken_laws(make, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        make()


def test_value_at():
    assert value_at(3.0, 7) == 3.0
    assert value_at(lambda step: 2 * step, 7) == 14


def test_statuses_have_codes_and_sentences():
    for status in Status:
        assert Status.from_code(status.code) is status
        assert status.value.endswith(".")
    assert [s.name for s in Status if s.ok] == [
        "MAX_EPOCHS",
        "EARLY_STOPPED",
        "CONVERGED",
        "STOPPED",
        "BUDGET",
    ]
    Status.CONVERGED.raise_for_status()
    with pytest.raises(TrainingFailed, match=r"^DIVERGED: The loss became infinite"):
        Status.DIVERGED.raise_for_status()


@pytest.mark.parametrize("count", [1, np.int64(3)])
def test_whole_numbers_are_taken(count):
    assert check_count("epochs", count) == count
    assert type(check_count("epochs", count)) is int


@pytest.mark.parametrize("count", [0, -1, 2.0, True, "3", None, float("nan")])
def test_other_counts_are_refused(count):
    with pytest.raises(
        InvalidArgument, match=re.escape(f"epochs must be a whole number >= 1, got {count!r}.")
    ):
        check_count("epochs", count)


def test_parameters_of_every_float_are_taken():
    for dtype in (jnp.bfloat16, np.float16, np.float32, np.float64):
        check_params([np.zeros(2, dtype)])
    for dtype in (np.int32, bool, complex, np.longdouble, object):
        with pytest.raises(InvalidArgument, match="every leaf must be of floats"):
            check_params([np.zeros(2, dtype)])


def test_shapes_are_compared_leaf_by_leaf():
    check_same_structure({"a": np.ones(2)}, {"a": jnp.ones(2)})
    with pytest.raises(InvalidArgument, match="leaf 'b/0' has"):
        check_same_structure({"a": np.ones(2), "b": [np.ones(1)]}, {"a": np.ones(2), "b": [np.ones(2)]})


@pytest.mark.parametrize(
    "number",
    [
        *(None, True, np.True_, "1", b"1", 1j, [1.0], (1.0,), object(), Line(), Line, np.array("a")),
        *(np.array([True]), jnp.asarray(True), np.array([1j])),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", repr(value)),
)
def test_what_is_no_number_is_refused(number):
    with pytest.raises(InvalidArgument, match=re.escape("Line: slope must be a number or a schedule, got ")):
        Line(number)


@pytest.mark.parametrize("kind", [float, np.float16, np.float32, np.asarray, jnp.asarray, jnp.bfloat16])
def test_the_law_holds_for_every_kind_of_number(kind):
    assert Line(kind(0.5)).slope == kind(0.5)
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidArgument, match="Line: slope must satisfy 0 < slope <= 2, got"):
            Line(kind(wrong))
    with pytest.raises(InvalidArgument, match="Line: slope must satisfy 0 < slope <= 2, got"):
        Line(jnp.asarray([0.5, -1.0]))


@pytest.mark.parametrize("choice", [np.ones(2), ["plain"], {"plain"}, jnp.ones(2)], ids=repr)
def test_what_is_no_switch_is_refused(choice):
    with pytest.raises(
        InvalidArgument, match=re.escape("Line: form must be one of 'plain', 'steep', got " + repr(choice))
    ):
        Line(form=choice)


def test_jax_may_put_anything_in_place_of_a_number():
    """A method is checked when it is made, not when JAX takes it apart and puts it together."""
    line = Line(0.5, note="kept")
    marked = jax.tree.map(lambda _: "mark", line)
    assert (marked.slope, marked.offset, marked.form, marked.note) == ("mark", "mark", "plain", "kept")
    assert jax.tree.unflatten(jax.tree.structure(line), jax.tree.leaves(line)) == line
    assert [str(path[0]) for path, _ in jax.tree_util.tree_flatten_with_path(line)[0]] == [
        ".slope",
        ".offset",
    ]
    assert jax.vmap(lambda m, k: m.slope * k, (jax.tree.map(lambda _: 0, line), 0))(
        jax.tree.map(lambda h: jnp.asarray([h, 2 * h]), line), jnp.ones(2)
    ).tolist() == [0.5, 1.0]
    traced = jax.jit(lambda slope: Line(slope).slope)(-1.0)
    assert traced == -1.0


def test_several_numbers_are_for_vmap():
    for several in (np.ones(2), jnp.ones((1,))):
        with pytest.raises(
            InvalidArgument, match="a hyperparameter must be one number where a step is taken"
        ):
            value_at(several, 0)
    assert jax.vmap(lambda h: value_at(h, 0))(jnp.arange(2.0)).tolist() == [0, 1]
    for schedule in (lambda step: None, lambda step: np.ones(3)):
        with pytest.raises(InvalidArgument, match="a schedule must give one number for each step, got"):
            value_at(schedule, 0)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (
            {"w": np.ones(2, complex)},
            "leaf 'w' has dtype complex128. Train its real and imaginary parts as two",
        ),
        ({"w": np.ones(2, bool)}, "leaf 'w' has dtype bool. Likely cause: a mask among the parameters."),
        (
            {"w": np.arange(2)},
            "leaf 'w' has dtype int64. Likely cause: integer literals. Convert that leaf: leaf.",
        ),
        ({"w": np.ones(2, object)}, "leaf 'w' has dtype object. Convert that leaf to one of them."),
        (
            {"l": {"w": None}},
            "leaf 'l/w' is None and there is no other. Likely cause: parameters that were never",
        ),
        ([], "params must hold at least one array, got an empty tree: []."),
    ],
)
def test_the_cure_is_that_of_the_leaf(params, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        check_params(params)
