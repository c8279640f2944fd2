"""Every refusal names the law, the value and the cure."""

import numpy as np
import pytest

from neuralopt import SimilarityLookup
from neuralopt.core.errors import DataError, InvalidArgument

X = np.arange(12.0).reshape(6, 2) + 1
NAN = np.where(X == 4, np.nan, X)


def fitted(**settings):
    return SimilarityLookup(2, **settings).fit(X, np.zeros(6))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"k_neighbors": 0}, "k_neighbors must be a whole number >= 1, got 0"),
        ({"k_neighbors": 2.0}, "k_neighbors must be a whole number >= 1, got 2.0"),
        ({"metric": "euclidian"}, "metric must be one of .*, got 'euclidian'. Did you mean 'euclidean'?"),
        (
            {"backend": "fais"},
            "backend must be one of auto, exact, kdtree, faiss, got 'fais'. Did you mean 'faiss'?",
        ),
        ({"faiss_index": "hsnw"}, "faiss_index must be one of .* Did you mean 'hnsw'?"),
        ({"metric": "l2", "backend": "x"}, "2 problems"),
        ({"max_memory": "lots"}, "max_memory must be bytes .* such as '256MB' or '2GiB', got 'lots'"),
        ({"max_memory": "12 parsecs"}, "max_memory must be bytes .*, got '12 parsecs'"),
        ({"max_memory": None}, "max_memory must be bytes .*, got None"),
        ({"max_memory": True}, "max_memory must be bytes .*, got True"),
        ({"max_memory": 0}, r"max_memory must be at least 1MB, got 0 \(0 bytes\)"),
        ({"max_memory": "10KB"}, r"max_memory must be at least 1MB, got '10KB' \(10000 bytes\)"),
    ],
)
def test_settings(settings, text):
    with pytest.raises(InvalidArgument, match=text):
        SimilarityLookup(**settings)


def test_an_unknown_setting():
    with pytest.raises(
        TypeError, match=r"SimilarityLookup has no argument 'k_neighbours'\. Did you mean 'k_neighbors'"
    ):
        SimilarityLookup(k_neighbours=3)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: SimilarityLookup().fit([1.0, 2.0]),
            r"X_real must have two axes, \(rows, columns\), got shape \(2,\)",
        ),
        (
            lambda: SimilarityLookup().fit(np.empty((0, 3))),
            r"X_real must have at least one row .* got shape \(0, 3\)",
        ),
        (
            lambda: SimilarityLookup().fit(np.empty((3, 0))),
            r"at least one row and one column, got shape \(3, 0\)",
        ),
        (lambda: SimilarityLookup().fit([["a", "b"]]), "X_real must hold numbers, got an array of type <U1"),
        (lambda: SimilarityLookup().fit(NAN), "X_real must hold finite numbers; row 1, column 1 is nan"),
        (
            lambda: SimilarityLookup().fit(X * np.inf),
            "X_real must hold finite numbers; row 0, column 0 is inf",
        ),
        (lambda: SimilarityLookup().fit(X * 1e200), r"at most 1e\+150; row 0, column 0 is 1e\+200. Rescale"),
        (
            lambda: SimilarityLookup().fit(X, np.zeros(5)),
            r"y must have one row for each of the 6 rows of X, got shape \(5,\)",
        ),
        (
            lambda: SimilarityLookup().fit(X, list("abcdef")),
            "y must hold numbers, got an array of type <U1. Encode",
        ),
        (
            lambda: SimilarityLookup(metric="cosine").fit(X - X[2]),
            "no zero rows under metric='cosine': row 2 has no direction",
        ),
        (
            lambda: SimilarityLookup(metric="mahalanobis").fit(np.ones((4, 2))),
            "needs rows that differ .* all rows are the same",
        ),
        (
            lambda: fitted().find_similar(X[:, :1]),
            "X_sim must have the 2 columns that the lookup was fitted with, got 1",
        ),
        (lambda: fitted().find_similar(NAN), "X_sim must hold finite numbers; row 1, column 1 is nan"),
        (
            lambda: fitted(metric="cosine").find_similar(0 * X),
            "X_sim must have no zero rows .* row 0 has no direction",
        ),
        (
            lambda: fitted().add(X[:, :1], np.zeros(6)),
            "X must have the 2 columns that the lookup was fitted with, got 1",
        ),
        (lambda: fitted().add(X), "fitted with targets, got none. Give y in both calls, or in neither"),
        (lambda: SimilarityLookup().fit(X).add(X, np.zeros(6)), "fitted with no targets, got some"),
        (
            lambda: fitted().add(X, np.zeros((6, 2))),
            r"the outputs that the lookup was fitted with, \(\), got \(2,\)",
        ),
        (
            lambda: SimilarityLookup().fit(X, np.arange(6)).add(X, np.ones(6)),
            "fitted with, int64, got float64. .* as floats",
        ),
        (lambda: SimilarityLookup().fit(X).targets([0]), "stored without targets. Give y_real to fit"),
        (lambda: SimilarityLookup().fit(X[:1]).coverage(X), "coverage needs at least two stored rows, got 1"),
        (lambda: fitted().remove(np.arange(6)).save("unused"), "no rows to save: all were removed"),
        (
            lambda: fitted().weights(np.zeros((3, 5))),
            "distances must have k_neighbors = 2 columns or one more, got 5",
        ),
        (lambda: fitted().weights([[2.0, 1.0]]), "distances must be >= 0 and ascend in every row"),
        (
            lambda: fitted().weights([[np.nan, 1.0]]),
            r"distances must be finite, of shape \(queries, neighbours\)",
        ),
    ],
)
def test_data(call, text):
    with pytest.raises(DataError, match=text):
        call()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: SimilarityLookup().find_similar(X), r"holds no rows yet. Call fit\(X_real, y_real\) first"),
        (
            lambda: SimilarityLookup(7).fit(X).find_similar(X),
            "k_neighbors must be at most the number of rows, 6, got 7",
        ),
        (lambda: fitted().find_similar(X, k=0), "k must be a whole number >= 1, got 0"),
        (
            lambda: fitted().remove(np.arange(6)).find_similar(X),
            "at most the number of rows, 0, got 2. Add rows",
        ),
        (
            lambda: SimilarityLookup().fit(X, ids=[1, 2, 3, 3, 4, 5]),
            "ids must not repeat; 3 stands 2 times in them",
        ),
        (
            lambda: SimilarityLookup().fit(X, ids=[1, 2]),
            "ids must name each of the 6 rows of X, got 2 of them",
        ),
        (
            lambda: SimilarityLookup().fit(X, ids=np.arange(6.0)),
            r"ids must be a list of whole numbers, got shape \(6,\) of type float64",
        ),
        (lambda: fitted().add(X[:1], [0.0], ids=[5]), "The id 5 is there already. Use update, or another id"),
        (lambda: fitted().remove([3, 3]), "ids must not repeat; 3 stands 2 times"),
        (
            lambda: fitted().remove([8]),
            "There is no row with the id 8 among the 6 rows. Likely cause: it was removed",
        ),
        (lambda: fitted().update(X, np.zeros(6)), "update needs ids: which rows are to be replaced"),
        (lambda: fitted().rows([[0, 9]]), "There is no row with the id 9 among the 6 rows"),
    ],
)
def test_arguments(call, text):
    with pytest.raises(InvalidArgument, match=text):
        call()
