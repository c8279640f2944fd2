"""Averaging optimizers: trained at one point, evaluated and kept at another, in every loop."""

import jax
import numpy as np
import pytest

from neuralopt import Callback, EarlyStopping, evaluate, optimizers, sweep, train, transforms
from neuralopt.engine.batches import plan_batches
from neuralopt.storage import read_container

DECAY = 0.8
AVERAGED = transforms.EMA(optimizers.Adam(0.02), DECAY)
CHAINED = transforms.chain(transforms.ClipByGlobalNorm(1.0), AVERAGED)


class StopAfter(Callback):
    """End a run after so many epochs."""

    every = 1

    def __init__(self, epochs):
        self.epochs = epochs

    def on_chunk(self, report):
        return report.epoch >= self.epochs


@pytest.fixture(scope="module")
def arguments(held_out):
    return {"epochs": 5, "batch_size": 16, "validation": held_out, "dtype": "float64", "metrics": ["r2"]}


@pytest.fixture(scope="module")
def averaged(net, regression, arguments):
    return train(net, regression, optimizer=AVERAGED, **arguments)


def test_the_average_is_evaluated_and_kept_and_training_is_untouched(averaged, net, regression, arguments):
    X, y = regression
    plan = plan_batches(50, 16, full_batch=False, weighted=True, dtype=np.float64)
    adam, params = optimizers.Adam(0.02), net.init(0)
    state, average, weight = adam.init(params), jax.tree.map(np.zeros_like, params), 0.0
    for epoch in range(5):
        for rows, weights in zip(plan.order(0, epoch), plan.weights, strict=True):
            value, grads = net.value_and_grad(params, X[rows], y[rows], _squared(), weights)
            updates, state = adam.update(grads, state, params, value=value)
            params = jax.tree.map(np.add, params, updates)
            average = jax.tree.map(lambda a, p: DECAY * a + (1 - DECAY) * p, average, params)
            weight = DECAY * weight + 1 - DECAY
        expected = jax.tree.map(lambda a, w=weight: a / w, average)
        found = np.mean((net.forward(expected, arguments["validation"][0]) - arguments["validation"][1]) ** 2)
        assert averaged.history["validation_loss"][epoch] == pytest.approx(found, rel=1e-10)
    for a, b in zip(jax.tree.leaves(averaged.params), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    plain = train(net, regression, optimizer=adam, **arguments)
    np.testing.assert_allclose(averaged.history["loss"], plain.history["loss"], rtol=1e-12)
    assert averaged.history["validation_loss"][-1] != plain.history["validation_loss"][-1]


def _squared():
    from neuralopt.models import LOSSES

    return LOSSES["squared_error"]


@pytest.mark.parametrize("optimizer", [AVERAGED, CHAINED], ids=["wrapper", "chain"])
def test_every_loop_keeps_the_same_average(optimizer, averaged, net, regression, arguments, check):
    compiled = train(net, regression, optimizer=optimizer, **arguments)
    check.same(
        compiled, train(net, regression, optimizer=optimizer, backend="numpy", **arguments), 1e-10, 1e-13
    )
    check.same(
        compiled, train(net, regression, optimizer=optimizer, device_memory=0, **arguments), 1e-12, 1e-14
    )
    stopping = EarlyStopping(patience=9, restore_best=False)
    found = sweep(
        net, regression, optimizer=optimizer, learning_rates=[0.02], early_stopping=stopping, **arguments
    )
    np.testing.assert_allclose(
        found.history["validation_loss"][0, 0], compiled.history["validation_loss"], rtol=1e-10
    )
    for a, b in zip(jax.tree.leaves(found.params(0, 0)), jax.tree.leaves(compiled.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)
    if optimizer is AVERAGED:
        check.same(averaged, compiled)


def test_the_result_is_what_was_validated(averaged, net, regression, arguments):
    found = evaluate(averaged.model, arguments["validation"], metrics=["r2"], dtype="float64")
    assert found["loss"] == pytest.approx(averaged.history["validation_loss"][-1], rel=1e-12)
    assert found["r2"] == pytest.approx(averaged.history["validation_r2"][-1], rel=1e-12)
    best = train(
        net,
        regression,
        optimizer=transforms.EMA(optimizers.Adam(0.2), 0.5),
        callbacks=[EarlyStopping(patience=4)],
        **{**arguments, "epochs": 60},
    )
    assert best.best_epoch < best.epochs
    kept = evaluate(best.model, arguments["validation"], dtype="float64")["loss"]
    assert kept == pytest.approx(best.history["validation_loss"].min(), rel=1e-12)


@pytest.mark.parametrize("where", [{}, {"backend": "numpy"}], ids=["compiled", "numpy"])
def test_the_checkpoint_holds_the_trained_point(where, net, regression, arguments, check, tmp_path):
    whole = train(net, regression, optimizer=AVERAGED, **arguments, **where)
    file = tmp_path / "run.ckpt"
    stopped = train(
        net, regression, optimizer=AVERAGED, checkpoint=file, callbacks=[StopAfter(2)], **arguments, **where
    )
    held = read_container(file, kind="checkpoint", version=1).arrays["state/0"]
    assert not np.array_equal(held, stopped.params[0][0])
    check.same(
        whole, train(net, regression, optimizer=AVERAGED, checkpoint=file, resume=True, **arguments, **where)
    )
