"""Every run of a sweep is the run that train makes."""

import signal

import numpy as np
import optax
import pytest

from neuralopt import MLP, EarlyStopping, Status, optimizers, schedules, sweep, train, transforms
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.compiled import run_sweep
from neuralopt.optimizers import from_optax

RATES, SEEDS = [0.003, 0.03], [0, 5]


def compare(result, solo, i, j, rtol=0.0):
    count = solo.epochs
    for name in set(solo.history) - {"seconds"}:
        np.testing.assert_allclose(
            result.history[name][i, j, :count], solo.history[name], rtol=rtol, atol=rtol, err_msg=name
        )
        assert np.isnan(result.history[name][i, j, count:]).all()
    assert result.status[i][j] is solo.status
    assert result.best_epoch[i, j] == solo.best_epoch
    for (W, b), (V, c) in zip(result.params(i, j), solo.params, strict=True):
        np.testing.assert_allclose(W, V, rtol=rtol, atol=rtol)
        np.testing.assert_allclose(b, c, rtol=rtol, atol=rtol)


def schedule(rate):
    return schedules.WarmupCosine(rate, 2, 12)


CASES = {
    "adam": optimizers.Adam(b2=0.99),
    "adamw": "adamw",
    "chain": transforms.chain(transforms.ClipByGlobalNorm(0.1), optimizers.SGD(momentum=0.9)),
    "decay": transforms.DecoupledDecay(optimizers.RMSprop(), 0.1),
    "optax": from_optax(optax.adam, learning_rate=0.1),
    "gd": "gd",
}


@pytest.mark.parametrize(
    ("case", "batching"), [*((case, "map") for case in CASES), ("adam", "vmap"), ("chain", "vmap")]
)
def test_every_run_is_the_solo_run(case, batching, net, regression, held_out):
    arguments = {
        "epochs": 6,
        "batch_size": None if case == "gd" else 16,
        "validation": held_out,
        "metrics": ["r2"],
    }
    result = sweep(
        net,
        regression,
        optimizer=CASES[case],
        learning_rates=RATES,
        seeds=SEEDS,
        batching=batching,
        schedule=schedule if case == "adamw" else None,
        **arguments,
    )
    assert result.history["loss"].shape == (2, 2, 6)
    for i, rate in enumerate(RATES):
        own = schedule(rate) if case == "adamw" else rate
        optimizer = optimizers.with_learning_rate(optimizers.get(CASES[case]), own)
        for j, seed in enumerate(SEEDS):
            solo = train(
                net, regression, optimizer=optimizer, seed=seed, callbacks=[EarlyStopping(99)], **arguments
            )
            compare(result, solo, i, j, rtol=2e-6 if batching == "map" else 1e-5)


def test_float64_is_bit_for_bit_where_runs_follow_each_other(net, regression):
    result = sweep(
        net, regression, learning_rates=RATES, seeds=SEEDS, epochs=5, dtype="float64", batching="map"
    )
    for i, rate in enumerate(RATES):
        for j, seed in enumerate(SEEDS):
            solo = train(
                net, regression, optimizer=optimizers.Adam(rate), seed=seed, epochs=5, dtype="float64"
            )
            compare(result, solo, i, j)


@pytest.mark.parametrize("batching", ["map", "vmap"])
def test_runs_stop_and_diverge_by_themselves(batching, net, regression, held_out):
    rates, patience = [0.05, 1e6], EarlyStopping(patience=4)
    arguments = {"epochs": 150, "batch_size": 16, "validation": held_out}
    result = sweep(
        net,
        regression,
        learning_rates=rates,
        seeds=SEEDS,
        early_stopping=patience,
        batching=batching,
        **arguments,
    )
    assert [[s.name for s in row] for row in result.status] == [["EARLY_STOPPED"] * 2, ["DIVERGED"] * 2]
    for j, seed in enumerate(SEEDS):
        solo = train(
            net, regression, optimizer=optimizers.Adam(0.05), seed=seed, callbacks=[patience], **arguments
        )
        compare(result, solo, 0, j, rtol=1e-4)
    assert result.history["loss"].shape == (2, 2, 150)
    assert result.best_epoch[0, 0] == np.nanargmin(result.history["validation_loss"][0, 0]) + 1


def test_classes_and_their_models(classifier, classes):
    result = sweep(
        classifier,
        classes,
        loss="cross_entropy",
        learning_rates=[0.05],
        seeds=[0, 1],
        epochs=30,
        validation=classes,
        metrics=["accuracy"],
    )
    assert result.history["validation_accuracy"].shape == (1, 2, 30)
    assert result.history["validation_accuracy"][0, :, -1].min() > 0.85
    best = result.model(0, 1)
    hits = (best.forward(classes[0]).argmax(1) == classes[1]).mean()
    assert hits == pytest.approx(
        result.history["validation_accuracy"][0, 1, result.best_epoch[0, 1] - 1], abs=1e-6
    )


def test_other_numbers_compile_nothing(net, regression):
    sweep(net, regression, learning_rates=[0.01, 0.1], epochs=2)
    before = run_sweep._cache_size()
    sweep(net, regression, learning_rates=[0.02, 0.3], seeds=[7], epochs=5, divergence=50)
    assert run_sweep._cache_size() == before


def test_progress_and_control_c(net, regression):
    seen = []

    def progress(epoch):
        seen.append(epoch)
        if epoch >= 3:
            signal.raise_signal(signal.SIGINT)

    result = sweep(net, regression, learning_rates=[0.01], epochs=400, progress=progress)
    assert result.status == ((Status.INTERRUPTED,),)
    done = seen[-1]
    assert 3 <= done < 400
    assert np.isfinite(result.history["loss"][0, 0, :done]).all()
    assert np.isnan(result.history["loss"][0, 0, done:]).all()
    assert result.history["loss"].shape == (1, 1, 400)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"learning_rates": []}, "learning_rates must be finite numbers > 0, at least one, got []."),
        (
            {"learning_rates": [0.1, -1]},
            "learning_rates must be finite numbers > 0, at least one, got [0.1, -1].",
        ),
        ({"seeds": []}, "seeds must be different, at least one, got ()."),
        ({"seeds": [1, 1]}, "seeds must be different, at least one, got (1, 1)."),
        ({"seeds": [-1]}, "every seed must be a whole number >= 0, got -1."),
        ({"batching": "both"}, "batching must be 'map', 'vmap' or None, got 'both'."),
        (
            {"optimizer": from_optax(optax.adam(0.1))},
            "Make it from a factory: from_optax(optax.adam, learning_rate=",
        ),
    ],
)
def test_errors(arguments, text, net, regression):
    with pytest.raises(InvalidArgument) as error:
        sweep(net, regression, **{"learning_rates": [0.1], **arguments})
    assert text in str(error.value)


def test_data_larger_than_the_device(net, regression, monkeypatch):
    from neuralopt.engine import data

    monkeypatch.setattr(data, "device_memory_limit", lambda: 10)
    with pytest.raises(InvalidArgument, match="a sweep needs its data on the device, got 50 rows"):
        sweep(net, regression, learning_rates=[0.1], batch_size=8)


def test_an_activation_without_a_gradient_is_a_warning(regression):
    with pytest.warns(UserWarning, match="has derivative zero") as caught:
        sweep(MLP((3, 4, 2), "step"), regression, learning_rates=[0.1], epochs=1)
    assert caught[0].filename == __file__
