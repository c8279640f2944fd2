"""Schedules in epochs, in fractions, and with feedback; their record; skipped steps; the decay table."""

import io

import numpy as np
import pytest

from neuralopt import Callback, Progress, Status, optimizers, schedules, sweep, train, transforms
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.compiled import run_chunk
from neuralopt.schedules import bind, feedback_init, feedback_observe, scheduled, settle

PLATEAU = schedules.ReduceOnPlateau(schedules.Warmup(0.05, steps=6), factor=0.5, patience=1, threshold=0.2)
OPTIMIZER = transforms.chain(
    transforms.ClipByGlobalNorm(schedules.PerEpoch(schedules.Cosine(2.0, 4, end=0.5))),
    optimizers.Adam(PLATEAU, b1=schedules.OfRun(schedules.Cosine(0.95, 1, 0.5))),
)
STEPS, EPOCHS = 4, 8


class StopAfter(Callback):
    """End a run after so many epochs."""

    every = 1

    def __init__(self, epochs):
        self.epochs = epochs

    def on_chunk(self, report):
        return report.epoch >= self.epochs


@pytest.fixture(scope="module")
def arguments(held_out):
    return {"epochs": EPOCHS, "batch_size": 16, "validation": held_out, "optimizer": OPTIMIZER}


@pytest.fixture(scope="module")
def trained(net, regression, arguments):
    return train(net, regression, dtype="float64", **arguments)


def test_the_record_is_what_the_schedules_say_of_the_recorded_losses(trained):
    bound = bind(OPTIMIZER, STEPS, STEPS * EPOCHS)
    states = feedback_init(bound)
    names = {"stages/0/max_norm", "stages/1/b1", "learning_rate"}
    assert names < set(trained.history)
    for epoch in range(EPOCHS):
        now = scheduled(settle(bound, states), (epoch + 1) * STEPS - 1)
        assert trained.history["learning_rate"][epoch] == pytest.approx(now.pop("stages/1/learning_rate"))
        for name, value in now.items():
            assert trained.history[name][epoch] == pytest.approx(value, rel=1e-12, abs=1e-15)
        found = trained.history["validation_loss"][epoch], trained.history["loss"][epoch]
        states = feedback_observe(bound, states, *map(np.asarray, found))
    assert trained.history["learning_rate"][-1] < 0.05  # it was reduced
    assert len(np.unique(trained.history["learning_rate"])) >= 4


def test_every_loop_gives_the_same(trained, net, regression, arguments, check):
    for where in ({"backend": "numpy"}, {"device_memory": 0}):
        check.same(trained, train(net, regression, dtype="float64", **arguments, **where), 1e-9, 1e-12)


def test_a_sweep_gives_each_run_its_own_feedback(net, regression, arguments):
    """A schedule of the learning rate takes the swept one as its peak."""

    def plateau(rate):
        return schedules.ReduceOnPlateau(
            schedules.Warmup(rate, steps=6), factor=0.5, patience=1, threshold=0.2
        )

    rates = [0.05, 0.005]
    found = sweep(
        net, regression, learning_rates=rates, schedule=plateau, dtype="float64", batching="map", **arguments
    )
    for k, rate in enumerate(rates):
        own = optimizers.with_learning_rate(OPTIMIZER, plateau(rate))
        solo = train(net, regression, dtype="float64", **{**arguments, "optimizer": own})
        for name in set(solo.history) - {"seconds"}:
            np.testing.assert_allclose(found.history[name][k, 0], solo.history[name], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("where", [{}, {"backend": "numpy"}, {"device_memory": 0}], ids=str)
def test_a_run_resumes_at_every_epoch_bit_for_bit(where, net, regression, arguments, check, tmp_path):
    whole = train(net, regression, **arguments, **where)
    for stopped in range(1, EPOCHS):
        file = tmp_path / f"{stopped}"
        train(net, regression, checkpoint=file, callbacks=[StopAfter(stopped)], **arguments, **where)
        check.same(whole, train(net, regression, checkpoint=file, resume=True, **arguments, **where))


def test_a_longer_run_of_fractions_is_another_run(net, regression, arguments, tmp_path):
    """Its past would have been another."""
    file = tmp_path / "run"
    train(net, regression, checkpoint=file, callbacks=[StopAfter(1)], **arguments)
    with pytest.raises(
        InvalidArgument,
        match=r"another run: its epochs .an OfRun schedule depends on them. is 8, this run's is 16",
    ):
        train(net, regression, checkpoint=file, resume=True, **{**arguments, "epochs": 2 * EPOCHS})


def test_what_is_observed_and_bound_compiles_nothing(net, regression, held_out):
    def run(rate, epochs):
        optimizer = optimizers.SGD(schedules.ReduceOnPlateau(schedules.OfRun(schedules.Cosine(rate, 1))))
        return train(net, regression, optimizer=optimizer, epochs=epochs, validation=held_out)

    run(0.1, 3)
    before = run_chunk._cache_size()
    run(0.2, 7)
    assert run_chunk._cache_size() == before


def spoiled(regression):
    """One row whose squared error overflows float32."""
    X, y = regression
    y = y.copy()
    y[7] = 1e30
    return X, y


@pytest.mark.parametrize("where", [{}, {"backend": "numpy"}, {"device_memory": 0}], ids=str)
def test_skipped_steps_are_counted_and_left_out_of_the_mean(where, net, regression):
    data, guard = (
        spoiled(regression),
        transforms.FiniteGuard(optimizers.Adam(schedules.Cosine(0.01, 99), b1=0.8)),
    )
    result = train(net, data, optimizer=guard, epochs=3, batch_size=10, **where)
    assert result.status is Status.MAX_EPOCHS
    np.testing.assert_array_equal(result.history["skipped_steps"], [1, 1, 1])
    assert np.isfinite(result.history["loss"]).all()
    # the rate in force is that of the steps that were taken
    taken = np.array([4, 8, 12]) - 1
    np.testing.assert_allclose(result.history["learning_rate"], schedules.Cosine(0.01, 99)(taken), rtol=1e-5)
    plain = train(net, data, optimizer=guard.optimizer, epochs=3, batch_size=10, **where)
    assert plain.status is Status.DIVERGED
    assert "skipped_steps" not in plain.history


def test_the_mean_is_over_the_steps_that_were_taken(net, regression):
    """At learning rate 0 the epoch's loss is the mean over the other batches."""
    X, y = spoiled(regression)
    optimizer = transforms.FiniteGuard(optimizers.SGD(0.0))
    result = train(net, (X, y), optimizer=optimizer, epochs=1, batch_size=10, dtype="float32")
    params = net.init(0, np.float32)
    from neuralopt.engine.batches import plan_batches

    order = plan_batches(50, 10, full_batch=False, weighted=True, dtype=np.float32).order(0, 0)
    losses = [np.mean((net.forward(params, X[rows]) - y[rows]) ** 2) for rows in order if 7 not in rows]
    assert len(losses) == 4
    assert result.history["loss"][0] == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_too_many_in_a_row_end_the_run(backend, net, regression):
    guard = transforms.FiniteGuard(optimizers.GD(0.1), max_in_a_row=3)
    result = train(net, spoiled(regression), optimizer=guard, epochs=9, backend=backend)
    assert result.status is Status.DIVERGED
    assert result.epochs == 3
    assert np.isnan(result.history["loss"]).all()
    np.testing.assert_array_equal(result.params[0][0], net.init(0, np.float32)[0][0])


@pytest.mark.parametrize("backend", ["jax", "numpy"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_too_many_in_a_row_within_an_epoch_end_it(backend, limit, net, regression):
    """Every other row is bad; the run ends with the first epoch whose order has such a streak."""
    from neuralopt.engine.batches import plan_batches

    X, y = regression
    y = y.copy()
    y[::2] = 1e30
    guard = transforms.FiniteGuard(optimizers.SGD(1e-3), max_in_a_row=limit)
    result = train(net, (X, y), optimizer=guard, epochs=5, batch_size=1, backend=backend)
    plan = plan_batches(50, 1, full_batch=False, weighted=True, dtype=np.float32)
    rows = np.concatenate([plan.order(0, epoch)[:, 0] for epoch in range(5)])
    streaks = np.convolve(rows % 2 == 0, np.ones(limit), "valid")
    first = (np.flatnonzero(streaks == limit)[0] + limit - 1) // 50 + 1
    assert (result.status, result.epochs) == (Status.DIVERGED, first)


def test_scheduled_values_count_the_steps_of_their_part(net, regression):
    """A guard's inner optimizer has taken fewer steps than the loop."""
    beta = schedules.Cosine(0.9, 50)
    inner = transforms.chain(transforms.ClipByGlobalNorm(beta), optimizers.Adam(0.01, b1=beta))
    result = train(net, spoiled(regression), optimizer=transforms.FiniteGuard(inner), epochs=2, batch_size=10)
    for name in ("optimizer/stages/1/b1",):
        np.testing.assert_allclose(result.history[name], beta(np.array([3, 7])), rtol=1e-5)


def test_parameter_groups_record_a_learning_rate_each(net, regression):
    fast, slow = schedules.Cosine(0.1, 40), schedules.Cosine(0.01, 40)
    groups = transforms.partition(
        optimizers.SGD(slow), first=(transforms.by_name("0/*"), optimizers.SGD(fast))
    )
    history = train(net, regression, optimizer=groups, epochs=2, batch_size=10).history
    last = np.array([4, 9])
    np.testing.assert_allclose(history["default/learning_rate"], slow(last), rtol=1e-5)
    np.testing.assert_allclose(history["optimizers/0/learning_rate"], fast(last), rtol=1e-5)


def test_without_schedules_nothing_is_added(net, regression):
    history = train(net, regression, epochs=2).history
    assert list(history) == ["loss", "learning_rate", "seconds"]


def test_the_decay_table_is_printed_and_kept(net, regression):
    text = io.StringIO()
    result = train(
        net,
        regression,
        optimizer=optimizers.AdamW(weight_decay=0.1),
        epochs=1,
        callbacks=[Progress(file=text)],
    )
    assert str(result.decay_policy) in text.getvalue()
    assert text.getvalue().index("bias or norm scale: excluded") < text.getvalue().index("training")
    rows = {row.parameter: row.decay for row in result.decay_policy.rows}
    assert rows == {"0/0": 0.1, "0/1": 0.0, "1/0": 0.1, "1/1": 0.0}
    for quiet in ("adam", optimizers.AdamW(weight_decay=0.0)):
        text = io.StringIO()
        result = train(net, regression, optimizer=quiet, epochs=1, callbacks=[Progress(file=text)])
        assert "excluded" not in text.getvalue()
        assert "decay" not in text.getvalue()
        assert len(result.decay_policy.rows) == 4


def _adam(**given):
    return optimizers.Adam(**{"learning_rate": 0.01, **given})


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (
            _adam(learning_rate=schedules.Cosine(-0.1, 10)),
            "Adam: learning_rate must satisfy 0 <= learning_rate at every step, got -0.1 at step 0 of "
            "Cosine(peak=-0.1, total_steps=10, end=0.0). A negative step size climbs",
        ),
        (
            _adam(b1=schedules.Constant(0.9).then(1.0, at=7)),
            "Adam: b1 must satisfy 0 <= b1 < 1 at every step, got 1.0 at step 7 of Join(",
        ),
        (
            transforms.chain(transforms.AnnealedNoise(schedules.Polynomial(0.1, 5, end=-0.1)), _adam()),
            "AnnealedNoise: eta must satisfy 0 <= eta at every step, got -0.02",
        ),
        (
            transforms.FiniteGuard(_adam(), schedules.Constant(2.5)),
            "FiniteGuard: max_in_a_row must be a whole number at every step, got 2.5 at step 0 of",
        ),
        (
            transforms.Accumulate(_adam(), schedules.Constant(2.5)),
            "Accumulate: steps must be a whole number at every step, got 2.5 at step 0 of Constant(",
        ),
        (
            transforms.partition(_adam(), slow=(transforms.by_name("0/*"), _adam(eps=lambda step: -1.0))),
            "Adam: eps must satisfy 0 < eps at every step, got -1.0 at step 0 of Function(",
        ),
        (
            _adam(learning_rate=schedules.ReduceOnPlateau(schedules.Warmup(0.1, 4, start=-0.1))),
            "Adam: learning_rate must satisfy 0 <= learning_rate at every step, got -0.1 at step 0 of",
        ),
        (
            _adam(b1=lambda step: None),
            "Adam: b1: Function: function must return one number for each step, got",
        ),
        (_adam(b1=lambda step: np.ones(3)), "got shape (3,) for a step of shape () from <function"),
        (_adam(b1=lambda: 0.1), "Function: function must take the step and nothing else, got <function"),
        (_adam(b1=lambda step: float("nan")), "Adam: b1 must satisfy 0 <= b1 < 1 at every step, got nan at"),
        (_adam(b1=lambda step: step.nothing), "could not be evaluated at steps 0 to 9: AttributeError:"),
    ],
)
def test_a_schedule_must_obey_the_law_of_what_it_fills(optimizer, text, net, regression):
    with pytest.raises(InvalidArgument) as error:
        train(net, regression, optimizer=optimizer, epochs=2, batch_size=10)
    assert text in str(error.value)


def test_a_sweep_checks_the_schedule_of_every_rate(net, regression):
    with pytest.raises(InvalidArgument, match=r"got -0\.1 at step 3 of Polynomial\(peak=0.2"):
        sweep(
            net,
            regression,
            learning_rates=[0.1, 0.2],
            epochs=2,
            batch_size=10,
            schedule=lambda rate: schedules.Polynomial(rate, 5, end=0.3 - 3 * rate),
        )


def test_a_schedule_that_keeps_the_law_while_it_is_asked_is_taken(net, regression):
    """The wrapped optimizer takes a fifth of the steps; a function may take one step at a time."""
    import jax

    falling = schedules.Polynomial(0.1, 2, end=-0.1)
    inner = _adam(learning_rate=falling, b1=lambda step: jax.lax.cond(step < 3, lambda: 0.9, lambda: 0.8))
    result = train(net, regression, optimizer=transforms.Accumulate(inner, 5), epochs=2, batch_size=10)
    assert result.status is Status.MAX_EPOCHS


@pytest.mark.parametrize("where", [{}, {"backend": "numpy"}, {"device_memory": 0}], ids=str)
def test_a_plateau_of_another_figure(where, net, regression, held_out):
    """The r2 of a run that does not move stays, so the rate is halved; its loss would have done as well."""
    plateau = schedules.ReduceOnPlateau(
        0.05, factor=0.5, patience=0, mode="max", monitor="validation_r2", threshold=0.02
    )
    run = {"epochs": 8, "batch_size": 16, "validation": held_out, "metrics": ["r2"], "dtype": "float64"}
    history = train(net, regression, optimizer=optimizers.Adam(plateau), **run, **where).history
    states, rates = feedback_init(plateau), []
    for r2 in history["validation_r2"]:
        rates.append(float(settle(plateau, states)(0)))
        states = feedback_observe(plateau, states, r2)
    np.testing.assert_allclose(history["learning_rate"], rates, rtol=1e-12)
    assert 0 < np.sum(np.diff(rates) < 0) < 7  # some epochs improved, others did not


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"mode": "max"},
            "mode='max' waits for a figure that rises, got monitor=None, a loss. Give monitor='v",
        ),
        ({"mode": "max", "monitor": "validation_loss"}, "got monitor='validation_loss', a loss."),
        ({"monitor": "validation_r3"}, "got 'validation_r3'. Did you mean 'validation_r2'? Metrics are"),
        (
            {"monitor": "accuracy"},
            "monitor must be one of 'loss', 'validation_loss', 'validation_r2', got 'acc",
        ),
    ],
)
def test_a_plateau_that_cannot_be_seen_is_refused(options, text, net, regression, held_out):
    plateau = schedules.ReduceOnPlateau(0.05, **options)
    run = {"validation": held_out, "metrics": ["r2"], "epochs": 1}
    for start in (
        lambda: train(net, regression, optimizer=optimizers.Adam(plateau), **run),
        lambda: sweep(net, regression, learning_rates=[0.1], schedule=lambda rate: plateau, **run),
    ):
        with pytest.raises(InvalidArgument) as error:
            start()
        assert text in str(error.value)
