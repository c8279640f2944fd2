"""Running a prepared run: chunks of epochs, and what happens between them."""

import contextlib
import time
from collections.abc import Sequence

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.core.results import Status
from neuralopt.engine.callbacks import Callback, Report
from neuralopt.engine.checkpoint import LoopCheckpoint
from neuralopt.engine.diagnosis import diverged_because
from neuralopt.engine.history import History
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.engine.loop import LoopState
from neuralopt.engine.result import TrainResult
from neuralopt.engine.runners import Runner
from neuralopt.engine.statistics import Statistics
from neuralopt.engine.trainable import Trainable
from neuralopt.transforms import decay_policy

_CHUNK_SECONDS = 0.25


def run(
    runner: Runner,
    trainable: Trainable,
    state: LoopState,
    history: History,
    epochs: int,
    callbacks: Sequence[Callback],
    keeper: LoopCheckpoint | None,
    keep_best: bool,
) -> TrainResult:
    """Run chunks until the end; between them book, report, keep."""
    status, seconds, stop = Status.RUNNING, 0.0, False
    policy = decay_policy(runner.method.settled(state.feedback).optimizer, state.params)
    if any(row.kind in ("decoupled", "L2") and np.any(np.asarray(row.decay) != 0) for row in policy.rows):
        for callback in callbacks:
            callback.on_policy(policy)
    if history.epochs:
        for callback in callbacks:
            callback.on_resume(history)
    with contextlib.ExitStack() as ending:  # every callback that was started is told of the end
        for callback in callbacks:
            ending.callback(lambda callback=callback: callback.on_end(status))
            callback.on_start(epochs, runner.plan.steps)
        strides = [c.every for c in callbacks if c.every]
        state, compile_seconds = runner.compile(state)
        first = _report_of(runner, state, history, {}, epochs, 0.0)
        for callback in callbacks:
            callback.on_first(first)
        size = 1
        with DeferredInterrupt() as interrupt:
            while int(state.status) == Status.RUNNING.code and int(state.epoch) < epochs:
                before = int(state.epoch)
                until = min([epochs, before + size, *(before - before % s + s for s in strides)])
                begin = time.perf_counter()
                state, rows = runner.advance(state, until)
                done, elapsed = int(state.epoch) - before, time.perf_counter() - begin
                seconds += elapsed
                # JAX hands dicts back sorted; the loss comes first
                rows = {"loss": rows.pop("loss"), **rows, "seconds": np.full(done, elapsed / done)}
                history.extend(rows)
                size = max(1, min(2 * size, int(_CHUNK_SECONDS * done / max(elapsed, 1e-9))))
                try:
                    stop = _report(runner, state, history, rows, epochs, done / max(elapsed, 1e-9), callbacks)
                except BaseException:
                    if keeper is not None:  # a callback's fault must not cost the run
                        keeper.save(state, history, at_end=True)
                    raise
                if keeper is not None:
                    keeper.save_if_due(state, history)
                if interrupt.requested or stop:
                    break
        status = Status.from_code(state.status)
        if status is Status.RUNNING:
            # a Ctrl-C in the last chunk is told as well: a search around this run must end, too
            asked = Status.INTERRUPTED if interrupt.requested else Status.STOPPED
            ended = int(state.epoch) >= epochs and not interrupt.requested
            status = Status.MAX_EPOCHS if ended else asked
        if keeper is not None:
            keeper.save(state, history, at_end=True)
    cause = diverged_because(runner, trainable, state, history) if status is Status.DIVERGED else ""
    best = int(state.best_epoch)
    chosen = (state.best_params, state.best_statistics) if keep_best and best else runner.kept(state)
    params, statistics = tree.map(np.array, jax.device_get(chosen))  # the user's own, writable
    return TrainResult(
        params=params,
        history=history,
        status=status,
        model=trainable.rebuild(params, statistics),
        epochs=int(state.epoch),
        best_epoch=best,
        seconds=seconds,
        compile_seconds=compile_seconds,
        statistics=Statistics.of(statistics, params),
        decay_policy=policy,
        cause=cause,
    )


def _report(
    runner: Runner,
    state: LoopState,
    history: History,
    rows: dict[str, np.ndarray],
    epochs: int,
    epochs_per_second: float,
    callbacks: Sequence[Callback],
) -> bool:
    report = _report_of(runner, state, history, rows, epochs, epochs_per_second)
    stop = False
    for callback in callbacks:  # all of them are told, also when one has asked for the end
        stop = bool(callback.on_chunk(report)) or stop
    return stop


def _report_of(
    runner: Runner,
    state: LoopState,
    history: History,
    rows: dict[str, np.ndarray],
    epochs: int,
    epochs_per_second: float,
) -> Report:
    return Report(
        epoch=int(state.epoch),
        epochs=epochs,
        steps_per_second=epochs_per_second * runner.plan.steps,
        history=history,
        rows=rows,
        params=state.params,
        status=Status.from_code(state.status),
        evaluated=lambda: runner.kept(state)[0],
    )
