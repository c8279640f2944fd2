"""How runs end: statuses, early stopping, interruption, divergence, callbacks."""

import io
import signal
import threading

import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt import (
    MLP,
    Callback,
    EarlyStopping,
    Progress,
    Status,
    optimizers,
    train,
    transforms,
)
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import TrainingFailed
from neuralopt.models import SquaredError
from neuralopt.optimizers.registry import registered

OVERFITS = {"optimizer": optimizers.Adam(0.05), "batch_size": 16}


class Every(Callback):
    def __init__(self, every):
        self.every, self.seen = every, []

    def on_chunk(self, report):
        self.seen.append(report.epoch)


@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_early_stopping_is_exact_whatever_the_chunks(backend, net, regression, held_out, check):
    results = []
    for every in (None, 1, 3, 7):
        watch = Every(every)
        results.append(
            train(
                net,
                regression,
                epochs=200,
                validation=held_out,
                backend=backend,
                callbacks=[EarlyStopping(patience=5), watch],
                **OVERFITS,
            )
        )
        if every:
            assert set(range(every, watch.seen[-1], every)) <= set(watch.seen)
        check.same(results[0], results[-1])
    first = results[0]
    assert first.status is Status.EARLY_STOPPED
    curve = first.history["validation_loss"]
    assert first.best_epoch == curve.argmin() + 1
    assert first.epochs == first.best_epoch + 5 < 200
    value = SquaredError().value(first.model.forward(held_out[0]), held_out[1])
    assert value == pytest.approx(curve.min(), rel=1e-5)


def test_without_restoring_the_last_parameters_are_given(net, regression, held_out):
    result = train(
        net,
        regression,
        epochs=200,
        validation=held_out,
        callbacks=[EarlyStopping(patience=5, restore_best=False)],
        **OVERFITS,
    )
    value = SquaredError().value(result.model.forward(held_out[0]), held_out[1])
    assert value == pytest.approx(result.history["validation_loss"][-1], rel=1e-5)
    assert value > result.history["validation_loss"].min()


def test_min_delta_is_what_counts_as_an_improvement(net, regression):
    result = train(net, regression, epochs=50, callbacks=[EarlyStopping(patience=3, min_delta=100.0)])
    assert (result.status, result.epochs, result.best_epoch) == (Status.EARLY_STOPPED, 4, 1)


@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_converged(backend, net, regression):
    still = optimizers.SGD(0.0)
    result = train(net, regression, optimizer=still, epochs=50, tolerance=1e-6, backend=backend)
    assert (result.status, result.epochs) == (Status.CONVERGED, 11)  # ten changes need eleven epochs
    assert train(net, regression, optimizer=still, epochs=30, backend=backend).status is Status.MAX_EPOCHS


# A line search takes no step that raises the loss; Prodigy's rate multiplies an estimate that begins at 1e-6.
OWN_STEPS = {"lbfgs", "prodigy"}


@pytest.mark.parametrize("backend", ["jax", "numpy"])
@pytest.mark.parametrize("name", sorted(OWN_STEPS))
def test_a_learning_rate_of_a_million_does_not_break_what_sets_its_own_steps(name, backend, regression):
    optimizer = optimizers.get(name, learning_rate=1e6)
    result = train(MLP((3, 6, 2)), regression, optimizer=optimizer, epochs=20, backend=backend)
    assert result.status is Status.MAX_EPOCHS
    assert np.isfinite(result.history["loss"]).all()


@pytest.mark.parametrize("backend", ["jax", "numpy"])
@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("name", [name for name in registered() if name not in OWN_STEPS])
def test_a_learning_rate_of_a_million_diverges_and_nothing_breaks(name, task, backend, request):
    problem = request.getfixturevalue("regression" if task == "regression" else "classes")
    model = MLP((3, 6, 2) if task == "regression" else (3, 6, 3), "relu")
    # AdaBound's bounds hold any learning rate at the final one
    more = {"final_learning_rate": 1e6} if name == "adabound" else {}
    result = train(
        model,
        problem,
        loss="squared_error" if task == "regression" else "cross_entropy",
        optimizer=optimizers.get(name, learning_rate=1e6, **more),
        epochs=20,
        backend=backend,
        callbacks=[EarlyStopping(patience=20)],
    )
    assert result.status is Status.DIVERGED
    assert result.epochs < 20
    with pytest.raises(TrainingFailed, match=r"DIVERGED: The loss became infinite.*Lower the learning rate"):
        result.raise_for_status()


def test_divergence_is_a_multiple_of_the_first_loss(net, regression):
    rising = optimizers.SGD(0.9)
    strict = train(net, regression, optimizer=rising, epochs=30, divergence=1.0001)
    loose = train(net, regression, optimizer=rising, epochs=30, divergence=float("inf"))
    assert strict.status is Status.DIVERGED
    assert strict.epochs < loose.epochs
    X, y = regression  # a large first loss is the measure, not 1
    large = train(net, (X, 100 * y), optimizer=optimizers.SGD(1e-3), epochs=2, divergence=1.5)
    assert large.history["loss"][0] > 1000
    assert large.status is Status.MAX_EPOCHS


def test_statuses_that_end_well_do_not_raise():
    for status in (Status.MAX_EPOCHS, Status.EARLY_STOPPED, Status.CONVERGED, Status.STOPPED):
        status.raise_for_status()
    for status in (Status.DIVERGED, Status.INTERRUPTED, Status.RUNNING):
        with pytest.raises(TrainingFailed) as error:
            status.raise_for_status()
        assert str(error.value) == f"{status.name}: {status.value}"


class Signal(Callback):
    every = 2

    def on_chunk(self, report):
        if report.epoch == 4:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_control_c_gives_a_usable_result(backend, net, regression, check):
    before = signal.getsignal(signal.SIGINT)
    result = train(net, regression, epochs=500, backend=backend, callbacks=[Signal()])
    assert signal.getsignal(signal.SIGINT) is before is signal.default_int_handler
    assert (result.status, result.epochs, result.history.epochs) == (Status.INTERRUPTED, 4, 4)
    whole = train(net, regression, epochs=4, backend=backend)
    np.testing.assert_array_equal(result.params[0][0], whole.params[0][0])
    with pytest.raises(TrainingFailed, match="INTERRUPTED"):
        result.raise_for_status()


def test_a_second_control_c_ends_the_program(net, regression):
    class Twice(Callback):
        every = 1

        def on_chunk(self, report):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(net, regression, callbacks=[Twice()])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_training_works_beside_the_main_thread(net, regression, check):
    results = []

    def work():
        results.append(train(net, regression, epochs=3, dtype="float64"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    check.same(train(net, regression, epochs=3, dtype="float64"), results[0])


class Recorder(Callback):
    """Notes every call; may ask for the end or fail."""

    def __init__(self, every=None, stop_at=None, fail_in=None):
        self.every, self.stop_at, self.fail_in, self.calls = every, stop_at, fail_in, []

    def _note(self, name, *values):
        self.calls.append((name, *values))
        if self.fail_in == name:
            raise RuntimeError(name)

    def on_start(self, epochs, steps):
        self._note("start", epochs, steps)

    def on_chunk(self, report):
        self._note("chunk", report.epoch, report.status)
        return self.stop_at == report.epoch

    def on_end(self, status):
        self._note("end", status)


def test_a_callback_ends_the_run_and_the_others_are_told(net, regression):
    one, other = Recorder(every=2, stop_at=4), Recorder()
    result = train(net, regression, epochs=100, batch_size=16, callbacks=[one, other])
    assert (result.status, result.epochs) == (Status.STOPPED, 4)
    result.raise_for_status()
    assert one.calls[0] == ("start", 100, 4)
    assert one.calls[-2:] == [("chunk", 4, Status.RUNNING), ("end", Status.STOPPED)]
    assert other.calls == one.calls


def test_a_report_says_what_happened(net, regression, held_out):
    class Look(Callback):
        every = 3

        def on_chunk(self, report):
            self.report, self.copy = report, np.array(report.params[0][0])

    look = Look()
    result = train(net, regression, epochs=6, validation=held_out, callbacks=[look])
    report = look.report
    assert (report.epoch, report.epochs, report.status) == (6, 6, Status.RUNNING)
    assert report.steps_per_second > 0
    assert report.history is result.history
    assert set(report.rows) == {"loss", "learning_rate", "validation_loss", "seconds"}
    np.testing.assert_array_equal(look.copy, result.params[0][0])


@pytest.mark.parametrize("place", ["start", "chunk", "end"])
def test_callbacks_are_told_of_the_end_after_an_error(place, net, regression):
    before, failing, after = Recorder(), Recorder(fail_in=place), Recorder()
    with pytest.raises(RuntimeError, match=place):
        train(net, regression, epochs=2, dtype="float64", callbacks=[before, failing, after])
    assert before.calls[-1][0] == "end"
    assert failing.calls[-1][0] == "end"
    assert (after.calls[-1][0] == "end") if place != "start" else (after.calls == [])


def test_progress_is_drawn(net, regression, held_out):
    file = io.StringIO()
    train(net, regression, epochs=5, validation=held_out, callbacks=[Progress("fitting", file)])
    drawn = file.getvalue()
    for part in ("fitting", "5/5", "loss 1.", "validation ", "rate 1.00e-03", "steps/s"):
        assert part in drawn


def test_the_history_is_a_table(net, regression, held_out):
    history = train(net, regression, epochs=6, validation=held_out).history
    frame = history.frame()
    assert list(frame.index) == [1, 2, 3, 4, 5, 6]
    assert list(frame["loss"]) == list(history["loss"])
    assert repr(history).startswith("History(6 epochs of loss, learning_rate")


def test_progress_of_a_resumed_run_begins_where_it_stopped(net, regression, tmp_path):
    file, checkpoint = io.StringIO(), tmp_path / "run.ckpt"
    train(net, regression, epochs=3, checkpoint=checkpoint)
    bar, seen = Progress("again", file), []
    bar.on_chunk = lambda report: seen.append(report.epoch)  # the bar stays as it began
    train(net, regression, epochs=5, callbacks=[bar], checkpoint=checkpoint, resume=True)
    assert "3/5" in file.getvalue()
    assert "compiling" in file.getvalue()
    assert seen[-1] == 5


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"patience": 0}, "patience must be a whole number >= 1, got 0."),
        ({"min_delta": -1.0}, "min_delta must be finite and >= 0, got -1.0."),
        ({"min_delta": float("nan")}, "min_delta must be finite and >= 0, got nan."),
    ],
)
def test_early_stopping_arguments(arguments, text):
    with pytest.raises(InvalidArgument) as error:
        EarlyStopping(**arguments)
    assert str(error.value) == text


def _norm_at_zero(params, batch):
    """A finite loss; the gradient of ``b`` is 0/0 until it moves, which it cannot."""
    X, y = batch
    return ((X @ params["w"] - y[:, 0]) ** 2).mean() + jnp.sqrt((params["b"] ** 2).sum())


ZERO = {"w": np.full(3, 0.1), "b": np.zeros(2)}


@pytest.mark.parametrize("guard", [False, True])
def test_the_leaf_whose_gradient_is_not_finite_is_named(guard, regression):
    inner = optimizers.Adam(0.01)
    optimizer = transforms.FiniteGuard(inner, max_in_a_row=3) if guard else inner
    result = train(_norm_at_zero, regression, params=ZERO, optimizer=optimizer, epochs=5, batch_size=10)
    assert result.status is Status.DIVERGED
    seen = r"5 steps in a row were skipped\. " if guard else ""
    with pytest.raises(
        TrainingFailed,
        match=rf"^DIVERGED: {seen}The gradient of 'b' was not finite while the loss of the batch was, \d",
    ):
        result.raise_for_status()


@pytest.mark.parametrize("backend", ["jax", "numpy"])
@pytest.mark.parametrize("guard", [False, True])
def test_a_loss_that_is_not_finite_from_the_start_is_told(guard, backend, net, regression):
    X, y = regression
    optimizer = transforms.FiniteGuard(optimizers.SGD(0.01), 2) if guard else optimizers.SGD(0.01)
    result = train(net, (X, 1e30 * y), optimizer=optimizer, epochs=5, batch_size=10, backend=backend)
    seen = "5 steps in a row were skipped. " if guard else ""
    assert result.cause.startswith(f"{seen}The loss of a batch was not finite where the parameters were.")


def test_a_validation_loss_that_is_not_finite_is_told(net, regression, held_out):
    result = train(net, regression, epochs=3, validation=(held_out[0], 1e30 * held_out[1]))
    assert result.status is Status.DIVERGED
    assert result.cause.startswith("The validation loss was not finite while the training loss was")


def test_parameters_that_blew_up_are_named(regression):
    result = train(MLP((3, 6, 2), "relu"), regression, optimizer=optimizers.SGD(1e30), epochs=5)
    assert result.cause.startswith(Status.DIVERGED.value)
    assert result.cause.endswith("Not finite in the end: the parameters '0/0', '0/1', '1/0', '1/1'.")
    assert train(MLP((3, 6, 2)), regression, epochs=1).cause == ""
