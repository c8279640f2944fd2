"""Batch norm: statistics follow training, evaluation uses those that belong to its weights, or raises."""

import equinox as eqx
import flax.errors
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from neuralopt import MLP, Callback, EarlyStopping, Status, evaluate, optimizers, sweep, train, transforms
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.batches import plan_batches
from neuralopt.engine.statistics import batch_statistics
from neuralopt.models import Network

ADAM = optimizers.Adam(0.02)
AVERAGED = transforms.EMA(optimizers.Adam(0.02), 0.9)
MOMENTUM = 0.8


class Linen(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = nn.Dense(6)(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=MOMENTUM, name="norm")(x)
        return nn.Dense(2)(nn.tanh(x))


class NNX(nnx.Module):
    def __init__(self, seed=0):
        rngs = nnx.Rngs(seed)
        self.first, self.last = nnx.Linear(3, 6, rngs=rngs), nnx.Linear(6, 2, rngs=rngs)
        self.norm = nnx.BatchNorm(6, momentum=MOMENTUM, rngs=rngs)

    def __call__(self, x):
        return self.last(nnx.tanh(self.norm(self.first(x))))


class StopAfter(Callback):
    """End a run after so many epochs."""

    every = 1

    def __init__(self, epochs):
        self.epochs = epochs

    def on_chunk(self, report):
        return report.epoch >= self.epochs


@pytest.fixture(scope="module")
def arguments(held_out):
    return {"epochs": 5, "batch_size": 16, "validation": held_out, "dtype": "float64", "seed": 2}


@pytest.fixture(scope="module")
def trained(regression, arguments):
    return train(Linen(), regression, optimizer=ADAM, **arguments)


@pytest.fixture(scope="module")
def averaged(regression, arguments):
    return train(Linen(), regression, optimizer=AVERAGED, **arguments)


def close(one, other, rtol):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


def by_hand(regression, held_out, decay=None):
    """The plain loop in flax and optax; the short last batch is left out."""
    (X, y), model = regression, Linen()
    plan = plan_batches(50, 16, full_batch=False, weighted=False, dtype=np.float64)
    with jax.enable_x64(True):
        variables = jax.tree.map(
            lambda a: a.astype(np.float64),
            model.init(jax.random.key(2), jnp.zeros((1, 3), float), train=False),
        )
        params, statistics = variables["params"], variables["batch_stats"]
        adam = optax.adam(0.02)
        state, losses, found = adam.init(params), [], []
        average, weight = jax.tree.map(jnp.zeros_like, params), 0.0

        @jax.jit
        def step(params, statistics, state, X, y):
            def loss(p):
                out, changed = model.apply(
                    {"params": p, "batch_stats": statistics}, X, train=True, mutable=["batch_stats"]
                )
                return jnp.mean((out - y) ** 2), changed["batch_stats"]

            (value, statistics), grads = jax.value_and_grad(loss, has_aux=True)(params)
            updates, state = adam.update(grads, state)
            return optax.apply_updates(params, updates), statistics, state, value

        for epoch in range(5):
            values = []
            for rows in plan.order(2, epoch):
                params, statistics, state, value = step(params, statistics, state, X[rows], y[rows])
                values.append(float(value))
                if decay is not None:
                    average = jax.tree.map(lambda a, p: decay * a + (1 - decay) * p, average, params)
                    weight = decay * weight + 1 - decay
            at, own = params, statistics
            if decay is not None:
                at = jax.tree.map(lambda a, w=weight: a / w, average)
                hidden = [
                    X[rows] @ np.asarray(at["Dense_0"]["kernel"]) + np.asarray(at["Dense_0"]["bias"])
                    for rows in plan.order(2, epoch)
                ]
                own = {
                    "norm": {
                        "mean": np.mean([h.mean(0) for h in hidden], axis=0),
                        "var": np.mean([h.var(0) for h in hidden], axis=0),
                    }
                }
            out = model.apply({"params": at, "batch_stats": own}, held_out[0], train=False)
            losses.append(np.mean(values))
            found.append(float(jnp.mean((out - held_out[1]) ** 2)))
    return losses, found, at, own


def test_the_loop_is_the_plain_loop(trained, regression, held_out):
    losses, found, params, statistics = by_hand(regression, held_out)
    np.testing.assert_allclose(trained.history["loss"], losses, rtol=1e-10)
    np.testing.assert_allclose(trained.history["validation_loss"], found, rtol=1e-9)
    close(trained.params, params, 1e-9)
    close(trained.statistics.values, statistics, 1e-9)


def test_averaged_parameters_are_evaluated_with_statistics_of_their_own(
    averaged, trained, regression, held_out
):
    """The training is the same; the statistics are the mean over the batches, in closed form."""
    losses, found, params, statistics = by_hand(regression, held_out, decay=0.9)
    np.testing.assert_allclose(averaged.history["loss"], losses, rtol=1e-10)
    np.testing.assert_allclose(averaged.history["validation_loss"], found, rtol=1e-9)
    close(averaged.params, params, 1e-9)
    close(averaged.statistics.values, statistics, 1e-9)
    np.testing.assert_allclose(trained.history["loss"], losses, rtol=1e-10)
    raw = averaged.params, trained.statistics.values
    out = Linen().apply({"params": raw[0], "batch_stats": raw[1]}, held_out[0], train=False)
    assert abs(np.mean((out - held_out[1]) ** 2) - found[-1]) > 1e-3  # the wrong statistics would be seen


@pytest.mark.parametrize("name", ["trained", "averaged"])
def test_evaluation_is_that_of_the_run(name, request, held_out):
    result = request.getfixturevalue(name)
    expected = result.history["validation_loss"][-1]
    assert evaluate(result.model, held_out, dtype="float64")["loss"] == pytest.approx(expected, rel=1e-12)
    given = {"params": result.params, "statistics": result.statistics, "dtype": "float64"}
    assert evaluate(Linen(), held_out, **given)["loss"] == pytest.approx(expected, rel=1e-12)
    with jax.enable_x64(True):
        own = np.mean((result.model(held_out[0], train=False) - held_out[1]) ** 2)
        assert own == pytest.approx(expected, rel=1e-12)
        with pytest.raises(flax.errors.ModifyScopeVariableError):
            result.model(held_out[0], train=True)


def test_statistics_of_other_weights_are_refused(trained, averaged, held_out):
    with pytest.raises(InvalidArgument) as error:
        evaluate(Linen(), held_out, params=averaged.params, statistics=trained.statistics)
    assert "batch statistics must belong to the parameters that are evaluated" in str(error.value)
    assert "Likely cause: averaged parameters with the statistics of the trained ones" in str(error.value)
    with pytest.raises(InvalidArgument, match="belong to others"):
        evaluate(averaged.model, held_out, statistics=trained.statistics, dtype="float64")
    with pytest.raises(
        InvalidArgument, match=r"got params= without them\. Pass statistics=result\.statistics"
    ):
        evaluate(Linen(), held_out, params=averaged.params)
    network = Network.of(MLP((3, 2)), MLP((3, 2)).init(0))
    with pytest.raises(InvalidArgument, match="Network carries no batch statistics, got statistics="):
        evaluate(network, held_out, statistics=trained.statistics)
    for model in (MLP((3, 2)), Linen()):
        with pytest.raises(
            InvalidArgument, match=r"has no parameters of its own, got params=None\. Evaluate"
        ):
            evaluate(model, held_out)


@pytest.mark.parametrize("optimizer", [ADAM, AVERAGED], ids=["adam", "averaged"])
def test_nnx_learns_what_linen_learns(optimizer, regression, arguments):
    """From the same first parameters."""
    linen = train(Linen(), regression, optimizer=optimizer, **arguments)
    first = jax.device_get(
        Linen().init(jax.random.key(2), np.zeros((1, 3), np.float32), train=False)["params"]
    )
    module = NNX()
    for layer, name in ((module.first, "Dense_0"), (module.last, "Dense_1")):
        layer.kernel[...], layer.bias[...] = first[name]["kernel"], first[name]["bias"]
    found = train(module, regression, optimizer=optimizer, **arguments)
    for column in ("loss", "validation_loss"):
        np.testing.assert_allclose(found.history[column], linen.history[column], rtol=1e-5)
    again = evaluate(found.model, arguments["validation"], dtype="float64")["loss"]
    assert again == pytest.approx(found.history["validation_loss"][-1], rel=1e-12)
    assert not any(layer.use_running_average is False for layer in [found.model.norm])


@pytest.mark.parametrize("where", [{}, {"device_memory": 0}], ids=["device", "stream"])
def test_a_resumed_run_is_the_uninterrupted_one(where, averaged, regression, arguments, check, tmp_path):
    common = {**arguments, **where, "optimizer": AVERAGED, "callbacks": [EarlyStopping(patience=9)]}
    whole = train(Linen(), regression, **common)
    for column in ("loss", "validation_loss"):
        np.testing.assert_allclose(whole.history[column], averaged.history[column], rtol=1e-12)
    for stopped in (1, 4):
        file, stop = tmp_path / f"{stopped}", {"callbacks": [*common["callbacks"], StopAfter(stopped)]}
        train(Linen(), regression, checkpoint=file, **{**common, **stop})
        again = train(Linen(), regression, checkpoint=file, resume=True, **common)
        check.same(whole, again)
        close(whole.statistics.values, again.statistics.values, 0)
        assert whole.statistics.mark == again.statistics.mark


@pytest.mark.parametrize("batching", ["map", "vmap"])
def test_a_sweep_carries_them(batching, averaged, regression, arguments):
    common = {k: v for k, v in arguments.items() if k != "seed"}
    found = sweep(
        Linen(),
        regression,
        optimizer=AVERAGED,
        learning_rates=[0.02, 0.1],
        seeds=[2, 3],
        batching=batching,
        early_stopping=EarlyStopping(patience=9, restore_best=False),
        **common,
    )
    np.testing.assert_allclose(
        found.history["validation_loss"][0, 0], averaged.history["validation_loss"], rtol=1e-9
    )
    close(found.params(0, 0), averaged.params, 1e-9)
    close(found.statistics(0, 0).values, averaged.statistics.values, 1e-9)
    data = arguments["validation"]
    for run in ((0, 1), (1, 1)):
        last = found.history["validation_loss"][*run, -1]
        assert evaluate(found.model(*run), data, dtype="float64")["loss"] == pytest.approx(last, rel=1e-10)


def test_averaged_parameters_are_no_training_point_to_resume_from(averaged, regression, arguments, tmp_path):
    file = tmp_path / "run"
    train(Linen(), regression, optimizer=AVERAGED, checkpoint=file, callbacks=[StopAfter(2)], **arguments)
    with pytest.raises(InvalidArgument, match="belongs to another run: its params"):
        train(
            Linen(),
            regression,
            optimizer=AVERAGED,
            checkpoint=file,
            resume=True,
            params=averaged.params,
            **arguments,
        )


def test_the_best_epoch_keeps_its_own_statistics(regression, arguments):
    patience = EarlyStopping(patience=4)
    common = {**arguments, "epochs": 60, "optimizer": transforms.EMA(optimizers.Adam(0.2), 0.5)}
    result = train(Linen(), regression, callbacks=[patience], **common)
    assert result.status is Status.EARLY_STOPPED
    found = evaluate(result.model, arguments["validation"], dtype="float64")["loss"]
    assert found == pytest.approx(result.history["validation_loss"].min(), rel=1e-12)


def test_the_whole_data_as_one_batch(regression, held_out):
    X = regression[0]
    result = train(
        Linen(),
        regression,
        optimizer=AVERAGED,
        epochs=3,
        batch_size="full",
        validation=held_out,
        dtype="float64",
    )
    hidden = X @ result.params["Dense_0"]["kernel"] + result.params["Dense_0"]["bias"]
    np.testing.assert_allclose(
        result.statistics.values["norm"]["mean"], hidden.mean(0), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(result.statistics.values["norm"]["var"], hidden.var(0), rtol=1e-9)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.999, 1.0])
def test_the_statistics_of_one_batch_need_no_momentum(momentum):
    class Moving:
        """What a layer does with its statistics."""

        def updated_statistics(self, params, statistics, batch, noise):
            return jax.tree.map(lambda s: momentum * s + (1 - momentum) * batch, statistics)

    batch = jnp.asarray([3.0, -5e4, 1e-3], jnp.float32)
    like = {"mean": jnp.ones(3, jnp.float32)}
    found = batch_statistics(Moving(), None, like, batch, ())["mean"]
    np.testing.assert_allclose(found, like["mean"] if momentum == 1 else batch, rtol=2e-4)


def test_what_cannot_be_estimated_anew_is_refused(regression):
    class Spectral(nn.Module):
        @nn.compact
        def __call__(self, x, train):
            x = nn.SpectralNorm(nn.Dense(6))(x, update_stats=train)
            return nn.Dense(2)(nn.tanh(x))

    assert train(Spectral(), regression, optimizer=ADAM, epochs=1).statistics is not None
    with pytest.raises(InvalidArgument, match=r"statistics must be moving averages of batches.*spectral"):
        train(Spectral(), regression, optimizer=AVERAGED, epochs=1)


def test_a_skipped_step_leaves_the_statistics_alone(regression):
    """One row overflows the network: its batch's mean is infinite."""
    X, y = (a.astype(np.float32) for a in regression)
    X[7] = 3e38
    guard = transforms.FiniteGuard(ADAM)
    result = train(Linen(), (X, y), optimizer=guard, epochs=2, batch_size=10)
    np.testing.assert_array_equal(result.history["skipped_steps"], [1, 1])
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result.statistics.values))
    assert not np.array_equal(result.statistics.values["norm"]["mean"], np.zeros(6))


def test_a_trained_module_goes_on(trained, regression, arguments):
    """Bound to its parameters and statistics."""
    again = train(trained.model, regression, optimizer=ADAM, **{**arguments, "epochs": 1})
    assert again.history["loss"][0] < trained.history["loss"][0]
    still = train(trained.model, regression, optimizer=optimizers.SGD(0.0), **{**arguments, "epochs": 1})
    close(still.params, trained.params, 0)


def test_equinox_state_is_refused(regression):
    class Stateful(eqx.Module):
        norm: eqx.nn.BatchNorm

        def __init__(self):
            self.norm = eqx.nn.BatchNorm(3, "batch", mode="batch")

        def __call__(self, x, state):
            return self.norm(x, state)

    with pytest.raises(InvalidArgument, match="put layer normalisation in place of batch normalisation"):
        train(Stateful(), regression)
