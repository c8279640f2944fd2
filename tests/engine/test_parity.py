"""The compiled loop against the NumPy loop, an independent loop with optax, and a stream."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralopt import MLP, EarlyStopping, optimizers, schedules, train, transforms
from neuralopt.engine.batches import plan_batches
from neuralopt.optimizers.registry import registered

OPTIMIZERS = {
    **{name: name for name in registered()},
    "momentum": optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "chain": transforms.chain(
        transforms.ClipByGlobalNorm(0.5),
        optimizers.RMSprop(schedules.WarmupCosine(0.02, 3, 20), momentum=0.5, centered=True),
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_numpy_loop_and_the_compiled_loop_are_one(name, net, regression, held_out, check):
    whole = getattr(registered().get(name), "full_batch", False)

    def run(backend):
        return train(
            net,
            regression,
            optimizer=OPTIMIZERS[name],
            epochs=9,
            batch_size=None if whole else 16,
            validation=held_out,
            metrics=["r2"],
            dtype="float64",
            backend=backend,
            callbacks=[EarlyStopping(patience=4)],
        )

    compiled, eager = run("jax"), run("numpy")
    assert set(compiled.history) == {
        "loss",
        "learning_rate",
        "seconds",
        "validation_loss",
        "validation_r2",
    }
    check.same(eager, compiled, rtol=1e-10, atol=1e-13)
    assert jax.tree.leaves(compiled.params)[0].dtype == np.float64


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
def test_the_loops_agree_on_classes_in_float32(loss, classifier, classes, check):
    def run(backend):
        return train(
            classifier,
            classes,
            loss=loss,
            epochs=5,
            batch_size=16,
            validation=classes,
            metrics=["accuracy"],
            backend=backend,
        )

    compiled, eager = run("jax"), run("numpy")
    check.same(eager, compiled, rtol=1e-4, atol=1e-6)
    assert compiled.params[0][0].dtype == np.float32
    assert eager.params[0][0].dtype == np.float32


@pytest.mark.parametrize("batch_size", [16, 25, 64, "full"])
def test_the_loop_is_the_plain_loop(batch_size, net, regression):
    """Remainders are the mean over their rows, larger batches than data are the data."""
    X, y = regression
    with jax.enable_x64(True):
        adam = optax.adam(0.01)
        params = jax.tree.map(jnp.asarray, net.init(0))
        state = adam.init(params)

        @jax.jit
        def step(params, state, X, y):
            def loss(p):
                (W1, b1), (W2, b2) = p
                return jnp.mean((jnp.tanh(X @ W1 + b1[None]) @ W2 + b2[None] - y) ** 2)

            value, grads = jax.value_and_grad(loss)(params)
            updates, state = adam.update(grads, state)
            return optax.apply_updates(params, updates), state, value

        size = 50 if batch_size == "full" else min(batch_size, 50)
        plan = plan_batches(50, size, full_batch=False, weighted=True, dtype=np.float64)
        losses = []
        for epoch in range(4):
            order = np.arange(50) if size == 50 else plan.order(7, epoch).ravel()[:50]
            values = []
            for first in range(0, 50, size):
                rows = order[first : first + size]
                params, state, value = step(params, state, X[rows], y[rows])
                values.append(float(value) * len(rows) / 50)
            losses.append(sum(values))
    result = train(
        MLP((3, 6, 2)),
        regression,
        params=net.init(0),
        optimizer=optimizers.Adam(0.01),
        epochs=4,
        batch_size=batch_size,
        seed=7,
        dtype="float64",
    )
    np.testing.assert_allclose(result.history["loss"], losses, rtol=1e-10)
    for ours, theirs in zip(jax.tree.leaves(result.params), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_every_epoch_has_every_row_once_in_an_order_of_its_own():
    plan = plan_batches(50, 16, full_batch=False, weighted=True, dtype=np.float32)
    orders = [plan.order(seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    for order in orders:
        assert order.shape == (4, 16)
        assert sorted(order.ravel()[:50]) == list(range(50))
    assert len({order.tobytes() for order in orders}) == 4
    np.testing.assert_array_equal(plan.order(0, 1), orders[1])
    np.testing.assert_allclose(plan.weights.sum(1), 1)
    np.testing.assert_allclose(plan.weights[-1], [0.5, 0.5] + [0] * 14)
    np.testing.assert_allclose(plan.shares, [16 / 50] * 3 + [2 / 50])


@pytest.mark.parametrize("name", ["adamw", "chain"])
def test_a_stream_gives_what_memory_gives(name, net, regression, held_out, check, tmp_path):
    on_disk = []
    for k, array in enumerate(regression):
        file = np.memmap(tmp_path / str(k), dtype=np.float64, mode="w+", shape=array.shape)
        file[:] = array
        on_disk.append(file)

    def run(data, memory):
        return train(
            net,
            data,
            optimizer=OPTIMIZERS[name],
            epochs=6,
            batch_size=16,
            validation=held_out,
            dtype="float64",
            device_memory=memory,
            callbacks=[EarlyStopping(patience=20)],
        )

    check.same(run(regression, None), run(tuple(on_disk), 100), rtol=1e-12, atol=1e-15)


def test_a_stream_of_several_blocks(net, regression, check, monkeypatch):
    from neuralopt.engine import runners

    whole = train(net, regression, epochs=3, batch_size=8, dtype="float64")
    monkeypatch.setattr(runners, "_BLOCK_BYTES", 40 * 8 * 3)  # three batches of rows of 40 bytes
    blocks = train(net, regression, epochs=3, batch_size=8, dtype="float64", device_memory=0)
    check.same(whole, blocks, rtol=1e-12, atol=1e-15)
    assert blocks.compile_seconds > 0


def test_the_data_of_a_run_decide_it_and_nothing_else(net, regression, check):
    first = train(net, regression, epochs=3)
    check.same(first, train(net, regression, epochs=3))
    other = train(net, regression, epochs=3, seed=1)
    assert other.history["loss"][0] != first.history["loss"][0]


def test_what_the_user_gave_is_left_alone(net, regression):
    params = net.init(0, np.float32)
    before = jax.tree.map(np.copy, params)
    result = train(net, regression, params=params, epochs=2)
    jax.tree.map(np.testing.assert_array_equal, params, before)
    result.params[0][0][:] = 0  # the result is the user's own


def test_global_float64_changes_nothing(net, regression, check):
    plain = train(net, regression, epochs=3)
    with jax.enable_x64(True):
        check.same(plain, train(net, regression, epochs=3), rtol=1e-6)
