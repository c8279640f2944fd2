"""The estimators inside scikit-learn's own tools, and against its own networks."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neuralopt import optimizers, transforms
from neuralopt.engine.compiled import run_chunk
from neuralopt.estimators import NeuralClassifier, NeuralRegressor

Data = tuple[np.ndarray, np.ndarray]


def test_equal_shapes_compile_once(iris: Data) -> None:
    X, y = iris
    search = GridSearchCV(
        NeuralClassifier((6,), epochs=2, random_state=0),
        {"optimizer": ["adam", "sgd"], "learning_rate": [0.1, 0.01, *np.logspace(-3, -2, 2)]},
        cv=3,
        refit=False,
    )
    before = run_chunk._cache_size()
    search.fit(X, y)
    assert run_chunk._cache_size() - before == 2  # one for each optimizer; 24 fits
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    search.set_params(
        estimator__hidden_layer_sizes=(7,), param_grid={"alpha": [0.1, 0.2], "random_state": [1, 2]}
    )
    search.fit(X, y)
    assert run_chunk._cache_size() - before == 3


def test_a_search_over_everything_in_a_pipeline_on_two_workers(iris: Data) -> None:
    X, y = iris
    grid = {
        "neuralclassifier__optimizer": [
            "rmsprop",
            transforms.chain(transforms.ClipByGlobalNorm(1.0), optimizers.SGD()),
        ],
        "neuralclassifier__learning_rate": [0.03],
        "neuralclassifier__hidden_layer_sizes": [(4,), (4, 3)],
    }
    pipeline = make_pipeline(StandardScaler(), NeuralClassifier(epochs=20, backend="numpy", random_state=0))
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, y)
    alone = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    assert search.best_score_ > 0.9
    assert search.best_estimator_.predict(X[:3]).shape == (3,)


def test_compiled_fits_on_two_workers(iris: Data) -> None:
    X, y = iris
    model = NeuralClassifier((6,), learning_rate=0.03, epochs=20, random_state=0)
    scores = cross_val_score(model, X, y, cv=2, n_jobs=2)
    np.testing.assert_array_equal(scores, cross_val_score(model, X, y, cv=2))


def test_a_diverging_candidate_is_ranked_last_and_ends_nothing(regression: Data) -> None:
    X, y = regression
    search = GridSearchCV(
        NeuralRegressor((8,), "relu", optimizer="sgd", epochs=20, backend="numpy", random_state=0),
        {"learning_rate": [1e30, 1e-2]},
        cv=2,
    )
    with pytest.warns() as told:
        search.fit(X, y)
    assert {w.category for w in told} == {ConvergenceWarning, UserWarning}
    assert any("the parameters are not finite" in str(w.message) for w in told)
    assert search.cv_results_["rank_test_score"].tolist() == [2, 1]
    assert search.best_params_ == {"learning_rate": 1e-2}


@pytest.mark.parametrize("kind", [NeuralRegressor, NeuralClassifier])
def test_a_clone_carries_every_argument_and_nothing_else(kind: type, iris: Data) -> None:
    arguments = {
        "hidden_layer_sizes": (3,),
        "activation": "gelu",
        "optimizer": transforms.DecoupledDecay(optimizers.SGD(0.1, momentum=0.9)),
        "learning_rate": 0.02,
        "alpha": 0.1,
        "dropout": 0.25,
        "loss": None,
        "epochs": 2,
        "batch_size": 7,
        "early_stopping": True,
        "validation_fraction": 0.2,
        "patience": 3,
        "tolerance": 1e-3,
        "warm_start": True,
        "dtype": "float64",
        "backend": "numpy",
        "random_state": 4,
        "verbose": 0,
    }
    model = kind(**arguments)
    assert model.get_params() == arguments
    other = clone(model.fit(iris[0], np.arange(150) % 3))
    assert other.get_params() == arguments
    assert not [name for name in vars(other) if name.endswith("_")]


def test_as_good_as_scikit_learns_network_on_diabetes() -> None:
    X, y = load_diabetes(return_X_y=True)
    X, folds = StandardScaler().fit_transform(X), KFold(4, shuffle=True, random_state=0)
    same = {"hidden_layer_sizes": (16,), "activation": "tanh", "batch_size": 32, "random_state": 0}
    ours = NeuralRegressor(**same, epochs=40)
    theirs = MLPRegressor(**same, max_iter=40, n_iter_no_change=40, alpha=0)
    score = cross_val_score(ours, X, y, cv=folds).mean()
    with pytest.warns(ConvergenceWarning):  # theirs asks for more epochs, which overfit
        # it does not standardise its targets, so they are given to it standardised
        reference = cross_val_score(theirs, X, (y - y.mean()) / y.std(), cv=folds).mean()
    assert score > 0.4
    assert score > reference - 0.02


def test_as_good_as_scikit_learns_network_on_digits() -> None:
    X, y = load_digits(return_X_y=True)
    X = X / 16
    same = {"hidden_layer_sizes": (32,), "activation": "tanh", "batch_size": 32, "random_state": 0}
    ours = NeuralClassifier(**same, epochs=30)
    theirs = MLPClassifier(**same, max_iter=30, alpha=0)
    score = cross_val_score(ours, X, y, cv=3).mean()
    with pytest.warns(ConvergenceWarning):
        reference = cross_val_score(theirs, X, y, cv=3).mean()
    assert score > 0.9
    assert score > reference - 0.01
