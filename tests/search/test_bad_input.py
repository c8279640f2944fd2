"""What cannot be used is refused before any work, with the law, the value, the cause and the cure."""

import numpy as np
import pytest

from neuralopt import GradientModel, HybridModel, SearchModel
from neuralopt.core.errors import DataError, InvalidArgument, StorageError

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)

ARGUMENTS = [
    (
        {"weight_range": [5, -5]},
        "weight_range must be two finite numbers, the first below the second, got [5, -5]: it is empty.",
    ),
    (
        {"bias_range": [1, 1]},
        "bias_range must be two finite numbers, the first below the second, got [1, 1]: it is empty.",
    ),
    (
        {"weight_range": [0, np.inf]},
        "weight_range must be two finite numbers, the first below the second, got [0, inf]: it is empty.",
    ),
    ({"weight_range": 5}, "weight_range must be two numbers, lowest first, got 5."),
    ({"weight_range_size": 1}, "weight_range_size must be a whole number >= 2, got 1."),
    ({"bias_range_size": 2.5}, "bias_range_size must be a whole number >= 2, got 2.5."),
    (
        {"levels": []},
        "levels must be two or more different finite numbers, got []. Ternary weights are [-1, 0, 1]; None leaves weights real.",
    ),
    (
        {"levels": [1, 1]},
        "levels must be two or more different finite numbers, got [1, 1]. Ternary weights are [-1, 0, 1]; None leaves weights real.",
    ),
    ({"budget_s": 0}, "budget_s must be seconds, finite and > 0, or None for no limit, got 0."),
    ({"tolerance": -1}, "tolerance must be finite and >= 0, or None, got -1."),
    ({"line": "exat"}, "line must be one of auto, grid, exact, brent, got 'exat'. Did you mean 'exact'?"),
    ({"order": "rand"}, "order must be one of cyclic, random, greedy, got 'rand'. Did you mean 'random'?"),
    ({"directions": []}, "directions must name at least one of weights, least_squares, random, got none."),
    ({"readout": "rigde"}, "readout must be one of ridge, search, got 'rigde'. Did you mean 'ridge'?"),
    (
        {"loss": "square_error"},
        "unknown loss 'square_error'. Did you mean 'squared_error'? Known: squared_error, cross_entropy, hinge, 01, f1, auc, or your own loss(prediction, y).",
    ),
    (
        {"activation": "stepp"},
        "unknown activation 'stepp'. Did you mean 'step'? Known: tanh, relu, gelu, sigmoid, identity, step, sign.",
    ),
    ({"restarts": -1}, "restarts must be a whole number >= 0, got -1."),
    (
        {"hidden_sizes": "64"},
        "hidden_sizes must be a sequence of whole numbers >= 1, got '64'. One hidden layer of 64 units is [64]; [] is a linear model.",
    ),
]


@pytest.mark.parametrize(("given", "text"), ARGUMENTS)
def test_arguments(given, text):
    with pytest.raises(InvalidArgument) as error:
        SearchModel(**{"input_size": 2, "hidden_sizes": [3], "output_size": 1, **given})
    assert str(error.value) == text


def test_all_bad_arguments_at_once():
    with pytest.raises(InvalidArgument, match="4 problems"):
        SearchModel(0, [3], 1, [1, 0], budget_s=-1, line="x")
    with pytest.raises(InvalidArgument, match="2 problems"):
        GradientModel(2, [3], 1, loss="x", seed=-1)
    with pytest.raises(TypeError, match=r"SearchModel has no argument 'budget'. Did you mean 'budget_s'\?"):
        SearchModel(2, [3], 1, budget=3)


ROWS = [
    (
        {},
        np.where(X == 3, np.nan, X),
        Y,
        "X must be finite, 1 of 12 values are not; the first is nan at row 1, column 1. Fill or drop such rows.",
    ),
    (
        {},
        X,
        np.where(Y == 2, np.inf, Y),
        "y must be finite, 1 of 6 values are not; the first is inf at row 2. Fill or drop such rows.",
    ),
    (
        {},
        X[:, :1],
        Y,
        "X must have shape (n, 2) for input_size=2, got (6, 1). Likely cause: other columns than at training, or one row that is not in brackets.",
    ),
    ({}, X[:0], Y[:0], "X must have at least one row, got shape (0, 2)."),
    ({}, X, Y[:3], "y must have an entry or a row for each of 6 rows of X, got shape (3,)."),
    (
        {},
        X,
        np.c_[Y, Y],
        "y must have 1 columns for output_size=1, got shape (6, 2). Give one column for each output, or class labels of shape (n,).",
    ),
    (
        {"loss": "01"},
        X,
        Y + 0.5,
        "loss '01' takes class labels, y has 0.5 in row 0. Likely cause: real targets. Use loss='squared_error', or round them to labels.",
    ),
    (
        {"loss": "cross_entropy"},
        X,
        Y,
        "loss 'cross_entropy' with output_size=1 takes at most 2 classes, y has 6: 0.0, 1.0, 2.0, 3.0, 4.0, 5.0. Set output_size=6.",
    ),
    ({"loss": "auc"}, X, np.ones(6), "loss 'auc' takes rows of two classes, y has 1: [1.0]."),
]


@pytest.mark.parametrize(("options", "inputs", "y", "text"), ROWS)
def test_rows(options, inputs, y, text):
    for model in (SearchModel(2, [3], 1, **options), HybridModel(2, [3], 1, **options)):
        with pytest.raises(DataError) as error:
            (model.search_and_train if isinstance(model, HybridModel) else model.search)(inputs, y)
        assert str(error.value) == text


def bad(prediction, y):
    return np.full(len(y), np.nan)


def wide(prediction, y):
    return prediction - y.ravel()


def test_losses_that_return_nan_or_another_shape():
    text = r"loss bad must be finite, it returned NaN or infinity for the first network\."
    with pytest.raises(DataError, match=text):
        SearchModel(2, [3], 1, loss=bad).search(X, Y)
    with pytest.raises(DataError, match=r"loss wide must return one value for each of 6 rows, shape \(6,\)"):
        SearchModel(2, [3], 1, loss=wide).search(X, Y)


def test_a_loss_that_turns_nan_on_the_way_is_not_accepted():
    def loss(prediction, y):
        error = (prediction[:, 0] - y[:, 0]) ** 2
        return np.where(error.sum() < 50, np.nan, error)

    model = SearchModel(2, [3], 1, loss=loss, readout="search")
    losses = model.search(X, Y, 3)["loss"]
    assert np.isfinite(losses).all()


def test_lines_that_do_not_fit():
    with pytest.raises(InvalidArgument, match="line='brent' is for smooth units, a step unit is flat"):
        SearchModel(2, [3], 1, activation="step", line="brent").search(X, Y)
    with pytest.raises(InvalidArgument, match="line='exact' is for step and sign units"):
        SearchModel(2, [3], 1, line="exact").search(X, Y)


def test_what_is_asked_too_early_or_of_another_width(tmp_path):
    model = SearchModel(2, [3], 1)
    with pytest.raises(InvalidArgument, match="SearchModel has no parameters yet"):
        model.predict(X)
    model.search(X, Y, 1)
    with pytest.raises(DataError, match=r"X must have shape \(n, 2\) for input_size=2, got \(6, 3\)"):
        model.predict(np.ones((6, 3)))
    with pytest.raises(InvalidArgument, match="predict_proba is for class labels"):
        model.predict_proba(X)
    with pytest.raises(InvalidArgument, match="params must be a list of"):
        model.start_from(model.params[:1])
    with pytest.raises(StorageError, match="holds a SearchModel, not a HybridModel"):
        HybridModel.load(model.save(tmp_path / "m.safetensors"))
    with pytest.raises(InvalidArgument, match="max_iterations must be a whole number >= 1, got 0"):
        model.search(X, Y, 0)
    with pytest.raises(InvalidArgument, match="budget_s must be seconds"):
        model.search(X, Y, 1, budget_s=0)
