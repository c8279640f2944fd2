"""A loss of one's own: what it may answer, what it may not touch, where it must be JAX, what a file keeps."""

import re

import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt import EvolutionModel, GradientModel, HybridModel, SearchModel
from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.search.run import Run

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)
NAN = np.where(np.arange(6) == 3, np.nan, 1.0)
SHAPE = "must return one value for each of 6 rows, shape (6,), or one number for the whole set; it returned "
GIVEN = " for predictions of shape (6, 1) and targets of shape (6, 1). Likely cause: "


def train(model, X=X, y=Y):
    if isinstance(model, HybridModel):
        return model.search_and_train(X, y, 2)
    return model.search(X, y, 2) if isinstance(model, SearchModel) else model.train_model(X, y, 2)


ANSWERS = [
    (lambda p, y: (p - y) ** 2, "shape (6, 1)", "the column of one output was kept. Take it: [:, 0]."),
    (
        lambda p, y: (p - y[:, 0][None]) ** 2,
        "shape (6, 6)",
        "a column of shape (n, 1) met a row of shape (n,), which gives all pairs. Take columns of both: prediction[:, 0] and y[:, 0].",
    ),
    (
        lambda p, y: ((p - y) ** 2)[:4, 0],
        "shape (4,)",
        "rows were selected or dropped. Return 0 for rows that do not count.",
    ),
    (
        lambda p, y: ((p - y) ** 2).mean()[None],
        "shape (1,)",
        "one number in brackets. Return it without: [0], or float(...).",
    ),
]


@pytest.mark.parametrize("kind", [SearchModel, GradientModel, HybridModel])
@pytest.mark.parametrize(("loss", "shape", "cause"), ANSWERS)
def test_a_wrong_shape_has_the_cause_of_its_case(kind, loss, shape, cause):
    with pytest.raises(DataError) as error:
        train(kind(2, [3], 1, loss=loss))
    assert str(error.value) == f"loss <lambda> {SHAPE}{shape}{GIVEN}{cause}"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (None, "None. Likely cause: a function without return."),
        ("a", "['a'] of <U1."),
        (np.full(6, 1j), "complex numbers. Return their size: abs(...)."),
        ([[1.0], [1.0, 2.0]], "a sequence of parts that differ in length."),
    ],
)
def test_what_is_no_number(answer, text):
    with pytest.raises(DataError, match=re.escape(SHAPE + text)):
        SearchModel(2, [3], 1, loss=lambda p, y: answer).search(X, Y)


def test_two_outputs_want_a_sum():
    with pytest.raises(DataError, match=r"one value for each output\. Reduce them: \.sum\(axis=1\)"):
        SearchModel(2, [3], 2, loss=lambda p, y: (p - y) ** 2).search(X, np.c_[Y, Y])


@pytest.mark.parametrize("kind", [SearchModel, GradientModel, HybridModel])
def test_nan_at_the_start_names_the_row(kind):
    with pytest.raises(DataError) as error:
        train(kind(2, [3], 1, loss=lambda p, y: y[:, 0] * NAN))
    assert re.fullmatch(
        r"loss <lambda> must be finite, it returned nan for the first network, in 1 of 6 rows; row 3 has prediction "
        r"\[.*\] and y \[3\.\]\. Likely cause: the logarithm or root of a number below zero, or a division by zero\. "
        r"Bound what it takes, for example log\(maximum\(p, 1e-12\)\)\.",
        str(error.value),
    )


@pytest.mark.parametrize("kind", [GradientModel, HybridModel])
@pytest.mark.parametrize(
    "loss",
    [
        lambda p, y: np.abs(p - y)[:, 0],
        lambda p, y: float(((p - y) ** 2).mean()),
        lambda p, y: p[:, 0] if p[0, 0] > 0 else -p[:, 0],
    ],
)
def test_a_loss_that_is_not_jax_is_refused_before_any_work(kind, loss, monkeypatch):
    monkeypatch.setattr(Run, "go", None)  # a search would fail
    with pytest.raises(InvalidArgument) as error:
        train(kind(2, [3], 1, loss=loss))
    assert re.fullmatch(
        r"loss <lambda> must be written in jax\.numpy, for a gradient of it is taken; JAX cannot trace it "
        r"\(\w+Error\)\. Likely cause: a NumPy function, float\(\.\.\.\) or a Python if on what it is given\. "
        r"Write jax\.numpy for numpy, or train by SearchModel, which takes any loss\.",
        str(error.value),
    )


def test_levels_have_no_gradient_phase_and_take_numpy():
    model = HybridModel(2, [3], 1, loss=lambda p, y: np.abs(p - y)[:, 0], levels=[-1, 0, 1])
    assert np.isfinite(train(model)["loss"]).all()


def test_a_jax_loss_serves_every_phase():
    model = HybridModel(2, [3], 1, loss=lambda p, y: jnp.abs(p - y)[:, 0])
    assert set(train(model)["phase"]) == {"search", "gradient", "search again"}


@pytest.mark.parametrize(
    "loss", [lambda p, y: (y.__isub__(1), (p - y)[:, 0] ** 2)[1], lambda p, y: (p.__imul__(0) - y)[:, 0] ** 2]
)
def test_a_loss_cannot_change_what_it_is_given(loss):
    y = Y.copy()
    with pytest.raises(DataError) as error:
        SearchModel(2, [3], 1, loss=loss).search(X, y)
    assert str(error.value) == (
        "loss <lambda> must not change what it is given, prediction and y are read-only (output array is read-only). "
        "Likely cause: an operation in place, such as y -= 1 or y.sort(). Work on a copy: y = y.copy()."
    )
    np.testing.assert_array_equal(y, Y)


@pytest.mark.parametrize("kind", [SearchModel, GradientModel, HybridModel])
def test_what_a_loss_raises_tells_the_shapes(kind):
    with pytest.raises(ZeroDivisionError) as error:
        train(kind(2, [3], 1, loss=lambda p, y: 1 / 0))
    assert error.value.__notes__[0] == (
        "The loss <lambda> was called with predictions of shape (6, 1) and targets of shape (6, 1)."
    )


def absolute(p, y):
    return 1000 + abs(p - y)[:, 0]


@pytest.mark.parametrize("kind", [SearchModel, GradientModel, HybridModel])
def test_a_loaded_model_does_not_replace_a_loss_of_ones_own(kind, tmp_path):
    model = kind(2, [3], 1, loss=absolute)
    train(model)
    path = model.save(tmp_path / "m.safetensors")
    for _ in range(2):  # a file of the loaded model is the same
        loaded = kind.load(path)
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
        assert "its loss was one's own, which the file does not hold" in loaded.summary()
        with pytest.raises(InvalidArgument) as error:
            train(loaded)
        assert str(error.value) == (
            f"loss absolute of this {kind.__name__} is needed to go on training, and is not there: a file does not "
            f"hold a loss of one's own. Give it again: {kind.__name__}.load(path, loss=...)."
        )
        path = loaded.save(path)
    again = kind.load(path, loss=absolute)
    assert "one's own" not in again.summary()
    assert 1000 <= train(again)["loss"][-1] <= model.history["loss"].min() + 1


def test_a_loss_can_be_given_in_place_of_a_named_one(tmp_path):
    model = SearchModel(2, [3], 1)
    model.search(X, Y, 1)
    loaded = SearchModel.load(model.save(tmp_path / "m.safetensors"), loss=absolute)
    assert loaded.search(X, Y, 1)["loss"][-1] >= 1000


def test_evolution_is_checked_alike(tmp_path):
    pytest.importorskip("cmaes")
    with pytest.raises(DataError, match="rows were selected or dropped"):
        EvolutionModel(2, [3], 1, loss=lambda p, y: p[:3, 0]).evolve(X, Y, 1)
    model = EvolutionModel(2, [3], 1, loss=absolute)
    model.evolve(X, Y, 2)
    with pytest.raises(InvalidArgument, match="loss absolute of this EvolutionModel is needed"):
        EvolutionModel.load(model.save(tmp_path / "m.safetensors")).evolve(X, Y, 1)
