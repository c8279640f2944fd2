"""Views of paths against closed forms, scikit-learn and direct evaluation."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness as sklearn_trustworthiness

from neuralopt.core.errors import InvalidArgument
from neuralopt.models import MLP, CrossEntropy, SquaredError
from neuralopt.trajectories import (
    Landscape,
    common_plane,
    continuity,
    embed,
    filter_normalised,
    grid,
    procrustes,
    random_walk_null,
    slice_1d,
    slice_2d,
    trustworthiness,
)

RANDOM = np.random.default_rng(3)


def spiral(count=60):
    angle = np.linspace(0, 5, count)
    return np.stack([angle * np.cos(angle), 0.4 * angle * np.sin(angle)], axis=1)


def hidden_in(dimensions, flat):
    axes = np.linalg.qr(RANDOM.normal(size=(dimensions, 2)))[0].T
    return flat @ axes + RANDOM.normal(size=dimensions)


def flatten(params):
    return np.concatenate([np.ravel(a) for pair in params for a in pair])


# The plane


def test_a_path_in_a_plane_is_recovered_from_1000_dimensions():
    known = spiral()
    plane = common_plane({"a": hidden_in(1000, known)})
    assert procrustes(known, plane.coordinates["a"]) < 1e-6
    assert plane.explained[:2].sum() == pytest.approx(1)
    assert plane.residuals["a"].max() < 1e-6


def test_the_plane_is_that_of_principal_components():
    paths = {name: RANDOM.normal(size=(n, 40)).cumsum(axis=0) for name, n in (("a", 12), ("b", 9))}
    points = np.concatenate(list(paths.values()))
    plane, peer = common_plane(paths), PCA(2).fit(points)
    np.testing.assert_allclose(plane.explained[:2], peer.explained_variance_ratio_)
    np.testing.assert_allclose(abs(plane.axes @ peer.components_.T), np.eye(2), atol=1e-10)
    back = plane.origin + np.concatenate([plane.coordinates[n] @ plane.axes for n in paths])
    left = np.concatenate([plane.residuals[n] for n in paths])
    np.testing.assert_allclose(np.linalg.norm(points - back, axis=1), left)
    kept = np.concatenate([plane.scores[n] for n in paths])
    np.testing.assert_allclose(
        np.linalg.norm(kept - kept[0], axis=1), np.linalg.norm(points - points[0], axis=1)
    )


@pytest.mark.parametrize(
    ("paths", "text"),
    [
        ({}, "at least one path, got none"),
        (
            {"a": np.zeros((3, 2)), "b": np.zeros((3, 4))},
            r"the same parameters; got a: \(3, 2\), b: \(3, 4\)",
        ),
        ({"a": np.zeros((1, 2))}, "two points or more"),
        ({"a": np.full((3, 2), np.nan)}, "those of a are not. Likely cause: the run diverged"),
    ],
)
def test_paths_that_are_none(paths, text):
    with pytest.raises(InvalidArgument, match=text):
        common_plane(paths)


# Random walks


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("count", "paths"), [(40, 1), (60, 3)], ids=["one", "several"])
def test_pure_random_walks_are_flagged(seed, count, paths):
    steps = np.random.default_rng(seed).normal(size=(paths, count, 800))
    walks = {str(k): own.cumsum(axis=0) - own[0] for k, own in enumerate(steps)}
    found = random_walk_null(walks, seed=seed + 100)
    assert found.flagged
    assert found.low - 0.03 <= found.explained <= found.high + 0.03


def test_walks_that_shrink_are_flagged_and_ways_are_not():
    shrinking = RANDOM.normal(size=(40, 800)) * 0.9 ** np.arange(40)[:, None]
    assert random_walk_null({"a": shrinking.cumsum(axis=0)}).flagged
    assert not random_walk_null({"a": hidden_in(800, spiral())}).flagged


def test_a_long_walk_in_many_dimensions_is_the_closed_form():
    """Antognini and Sohl-Dickstein, 2018: component k holds 6 / (pi k)^2."""
    found = random_walk_null({"a": np.arange(300.0)[:, None] * np.ones(2)}, dimensions=10**7, walks=3)
    expected = 6 / np.pi**2 * (1 + 1 / 4)
    assert (found.low, found.high) == (pytest.approx(expected, abs=0.01), pytest.approx(expected, abs=0.01))


def test_the_null_is_that_of_walks_drawn_directly():
    """In few dimensions, where the triangular factor has a trapezoid's shape, too."""
    for dimensions in (5, 60):
        steps = np.random.default_rng(0).normal(size=(300, 24, dimensions))
        steps /= np.linalg.norm(steps, axis=2, keepdims=True)
        walks = np.concatenate([np.zeros((300, 1, dimensions)), steps.cumsum(axis=1)], axis=1)
        direct = [PCA(2).fit(w).explained_variance_ratio_.sum() for w in walks]
        null = random_walk_null({"a": np.arange(25.0)[:, None] * np.eye(dimensions)[:1]}, walks=300)
        np.testing.assert_allclose([null.low, null.high], np.quantile(direct, [0.025, 0.975]), atol=0.03)


# The embedding


def test_scores_are_scikit_learns():
    X, embedded = RANDOM.normal(size=(40, 6)), RANDOM.normal(size=(40, 2))
    for k in (1, 5, 12):
        assert trustworthiness(X, embedded, k) == pytest.approx(
            sklearn_trustworthiness(X, embedded, n_neighbors=k)
        )
        swapped = sklearn_trustworthiness(embedded, X, n_neighbors=k)
        assert continuity(X, embedded, k) == pytest.approx(swapped)
    with pytest.raises(InvalidArgument, match="less than half of the 40 points, got 20"):
        trustworthiness(X, embedded, 20)


def test_all_paths_are_in_one_embedding_that_keeps_neighbours():
    """Two separate ways stay separate; an embedding of each by itself would lay them over each other."""
    base = hidden_in(200, spiral(30))
    far = base + 20.0
    found = embed({"a": base, "b": far}, seeds=2)
    assert found.trustworthiness > 0.97
    assert found.continuity > 0.97
    assert 0 <= found.stability <= 1
    a, b = found.coordinates["a"], found.coordinates["b"]
    nearest = np.linalg.norm(a[:, None] - b[None], axis=2).argmin(axis=1)
    assert np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)) > 0.5 * a.std()
    assert len(set(nearest)) < 30  # no point sits on its partner
    again = embed({"a": base, "b": far}, seeds=2)
    np.testing.assert_array_equal(again.coordinates["a"], a)


def test_the_embedding_begins_with_the_principal_components():
    """Where they hold all, the picture is turned as they are."""
    ways = {"a": hidden_in(100, spiral()), "b": hidden_in(100, spiral()) + 30.0}
    plane = np.concatenate(list(common_plane(ways).coordinates.values()))
    side = np.sign(plane[:, 0])
    for seed in range(3):
        found = np.concatenate(list(embed(ways, seeds=1, seed=seed).coordinates.values()))
        assert abs(np.corrcoef(found[:, 0], side)[0, 1]) > 0.9


def test_stability_sees_points_without_structure():
    noise = {"a": RANDOM.normal(size=(60, 50))}
    assert embed(noise, seeds=3).stability > embed({"a": hidden_in(50, spiral())}, seeds=3).stability


# Slices and contours


def quadratic(points, weights):
    return ((weights @ points) ** 2).sum(axis=1)


def test_slices_of_a_quadratic_are_the_quadratic():
    params = [(RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3))]
    flat, d, e = flatten(params), filter_normalised(params, 5), filter_normalised(params, 6)
    x, y = np.linspace(-2, 2, 9), np.linspace(-1, 1, 5)
    expected = [[(flat + a * d + b * e) @ (flat + a * d + b * e) for a in x] for b in y]
    np.testing.assert_allclose(slice_2d(quadratic, params, x, y, seed=5), expected)
    np.testing.assert_allclose(slice_1d(quadratic, params, x, seed=5), expected[2])


def test_filters_of_the_direction_have_the_norms_of_the_models():
    (W, b), (V, c) = MLP((4, 6, 2)).init(1)
    direction = filter_normalised([(W, b), (V, c)])
    own = direction[: W.size].reshape(W.shape), direction[W.size + b.size :][: V.size].reshape(V.shape)
    for drawn, weights in zip(own, (W, V), strict=True):
        np.testing.assert_allclose(np.linalg.norm(drawn, axis=0), np.linalg.norm(weights, axis=0))


@pytest.mark.parametrize("units", [1, 7])
def test_slices_do_not_change_when_relu_units_are_rescaled(units):
    """One unit, or a layer of them: what leads in times c, what leads out divided by c: the same function."""
    net, random = MLP((3, units, 2), "relu"), np.random.default_rng(0)
    X, y = random.normal(size=(20, 3)), random.normal(size=(20, 2))
    (W, b), (V, c) = net.init(2)
    b, losses, x = b + 0.3, Landscape(net, X, y, SquaredError()), np.linspace(-1, 1, 7)
    scaled = [(10 * W, 10 * b), (V / 10, c)]
    plain = slice_1d(losses, [(W, b), (V, c)], x)
    np.testing.assert_allclose(slice_1d(losses, scaled, x), plain)
    assert np.ptp(plain) > 0


@pytest.mark.parametrize("sizes", [(5, 3), (5, 8, 3), (5, 8, 4, 3)])
@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy()])
def test_contours_are_direct_evaluation(sizes, loss, monkeypatch):
    monkeypatch.setattr("neuralopt.trajectories.landscape._BYTES", 5000)  # several blocks
    net, X = MLP(sizes), RANDOM.normal(size=(11, 5))
    y = RANDOM.integers(0, 3, 11) if loss.targets == "class" else RANDOM.normal(size=(11, 3))
    params = net.init(0)
    origin, axes = flatten(params), RANDOM.normal(size=(2, net.parameter_count))
    x, up = np.linspace(-1, 1, 4), np.linspace(-2, 1, 3)

    def at(flat):
        rebuilt, start = [], 0
        for W, b in params:
            rebuilt.append((flat[start : start + W.size].reshape(W.shape), flat[start + W.size :][: b.size]))
            start += W.size + b.size
        return loss.value(net.forward(rebuilt, X), y)

    expected = [[at(origin + a * axes[0] + b * axes[1]) for a in x] for b in up]
    np.testing.assert_allclose(grid(Landscape(net, X, y, loss), origin, axes, x, up), expected)


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (np.ones((3, 2)), np.ones((4, 2)), r"of one shape \(n, d\), got shapes \(3, 2\) and \(4, 2\)"),
        (np.eye(2), np.full((2, 2), np.nan), "two finite arrays"),
        (np.eye(2), np.ones((2, 2)), "points that differ"),
    ],
)
def test_sets_that_cannot_be_laid_on_each_other(first, second, sentence):
    with pytest.raises(InvalidArgument, match=sentence):
        procrustes(first, second)
