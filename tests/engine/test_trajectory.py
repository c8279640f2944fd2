"""Recorded ways are the weights that training passed through, and recording changes nothing."""

import numpy as np
import pytest

from neuralopt import MLP, EarlyStopping, RecordTrajectory, optimizers, sweep, train
from neuralopt.core.errors import InvalidArgument

RATES, SEEDS = [0.003, 0.03], [0, 5]


def flatten(params):
    return np.concatenate([np.ravel(a) for pair in params for a in pair])


@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_points_are_the_parameters_of_shorter_runs(net, regression, backend):
    path = RecordTrajectory(points=3)
    common = {"optimizer": optimizers.Adam(0.03), "seed": 2, "backend": backend}
    train(net, regression, epochs=8, callbacks=[path], **common)
    assert path.epoch.tolist() == [0, 3, 6, 8]
    np.testing.assert_array_equal(path.trajectory[0], flatten(net.init(2, np.float32)))
    for epoch, point in zip(path.epoch[1:], path.trajectory[1:], strict=True):
        np.testing.assert_array_equal(
            point, flatten(train(net, regression, epochs=int(epoch), **common).params)
        )


def test_an_average_is_recorded_as_it_is_evaluated(net, regression):
    path, optimizer = RecordTrajectory(points=2), optimizers.ScheduleFreeAdamW(0.03)
    result = train(net, regression, optimizer=optimizer, epochs=4, callbacks=[path])
    np.testing.assert_array_equal(path.trajectory[-1], flatten(result.params))


def test_a_run_that_ends_early_has_its_end(net, regression):
    path = RecordTrajectory(points=3)
    stop = EarlyStopping(patience=1, min_delta=1e9, restore_best=False)
    result = train(net, regression, epochs=30, callbacks=[path, stop])
    assert path.epoch.tolist() == [0, result.epochs]
    with pytest.raises(InvalidArgument, match="there is no trajectory yet"):
        _ = RecordTrajectory().trajectory


@pytest.mark.parametrize("batching", ["map", "vmap"])
@pytest.mark.parametrize("name", ["adam", "schedulefreeadamw"])
def test_paths_of_a_sweep_are_those_of_train_and_cost_it_nothing_but_time(name, batching, net, regression):
    common = {"optimizer": name, "learning_rates": RATES, "seeds": SEEDS, "epochs": 7, "batching": batching}
    plain, kept = sweep(net, regression, **common), sweep(net, regression, trajectory=3, **common)
    close = {"rtol": 1e-5, "atol": 1e-6}
    for column in plain.history:
        np.testing.assert_allclose(kept.history[column], plain.history[column], **close)
    assert (kept.status, plain.path(0)) == (plain.status, None)
    for i, rate in enumerate(RATES):
        for j in range(len(SEEDS)):
            np.testing.assert_allclose(flatten(kept.params(i, j)), flatten(plain.params(i, j)), **close)
        solo = RecordTrajectory(points=3)
        train(
            net,
            regression,
            optimizer=optimizers.with_learning_rate(optimizers.get(name), rate),
            epochs=7,
            seed=SEEDS[0],
            callbacks=[solo],
        )
        epoch, points = kept.path(i)
        assert epoch.tolist() == solo.epoch.tolist() == [0, 3, 6, 7]
        assert points.dtype == np.float32
        np.testing.assert_allclose(points, solo.trajectory, **close)


def test_a_diverged_path_ends_and_joined_sweeps_keep_theirs(net, regression):
    common = {"optimizer": "sgd", "seeds": SEEDS, "epochs": 6, "trajectory": 6, "divergence": 10.0}
    wild = sweep(net, regression, learning_rates=[1e6], **common)
    calm = sweep(net, regression, learning_rates=[0.01], **common)
    both = wild.joined(calm)
    assert both.learning_rates.tolist() == [0.01, 1e6]
    np.testing.assert_array_equal(both.path(0)[1], calm.path(0)[1])
    assert both.path(0)[0].tolist() == list(range(7))
    epoch, points = both.path(1)
    assert len(epoch) < 7
    assert np.isfinite(points).all()


def test_a_sweep_wants_a_number_of_points(regression):
    with pytest.raises(InvalidArgument, match="trajectory must be a whole number >= 1, got 0"):
        sweep(MLP((2, 1)), regression, learning_rates=[0.1], trajectory=0)


def test_a_sweep_that_is_ended_early_has_as_many_epochs_of_every_seed(net, regression):
    """The seeds that are not recorded follow in longer chunks; they catch up before the end."""
    result = sweep(
        net,
        regression,
        learning_rates=[0.01, 0.02],
        seeds=(0, 1, 2),
        epochs=500,
        trajectory=5,
        progress=lambda epoch: True,
    )
    done = np.isfinite(result.history["loss"]).sum(axis=2)
    assert (done == done[0, 0]).all()
    assert 0 < done[0, 0] < 500


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        (2, r"learning_rate must be from 0 to 1, the index of 0.003, 0.03; got 2"),
        (0.03, r"learning_rate is the index of one of 0.003, 0.03, a whole number from 0 to 1, got 0.03"),
    ],
)
def test_runs_are_asked_for_by_index(net, regression, index, sentence):
    result = sweep(net, regression, learning_rates=RATES, epochs=1, trajectory=1)
    for asked in (result.path, lambda k: result.params(k, 0), lambda k: result.model(k, 0)):
        with pytest.raises(InvalidArgument, match=sentence):
            asked(index)
    with pytest.raises(InvalidArgument, match="seed must be from 0 to 0"):
        result.params(0, 1)
    np.testing.assert_array_equal(flatten(result.params(-1, 0)), flatten(result.params(1, 0)))
