"""Spaces: how many networks, what each costs, and that a masked network is the true one."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt.architecture import Architecture, MLPSpace, MobileNetV3Space
from neuralopt.architecture.latency import measure_latency
from neuralopt.architecture.mobilenet_forward import forward
from neuralopt.architecture.strategies import every
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.models import MLP, MobileNetV3


def cast(values, dtype):
    return tree.map(lambda leaf: jnp.asarray(leaf, dtype), values)


def test_the_size_of_the_space_of_mobilenets():
    space = MobileNetV3Space((224, 224), 3, 1000, width=1.0)
    assert space.size == (9**2 + 9**3 + 9**4) ** 5 == 21758655492572485851
    assert f"{space.size:.2e}" == "2.18e+19"


def test_every_network_has_one_tuple_of_genes(small_mlps, small_mobilenets):
    for space in (small_mlps, small_mobilenets):
        found = every(space)
        assert len(found) == len(set(found)) == space.size
        shapes = {str(space.layers(genes)) for genes in found}
        assert len(shapes) == space.size


def test_counts_of_an_mlp_by_hand():
    space = MLPSpace(5, 3, depths=(1, 2), widths=(4, 7))
    assert space.sizes((0, 1, 1, 0)) == (5, 7, 4, 3)
    counts = space.counts((0, 1, 1, 0))
    assert counts.multiply_adds == 5 * 7 + 7 * 4 + 4 * 3
    assert counts.parameters == counts.multiply_adds + 7 + 4 + 3


def test_counts_of_a_mobilenet_by_hand():
    """Two blocks of one stage on 8 x 8 images, every number written out."""
    space = MobileNetV3Space((8, 8), 1, 10, kernels=(3, 5), expansions=(2, 3), depths=(2,), stages=1)
    genes = (0, 0, 0, 1, 1)  # 3 x 3 widened twice, then 5 x 5 widened three times
    shape = space.shape(genes)
    # 16, 24, 960, 1280 channels times a quarter, in fours; stem and stage halve the image
    assert (shape.stem, shape.head, shape.feature) == (4, 240, 320)
    assert shape.strides == (2, 2)
    stem, first = 16 * 9 * 1 * 4, 16 * (9 * 4 + 4 * 4)
    one = 16 * 4 * 8 + 4 * 8 * 9 + 4 * 8 * 8  # 4 -> 8 -> 8 channels, 4 x 4 to 2 x 2 pixels
    two = 4 * 8 * 24 + 4 * 24 * 25 + 4 * 24 * 8
    ends = 4 * 8 * 240 + 240 * 320 + 320 * 10
    counts = space.counts(genes)
    assert counts.multiply_adds == stem + first + one + two + ends
    trained = (9 * 4 + 8) + (9 * 4 + 8 + 16 + 8)
    trained += (4 * 8 + 16 + 9 * 8 + 16 + 8 * 8 + 16) + (8 * 24 + 48 + 25 * 24 + 48 + 24 * 8 + 16)
    trained += (8 * 240 + 480) + (240 * 320 + 320) + (320 * 10 + 10)
    assert counts.parameters == trained


def test_counts_of_a_block_with_squeeze_and_excite_by_hand():
    space = MobileNetV3Space((8, 8), 1, 10, kernels=(5,), expansions=(3,), depths=(1,), stages=2)
    block = space.shape(space.smallest()).blocks[1]
    # 8 -> 24 -> 12 channels, 6 units of the gate
    assert (block.inputs, block.middle, block.outputs, block.squeezed) == (8, 24, 12, 6)
    before, after = block.before[0] * block.before[1], block.after[0] * block.after[1]
    assert block.multiply_adds == before * 8 * 24 + after * 24 * 25 + after * 24 * 12 + 24 * 6 + 6 * 24
    gate = 24 * 6 + 6 + 6 * 24 + 24
    assert block.parameters == 8 * 24 + 48 + 24 * 25 + 48 + gate + 24 * 12 + 24


def test_counts_are_those_of_the_networks(small_mlps):
    """The parameters of the true network, of the masks and of the count; XLA's operations bound below."""
    rng = np.random.default_rng(0)
    mobile = MobileNetV3Space((8, 8), 1, 10)
    for space, shape in ((small_mlps, (2,)), (mobile, (8, 8, 1))):
        genes = space.random(rng)
        network, row = space.network(genes), np.zeros((1, *shape), np.float32)
        if isinstance(network, MLP):
            assert network.parameter_count == space.counts(genes).parameters
            assert measure_latency(space, genes, shape) > 0
        else:
            params = jax.eval_shape(network.init, jax.random.key(0), row)["params"]
            held = sum(leaf.size for leaf in jax.tree.leaves(params))
            assert held == space.counts(genes).parameters
        used = sum(int(leaf.sum()) for leaf in tree.leaves(space.used(genes)[0]))
        assert used == space.counts(genes).parameters


def test_xla_counts_no_fewer_operations(small_mobilenets):
    genes = small_mobilenets.smallest()
    network, rows = small_mobilenets.network(genes), np.zeros((64, 8, 8, 1), np.float32)
    network = MobileNetV3(network.shape, "xla")
    variables = jax.eval_shape(network.init, jax.random.key(0), rows)
    found = jax.jit(network.apply).lower(variables, rows).cost_analysis()["flops"] / 64
    ours = small_mobilenets.counts(genes).multiply_adds
    assert ours <= found / 2 * 1.02
    assert found / 2 <= 1.5 * ours


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_a_masked_mlp_is_the_true_one(small_mlps, dtype, tolerance):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(9, 2)).astype(dtype)
    with jax.enable_x64(True):
        run = jax.jit(small_mlps.forward, static_argnums=4)
        for genes in every(small_mlps)[::7]:
            params, statistics = cast(small_mlps.draw(genes, rng), dtype)
            out, _ = run(params, statistics, cast(small_mlps.masks(genes), dtype), X, True)
            true = small_mlps.network(genes).forward(small_mlps.sliced(params, statistics, genes), X)
            assert out.dtype == dtype
            np.testing.assert_allclose(out, true, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_a_masked_mobilenet_is_the_true_one(dtype, tolerance):
    """The flax module with the weights cut out is another implementation, with XLA's convolutions."""
    space = MobileNetV3Space((8, 8), 2, 3, depths=(1, 2), stages=2)
    rng = np.random.default_rng(2)
    X = rng.normal(size=(6, 8, 8, 2)).astype(dtype)
    with jax.enable_x64(True):
        run = jax.jit(space.forward, static_argnums=4)
        for _ in range(2):
            genes = space.random(rng)
            params, statistics = cast(space.draw(genes, rng), dtype)
            masks, network = cast(space.masks(genes), dtype), MobileNetV3(space.shape(genes), "xla")
            true = space.sliced(params, statistics, genes)
            out, after = run(params, statistics | {"count": jnp.asarray(99.0, dtype)}, masks, X, True)
            expected, changed = network.apply(true, X, train=True, mutable=["batch_stats"])
            scale = float(np.abs(expected).max())
            np.testing.assert_allclose(out, expected, rtol=0, atol=tolerance * max(1, scale))
            ours = space.sliced(params, after, genes)
            both = (ours["batch_stats"], changed["batch_stats"])
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=10 * tolerance), *both)
            out, _ = run(params, after, masks, X, False)
            expected = network.apply(ours, X)
            scale = float(np.abs(expected).max())
            np.testing.assert_allclose(out, expected, rtol=0, atol=tolerance * max(1, scale))


def test_the_largest_network_by_both_convolutions(small_mobilenets):
    space, rng = small_mobilenets, np.random.default_rng(3)
    genes = space.random(rng)
    X = rng.normal(size=(4, 8, 8, 1))
    with jax.enable_x64(True):
        params, statistics = cast(space.draw(genes, rng), "float64")
        masks = cast(space.masks(genes), "float64")
        runs = [forward(space.largest, params, statistics, masks, X, True, m)[0] for m in ("toeplitz", "xla")]
        np.testing.assert_allclose(*runs, atol=1e-12)


def test_what_a_mask_leaves_out_gets_no_gradient(small_mobilenets, small_mlps):
    rng = np.random.default_rng(4)
    for space, shape in ((small_mobilenets, (5, 8, 8, 1)), (small_mlps, (5, 2))):
        genes = space.random(rng)
        with jax.enable_x64(True):
            params, statistics = cast(space.draw(genes, rng), "float64")
            masks, X = cast(space.masks(genes), "float64"), jnp.asarray(rng.normal(size=shape))

            def loss(params, forward=space.forward, rest=(statistics, masks, X)):
                return jnp.sum(forward(params, *rest, True)[0] ** 2)

            grads = jax.jit(jax.grad(loss))(params)
        for grad, used in zip(tree.leaves(grads), tree.leaves(space.used(genes)[0]), strict=True):
            assert not np.asarray(grad)[~used].any()
            assert np.isfinite(grad).all()


def test_children_inherit_what_both_networks_have(small_mlps):
    rng = np.random.default_rng(5)
    parent, child = (0, 1, 2, 1, 0), (0, 1, 1, 1, 0)  # 8-4 and 4-4
    trained, fresh = small_mlps.draw(parent, rng), small_mlps.draw(child, rng)
    (first, second, *_), _ = small_mlps.inherited(trained, fresh, parent, child)
    np.testing.assert_array_equal(first[0][:, :4], trained[0][0][0][:, :4])
    np.testing.assert_array_equal(first[0][:, 4:], fresh[0][0][0][:, 4:])
    np.testing.assert_array_equal(second[0][:4, :4], trained[0][1][0][:4, :4])


def test_mutation_changes_one_decision_and_a_cross_takes_from_both(small_mobilenets):
    rng = np.random.default_rng(6)
    space = small_mobilenets
    for _ in range(50):
        a, b = space.random(rng), space.random(rng)
        near = space.mutated(a, rng)
        on = [x and y for x, y in zip(space.active(a), space.active(near), strict=True)]
        assert near == space.canonical(near) != a
        assert sum(x != y for x, y, both in zip(a, near, on, strict=True) if both) == 1
        child = space.crossed(a, b, rng)
        assert child == space.canonical(child)
        assert all(c in (x, y) for c, x, y in zip(child, a, b, strict=True))


def test_an_architecture_in_words_and_pictures(small_mobilenets):
    found = Architecture(small_mobilenets, small_mobilenets.smallest())
    assert "depths 2-2" in found.describe()
    assert "parameters" in str(found)
    assert found.diagram().count("[") == 6  # stem, four blocks, head
    assert found.svg().startswith("<svg")
    assert found.svg().count("<rect") == 8
    frame = found.frame()
    assert frame["kind"].tolist() == ["input", "stem", *["block"] * 4, "head", "output"]
    blocks = frame[frame["kind"] == "block"]
    assert blocks["parameters"].sum() < found.parameters


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"widths": ()}, "widths needs one value or more"),
        ({"depths": (1, 1)}, "none of them twice"),
        ({"activations": ("step",)}, "lets no gradient pass"),
        ({"activations": ("rellu",)}, "Did you mean 'relu'?"),
        ({"widths": (0,)}, "every depth and width must be a whole number >= 1"),
    ],
)
def test_bad_spaces_of_mlps(arguments, said):
    with pytest.raises(InvalidArgument, match=said.replace("?", r"\?")):
        MLPSpace(2, 2, **arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kernels": (3, 4)}, "kernels must be odd"),
        ({"stages": 6}, "stages must be 1 to 5"),
        ({"width": 0}, "width must be above 0"),
        ({"image": (2, 8)}, "every side of the images must be a whole number >= 4"),
    ],
)
def test_bad_spaces_of_mobilenets(arguments, said):
    with pytest.raises(InvalidArgument, match=said):
        MobileNetV3Space(**{"image": (8, 8), "channels": 1, "outputs": 10} | arguments)


def test_images_are_halved_so_that_some_pixels_are_left():
    for side, last in ((4, 2), (8, 2), (16, 4), (28, 7), (32, 4), (224, 7)):
        space = MobileNetV3Space((side, side), 1, 2)
        assert space.shape(space.smallest()).blocks[-1].after == (last, last), side


def test_all_neighbours_can_be_reached(small_mlps):
    rng = np.random.default_rng(7)
    genes, seen = small_mlps.smallest(), set()
    for _ in itertools.repeat(None, 2000):
        genes = small_mlps.mutated(genes, rng)
        seen.add(genes)
    assert len(seen) == small_mlps.size
