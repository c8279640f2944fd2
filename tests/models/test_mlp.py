"""The MLP's hand-written gradient against finite differences and autodiff; one result on every namespace."""

import array_api_strict
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuralopt.core.errors import InvalidArgument
from neuralopt.models import ACTIVATIONS, LOSSES, METRICS, MLP

SIZES = {1: (4, 3), 2: (4, 6, 3), 3: (4, 6, 5, 3), 4: (4, 6, 5, 4, 3)}
SMOOTH = [name for name, a in ACTIVATIONS.items() if a.differentiable]


def problem(loss, sizes, dtype=np.float64, rows=7):
    random = np.random.default_rng(1)
    X = random.normal(size=(rows, sizes[0])).astype(dtype)
    if LOSSES[loss].targets == "class":
        y = random.integers(0, sizes[-1], rows).astype(np.int32)
    else:
        y = random.normal(size=(rows, sizes[-1])).astype(dtype)
    weights = random.uniform(0.1, 1, rows)
    return X, y, (weights / weights.sum()).astype(dtype)


def start(mlp, dtype=np.float64):
    """Biases other than zero keep pre-activations off the kinks and scores off ties."""
    random = np.random.default_rng(2)
    return [(W, random.normal(size=b.shape).astype(dtype)) for W, b in mlp.init(3, dtype)]


def to_jax(tree):
    return jax.tree.map(jnp.asarray, tree)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("depth", SIZES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", SMOOTH)
def test_gradient_equals_finite_differences(activation, loss, depth, weighted):
    mlp = MLP(SIZES[depth], activation, "identity" if depth > 1 else activation)
    X, y, weights = problem(loss, SIZES[depth])
    weights = weights if weighted else None
    params = start(mlp)
    value, grads = mlp.value_and_grad(params, X, y, LOSSES[loss], weights)
    assert value == LOSSES[loss].value(mlp.forward(params, X), y, weights)

    leaves, structure = jax.tree.flatten(params)
    flat = np.concatenate([leaf.ravel() for leaf in leaves])
    bounds = np.cumsum([leaf.size for leaf in leaves])[:-1]

    def at(vector):
        parts = [p.reshape(leaf.shape) for p, leaf in zip(np.split(vector, bounds), leaves, strict=True)]
        return LOSSES[loss].value(mlp.forward(structure.unflatten(parts), X), y, weights)

    step = 1e-6
    numeric = np.array([(at(flat + step * e) - at(flat - step * e)) / (2 * step) for e in np.eye(flat.size)])
    ours = np.concatenate([g.ravel() for g in jax.tree.leaves(grads)])
    np.testing.assert_allclose(ours, numeric, rtol=1e-6, atol=1e-6 * np.abs(numeric).max())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_equals_autodiff(activation, loss, weighted, x64):
    for depth, sizes in SIZES.items():
        mlp = MLP(sizes, activation, activation if depth == 2 else "identity")
        X, y, weights = to_jax(problem(loss, sizes))
        weights = weights if weighted else None

        def both(p, mlp=mlp, X=X, y=y, weights=weights):
            auto = jax.value_and_grad(lambda q: LOSSES[loss].value(mlp.forward(q, X), y, weights))(p)
            return auto, mlp.value_and_grad(p, X, y, LOSSES[loss], weights)

        auto, ours = both(to_jax(start(mlp)))  # eager: its small kernels are shared by all cases
        for a, b in zip(jax.tree.leaves(auto), jax.tree.leaves(ours), strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)


def test_the_derivative_of_relu_at_zero_is_zero_by_both_ways():
    relu = ACTIVATIONS["relu"]
    zero = jnp.zeros(1)
    assert jax.grad(lambda z: relu.apply(z)[0])(zero) == 0
    assert relu.pull(jnp.ones(1), zero, zero) == 0
    assert np.isnan(relu.apply(np.array([np.nan]))).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_eager_and_compiled_agree(dtype, x64, strict_dtypes):
    cases = {(loss, "tanh") for loss in LOSSES} | {("cross_entropy", name) for name in ACTIVATIONS}
    for loss, activation in sorted(cases):
        mlp = MLP(SIZES[3], activation)
        X, y, weights = problem(loss, SIZES[3], dtype)
        params = start(mlp, dtype)

        def call(p, X, y, w, mlp=mlp, loss=loss):
            return mlp.value_and_grad(p, X, y, LOSSES[loss], w)

        there = to_jax((params, X, y, weights))
        results = [call(params, X, y, weights), call(*there), jax.jit(call)(*there)]
        first = jax.tree.leaves(results[0])
        assert all(leaf.dtype == dtype for leaf in first)
        for other in results[1:]:
            for a, b in zip(first, jax.tree.leaves(other), strict=True):
                assert b.dtype == dtype
                np.testing.assert_allclose(b, a, rtol=16 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nothing_outside_the_array_standard(activation, loss):
    mlp = MLP(SIZES[3], activation)
    X, y, weights = problem(loss, SIZES[3])
    params = mlp.init(3)
    strict = jax.tree.map(array_api_strict.asarray, (params, X, y, weights))
    value, grads = mlp.value_and_grad(*strict[:3], LOSSES[loss], strict[3])
    expected, expected_grads = mlp.value_and_grad(params, X, y, LOSSES[loss], weights)
    assert float(value) == pytest.approx(float(expected), rel=1e-14)
    for (W, b), (dW, db) in zip(expected_grads, grads, strict=True):
        np.testing.assert_allclose(np.asarray(dW), W, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(np.asarray(db), b, rtol=1e-12, atol=1e-15)
    prediction = mlp.forward(strict[0], strict[1])
    metric = "accuracy" if LOSSES[loss].targets == "class" else "r2"
    found = METRICS[metric](prediction, strict[2])
    assert float(found) == pytest.approx(float(METRICS[metric](mlp.forward(params, X), y)))


@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 12),
    loss=st.sampled_from(sorted(LOSSES)),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
)
def test_order_of_rows_does_not_matter(seed, rows, loss, activation):
    mlp = MLP((4, 5, 3), activation)
    X, y, _ = problem(loss, mlp.layer_sizes, rows=rows)
    order = np.random.default_rng(seed).permutation(rows)
    value, grads = mlp.value_and_grad(mlp.init(seed), X, y, LOSSES[loss])
    other, other_grads = mlp.value_and_grad(mlp.init(seed), X[order], y[order], LOSSES[loss])
    assert other == pytest.approx(value, rel=1e-12)
    for a, b in zip(jax.tree.leaves(grads), jax.tree.leaves(other_grads), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-10, atol=1e-13)


@given(counts=st.lists(st.integers(0, 3), min_size=7, max_size=7), loss=st.sampled_from(sorted(LOSSES)))
def test_a_weight_is_a_repetition_of_its_row(counts, loss):
    if not sum(counts):
        counts[0] = 1
    mlp = MLP((4, 5, 3))
    X, y, _ = problem(loss, mlp.layer_sizes)
    weights = np.array(counts) / sum(counts)
    value, grads = mlp.value_and_grad(mlp.init(0), X, y, LOSSES[loss], weights)
    often = np.repeat(np.arange(7), counts)
    other, other_grads = mlp.value_and_grad(mlp.init(0), X[often], y[often], LOSSES[loss])
    assert value == pytest.approx(other, rel=1e-12)
    for a, b in zip(jax.tree.leaves(grads), jax.tree.leaves(other_grads), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-10, atol=1e-13)


def test_parameters_are_pairs_of_weight_and_bias():
    mlp = MLP((4, 6, 3), "relu")
    params = mlp.init(0, np.float32)
    assert isinstance(params, list)
    assert [(W.shape, b.shape) for W, b in params] == [((4, 6), (6,)), ((6, 3), (3,))]
    assert all(isinstance(pair, tuple) for pair in params)
    assert {leaf.dtype for pair in params for leaf in pair} == {np.dtype(np.float32)}
    assert mlp.parameter_count == 4 * 6 + 6 + 6 * 3 + 3
    assert all(not b.any() for _, b in params)
    grads = mlp.value_and_grad(
        params, np.ones((2, 4), np.float32), np.zeros((2, 3)), LOSSES["squared_error"]
    )[1]
    assert jax.tree.structure(grads) == jax.tree.structure(params)


def test_initial_weights_follow_their_papers():
    for activation, fan in (("tanh", 300 + 500), ("relu", 300), ("gelu", 300)):
        W = MLP((300, 500, 1), activation).init(0)[0][0]
        limit = np.sqrt(6 / fan)
        assert W.max() < limit
        assert W.min() > -limit
        assert W.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)  # of a uniform distribution
    float32, float64 = MLP((3, 2)).init(5, np.float32), MLP((3, 2)).init(5)
    np.testing.assert_array_equal(float32[0][0], float64[0][0].astype(np.float32))
    assert not np.array_equal(MLP((3, 2)).init(6)[0][0], float64[0][0])


def test_wider_data_do_not_widen_the_network():
    mlp, X = MLP((4, 3)), np.arange(8).reshape(2, 4)
    params = mlp.init(0, np.float32)
    assert mlp.forward(params, X).dtype == np.float32
    assert mlp.forward(params, X.astype(np.float64)).dtype == np.float32


def test_an_mlp_is_a_value():
    assert MLP([3, 2]) == MLP((3, 2))
    assert hash(MLP([3, 2])) == hash(MLP((3, 2)))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (((3,),), "layer_sizes needs an input and an output size, got (3,)."),
        (((3, 0),), "every layer size must be a whole number >= 1, got 0."),
        (((3, 2.5),), "every layer size must be a whole number >= 1, got 2.5."),
        (((3, 2), "tahn"), "unknown activation 'tahn'. Did you mean 'tanh'? Known: tanh, relu,"),
        (((3, 2), "tanh", None), "unknown activation None. Known:"),
    ],
)
def test_errors(arguments, text):
    with pytest.raises(InvalidArgument) as error:
        MLP(*arguments)
    assert text in str(error.value)


def masks_for(sizes, rows, rates=(0.3, 0.6)):
    """Inverted dropout masks for the hidden layers."""
    random = np.random.default_rng(5)
    return tuple(
        (random.random((rows, width)) >= rate) / (1 - rate)
        for width, rate in zip(sizes[1:-1], rates, strict=False)
    )


def test_masked_outputs_are_the_closed_form():
    mlp = MLP((3, 4, 5, 2))
    (W1, b1), (W2, b2), (W3, b3) = params = mlp.init(1)
    X = np.random.default_rng(0).normal(size=(7, 3))
    m1, m2 = masks = masks_for(mlp.layer_sizes, 7)
    hidden = np.tanh((np.tanh(X @ W1 + b1) * m1) @ W2 + b2) * m2
    np.testing.assert_allclose(mlp.forward(params, X, masks), hidden @ W3 + b3, rtol=1e-14)
    np.testing.assert_array_equal(
        mlp.forward(params, X, tuple(np.ones_like(m) for m in masks)), mlp.forward(params, X)
    )


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "sigmoid"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_of_the_masked_loss_equals_autodiff_and_finite_differences(activation, loss, x64):
    sizes = (3, 4, 5, 2)
    mlp = MLP(sizes, activation)
    X, y, weights = problem(loss, sizes)
    params, masks = start(mlp), masks_for(sizes, len(X))

    def value(p, where=LOSSES[loss]):
        return where.value(mlp.forward(p, X, masks), y, weights)

    found, grads = mlp.value_and_grad(params, X, y, LOSSES[loss], weights, masks)
    auto_value, auto = jax.value_and_grad(value)(to_jax(params))
    np.testing.assert_allclose(found, auto_value, rtol=1e-12)
    for a, b in zip(jax.tree.leaves(auto), jax.tree.leaves(grads), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)
    if loss == "squared_error" and activation != "relu":
        flat, structure = jax.tree.flatten(params)
        for k, leaf in enumerate(flat):
            place, step = np.unravel_index(leaf.size // 2, leaf.shape), 1e-5

            def moved(by, k=k, place=place):
                other = [a.copy() for a in flat]
                other[k][place] += by
                return value(structure.unflatten(other))

            numeric = (moved(step) - moved(-step)) / (2 * step)
            assert jax.tree.leaves(grads)[k][place] == pytest.approx(numeric, rel=1e-6, abs=1e-9)
