"""`NeuralClassifier`: labels, probabilities, scores, what it refuses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV

import neuralopt
from neuralopt import optimizers
from neuralopt.core.errors import DataError
from neuralopt.core.results import Status
from neuralopt.estimators import NeuralClassifier
from neuralopt.estimators.hold_out import hold_out
from neuralopt.models import CrossEntropy, Hinge

Data = tuple[np.ndarray, np.ndarray]


def small(**arguments: object) -> NeuralClassifier:
    given = {
        "hidden_layer_sizes": (8,),
        "learning_rate": 0.01,
        "epochs": 30,
        "backend": "numpy",
        "random_state": 0,
    }
    return NeuralClassifier(**{**given, **arguments})


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_fit_is_train_on_class_indices(iris: Data, backend: str) -> None:
    X, y = iris
    model = small(backend=backend, dtype="float64").fit(X, y)
    classes, codes = np.unique(y, return_inverse=True)
    result = neuralopt.train(
        neuralopt.MLP((4, 8, 3)),
        (X, codes),
        optimizer=optimizers.Adam(0.01),
        loss="cross_entropy",
        epochs=30,
        dtype="float64",
        backend=backend,
    )
    np.testing.assert_allclose(model.history_["loss"], result.history["loss"], rtol=1e-12)
    np.testing.assert_array_equal(model.classes_, classes)
    np.testing.assert_allclose(model.decision_function(X), result.model.forward(X), rtol=1e-9, atol=1e-12)
    assert model.score(X, y) > 0.93


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, 1, 2]),
        np.array(["no", "yes", "maybe"]),
        np.array(["no", "yes", "maybe"], dtype=object),
        np.array([2.0, -1.0, 0.0]),
        np.array([False, True, True]),
    ],
    ids=["int", "text", "object", "whole-float", "bool"],
)
def test_labels_of_any_kind_come_back(iris: Data, labels: np.ndarray) -> None:
    X, y = iris
    named = labels[np.unique(y, return_inverse=True)[1]]
    model = small().fit(X, named)
    assert model.predict(X).dtype == named.dtype
    assert set(model.predict(X)) <= set(labels.tolist())
    assert model.score(X, named) > 0.9
    np.testing.assert_array_equal(model.classes_, np.unique(labels))


def test_labels_of_pandas(iris: Data) -> None:
    X, y = iris
    expected = small().fit(X, y).predict(X)
    for labels in (pd.Series(y), pd.Series(y, dtype="category"), list(y)):
        np.testing.assert_array_equal(small().fit(X, labels).predict(X), expected)


def test_probabilities_and_scores_agree(iris: Data) -> None:
    X, y = iris
    many, two = small().fit(X, y), small().fit(X, y == "virginica")
    for model, labels in ((many, 3), (two, 2)):
        probabilities = model.predict_proba(X)
        assert probabilities.shape == (150, labels)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))
    assert many.decision_function(X).shape == (150, 3)
    np.testing.assert_array_equal(two.decision_function(X) > 0, two.predict(X))
    np.testing.assert_allclose(
        1 / (1 + np.exp(-two.decision_function(X))), two.predict_proba(X)[:, 1], rtol=1e-9
    )


@pytest.mark.parametrize("loss", ["hinge", Hinge()], ids=["name", "object"])
def test_the_hinge_has_scores_but_no_probabilities(iris: Data, loss: object) -> None:
    X, y = iris
    model = small(loss=loss).fit(X, y)
    assert model.score(X, y) > 0.93
    assert not hasattr(model, "predict_proba")
    with pytest.raises(AttributeError) as error:
        _ = model.predict_proba
    assert "predict_proba needs loss='cross_entropy'" in str(error.value.__cause__)
    assert CalibratedClassifierCV(model, cv=2).fit(X, y).predict_proba(X).shape == (150, 3)


@pytest.mark.parametrize("loss", [None, "cross_entropy", CrossEntropy()])
def test_cross_entropy_gives_probabilities(loss: object) -> None:
    assert hasattr(small(loss=loss), "predict_proba")


def test_early_stopping_holds_out_every_class_by_its_share(iris: Data) -> None:
    X, y = iris
    model = small(
        early_stopping=True, validation_fraction=0.2, patience=5, epochs=400, learning_rate=0.1
    ).fit(X, y)
    assert model.status_ is Status.EARLY_STOPPED
    assert (model.history_["validation_accuracy"] >= 0.8).any()
    train, held = hold_out(X, np.unique(y, return_inverse=True)[1], 0.2, seed=0)
    assert np.bincount(held[1]).tolist() == [10, 10, 10]
    assert np.bincount(train[1]).tolist() == [40, 40, 40]


def test_a_class_of_one_row_cannot_be_held_out(iris: Data) -> None:
    X, y = iris
    rare = np.where(np.arange(150) == 0, "rare", y)
    assert "rare" in small().fit(X, rare).classes_
    with pytest.raises(
        DataError, match=r"cannot hold out 0\.1 of 150 rows: .*least populated.*early_stopping=False"
    ):
        small(early_stopping=True).fit(X, rare)


def test_warm_start_keeps_to_its_classes(iris: Data) -> None:
    X, y = iris
    model = small(warm_start=True).fit(X, y)
    first = model.history_["loss"][0]
    assert model.fit(X, y).history_["loss"][0] < 0.5 * first
    with pytest.raises(
        DataError, match=r"classes of the fit before, \['setosa', .*y has \['setosa', 'versicolor'\]"
    ):
        model.fit(X[:100], y[:100])


def test_one_class_is_refused_by_name(iris: Data) -> None:
    X, y = iris
    with pytest.raises(DataError, match=r"at least two classes, y has 1 class: 'setosa'.*sorted or filtered"):
        small().fit(X[:50], y[:50])


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (
            np.eye(3, dtype=int)[np.arange(150) % 3],
            r"one label for each row, got y of shape \(150, 3\) \(multilabel",
        ),
        (np.arange(300).reshape(150, 2) % 3, r"one label for each row.*MultiOutputClassifier"),
        (np.linspace(0, 1, 150), "Unknown label type: continuous"),
    ],
    ids=["indicator", "two-columns", "continuous"],
)
def test_other_targets_are_refused(iris: Data, y: np.ndarray, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        small().fit(iris[0], y)


def test_a_loss_of_ones_own(iris: Data) -> None:
    X, y = iris
    assert small(loss=squared_hinge, backend="jax").fit(X, y).score(X, y) > 0.93


def squared_hinge(scores, y):
    import jax.numpy as jnp

    sides = 2 * (jnp.arange(3)[None, :] == y[:, None]) - 1
    return jnp.maximum(0, 1 - sides * scores) ** 2
