"""What cannot be used is refused before any work, with the law, the value, the cause and the cure."""

import numpy as np
import pytest

from neuralopt import GradientModel, HybridModel, SearchModel
from neuralopt.core.errors import DataError, InvalidArgument, StorageError
from neuralopt.search.run import Run

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)

ARGUMENTS = [
    (
        {"weight_range": [5, -5]},
        "weight_range must be two finite numbers, the first below the second, got [5, -5]: it is empty. Likely cause: the ends are swapped.",
    ),
    (
        {"bias_range": [1, 1]},
        "bias_range must be two finite numbers, the first below the second, got [1, 1]: it is empty. To fix weights, give levels instead.",
    ),
    (
        {"weight_range": [0, np.inf]},
        "weight_range must be two finite numbers, the first below the second, got [0, inf]: a grid has ends. Give some, such as (-5, 5); a ridge readout is free of them.",
    ),
    (
        {"bias_range": [np.nan, 5]},
        "bias_range must be two finite numbers, the first below the second, got [nan, 5]: a grid has ends. Give some, such as (-5, 5); a ridge readout is free of them.",
    ),
    (
        {"weight_range_size": 10**9},
        "weight_range_size must be at most 1000000, got 1000000000: every value costs a pass over all rows, for every weight. Give hundreds; line='auto' goes on between them.",
    ),
    (
        {"directions": 3},
        "directions must be names out of weights, least_squares, random, got 3. None is all of them.",
    ),
    (
        {"levels": [[1, 2], [3, 4]]},
        "levels must be one row of numbers, got shape (2, 2): every weight has the same levels. Likely cause: levels for each layer or unit. Give one list, such as [-1, 0, 1].",
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
        "loss 'cross_entropy' with output_size=1 takes at most 2 classes, y has 6: 0.0, 1.0, 2.0, 3.0, 4.0, 5.0. Likely cause: real targets, which loss='squared_error' takes, or too few outputs: classes need output_size=6, which SearchClassifier sets itself.",
    ),
    ({}, None, Y, "X must be an array of numbers, got None. Likely cause: it was never assigned."),
    ({}, X, None, "y must be an array of targets, got None. Likely cause: it was never assigned."),
    ({}, X + 1j, Y, "X must hold real numbers, got complex ones. Give real and imaginary parts."),
    ({}, X, Y + 1j, "y must hold real numbers, got complex ones. Give real and imaginary parts."),
    (
        {},
        X.astype(str),
        Y,
        "X must hold numbers only: '0.0' in row 0, column 0 is text. Encode text first.",
    ),
    (
        {},
        [[1.0, 2.0], [3.0]],
        Y[:2],
        "X must have rows of one length, its rows differ. Likely cause: a value is missing in one.",
    ),
    (
        {},
        [[1.0, 2.0], [3.0, "4"]],
        Y[:2],
        "X must hold numbers only: '4' in row 1, column 1 is text. Encode text first.",
    ),
    (
        {},
        X,
        Y.astype(str),
        "loss 'squared_error' with output_size=1 takes at most 2 classes, y has 6: '0.0', '1.0', '2.0', '3.0', '4.0', '5.0'. Likely cause: real targets, which loss='squared_error' takes as y.astype(float), or too few outputs: classes need output_size=6, which SearchClassifier sets itself.",
    ),
    (
        {"loss": "01"},
        X,
        [1, "a"] * 3,
        "labels must be all numbers or all text, y has 1 in row 0 and 'a' in row 1. Likely cause: missing labels, or a column of mixed types. Drop such rows, or convert all: y.astype(str).",
    ),
    (
        {"loss": "01"},
        X,
        np.array([0, 1.0, 0, np.nan, 1, 1], dtype=object),
        "labels must be finite, y has nan in row 3. Likely cause: missing labels. Drop such rows.",
    ),
    (
        {"loss": "hinge"},
        X,
        [1, 0.0, None, 1, 0, 1],
        "labels must be all numbers or all text, y has 1 in row 0 and None in row 2. Likely cause: missing labels, or a column of mixed types. Drop such rows, or convert all: y.astype(str).",
    ),
    (
        {},
        X,
        Y * 1e300,
        "y must be at most 1e+150 in size, the largest value is 5e+300: its square is beyond float64. Likely cause: a marker of missing values, or another unit. Scale y: y / abs(y).max().",
    ),
    (
        {},
        X * 1e200,
        Y,
        "X must be at most 1e+150 in size, the largest value is 1.1e+201: its square is beyond float64. Likely cause: a marker of missing values, or another unit. Scale X: X / abs(X).max().",
    ),
    (
        {"loss": "01", "output_size": 2},
        X,
        np.r_[np.eye(2)[[0, 1, 0, 1]], [[0.25, 0.75], [1, 1]]],
        "loss '01' takes labels of shape (n,), or one-hot rows of 2 columns: a single 1 and else 0; row 4 is [0.25, 0.75]. Likely cause: soft labels, several labels in a row, or none. Give the most likely class: y.argmax(axis=1).",
    ),
    (
        {"loss": "01", "output_size": 3},
        X,
        np.eye(2)[[0, 1] * 3],
        "loss '01' takes labels of shape (n,), or one-hot rows of 3 columns, got shape (6, 2). Likely cause: another output_size than classes, or several targets.",
    ),
    ({"loss": "auc"}, X, np.ones(6), "loss 'auc' takes rows of two classes, y has 1: [1.0]."),
]


@pytest.mark.parametrize(("options", "inputs", "y", "text"), ROWS)
def test_rows(options, inputs, y, text):
    options = {"output_size": 1, **options}
    for model in (SearchModel(2, [3], **options), HybridModel(2, [3], **options)):
        with pytest.raises(DataError) as error:
            (model.search_and_train if isinstance(model, HybridModel) else model.search)(inputs, y)
        assert str(error.value) == text


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
    with pytest.raises(
        InvalidArgument, match=r"params must be a list of .* Likely cause: a network of other sizes"
    ):
        model.start_from(model.params[:1])
    with pytest.raises(
        InvalidArgument, match=r"params must be a list of .* of the shapes .*, got 3\. Give the params"
    ):
        model.start_from(3)
    (W, b), output = model.params
    with pytest.raises(
        InvalidArgument, match=r"must be finite, 6 of 6 values of W in layer 0 are not\. Likely cause"
    ):
        model.start_from([(W * np.nan, b), output])
    with pytest.raises(StorageError, match="holds a SearchModel, not a HybridModel"):
        HybridModel.load(model.save(tmp_path / "m.safetensors"))
    with pytest.raises(InvalidArgument, match="max_iterations must be a whole number >= 1, got 0"):
        model.search(X, Y, 0)
    with pytest.raises(InvalidArgument, match="budget_s must be seconds"):
        model.search(X, Y, 1, budget_s=0)


def test_a_bad_rate_is_refused_before_the_search(monkeypatch):
    monkeypatch.setattr(Run, "go", None)  # a search would fail
    with pytest.raises(InvalidArgument, match="Adam: learning_rate must satisfy 0 <= learning_rate, got -1"):
        HybridModel(2, [3], 1).search_and_train(X, Y, 1, learning_rate=-1)
