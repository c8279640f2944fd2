"""Simulated workers: one big batch, NumPy loops over workers, resuming, what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import neuralopt
from neuralopt import Callback, EarlyStopping, Status, train
from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed import (
    DGC,
    Bf16,
    DataParallel,
    DiLoCo,
    Fp32,
    Int8,
    LocalSGD,
    Network,
    ParameterServer,
    PowerSGD,
    SignMajority,
    TopK,
)
from neuralopt.optimizers import GD, LBFGS, SGD, Adam, AdamW, ScheduleFreeSGD
from neuralopt.schedules import Cosine
from neuralopt.transforms import ClipByGlobalNorm, FiniteGuard, chain

ROOT = Path(__file__).parents[2]


def distance(one, other):
    pairs = zip(jax.tree.leaves(one.params), jax.tree.leaves(other.params), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


@pytest.mark.parametrize(
    ("workers", "given"),
    [
        (4, {"optimizer": chain(ClipByGlobalNorm(0.5), AdamW(Cosine(0.05, 20)))}),
        (3, {"optimizer": SGD(0.1, momentum=0.9)}),
        (2, {"optimizer": GD(0.1), "batch_size": None}),
        (4, {"optimizer": FiniteGuard(Adam(0.01)), "dropout": 0.3}),
        (3, {"optimizer": SGD(0.1), "dropout": 0.3}),
    ],
    ids=["whole shares", "unequal shares", "full batch", "dropout and a guard", "dropout, unequal shares"],
)
def test_synchronous_workers_are_one_big_batch(net, regression, workers, given):
    given = {"epochs": 5, "batch_size": 16, "dtype": "float64", "validation": regression, **given}
    one = train(net, regression, **given)
    several = train(net, regression, distribute=DataParallel(workers=workers), **given)
    assert distance(one, several) <= 1e-12
    for name in ("loss", "validation_loss", "learning_rate"):
        np.testing.assert_allclose(several.history[name], one.history[name], rtol=1e-12)


def test_a_loss_of_ones_own(regression):
    def loss(params, batch):
        X, y = batch
        return jax.numpy.mean((X @ params["W"] - y) ** 2)

    given = {"params": {"W": np.zeros((3, 2))}, "epochs": 3, "batch_size": 10, "dtype": "float64"}
    one = train(loss, regression, **given)
    assert distance(one, train(loss, regression, distribute=DataParallel(workers=2), **given)) <= 1e-12
    with pytest.raises(
        InvalidArgument, match="a loss of one's own takes equal shares of each batch, got batch_size=10"
    ):
        train(loss, regression, distribute=DataParallel(workers=4), **given)


def by_hand(net, data, workers, period, epochs, batch, seed, outer, rate=0.1):
    """Local training in NumPy: SGD on every worker's rows, then the outer step."""
    from neuralopt.core import tree
    from neuralopt.engine.batches import plan_batches
    from neuralopt.models import get_loss

    X, y = data
    plan = plan_batches(len(X), batch, full_batch=False, weighted=True, dtype=np.float64)
    whole = net.init(seed, np.float64)
    theirs, velocity, step = [whole] * workers, tree.map(np.zeros_like, whole), 0
    for epoch in range(epochs):
        for rows in plan.order(seed, epoch):
            step += 1
            for k, mine in enumerate(np.split(rows, workers)):
                grads = net.value_and_grad(theirs[k], X[mine], y[mine], get_loss("squared_error"))[1]
                theirs[k] = tree.map(lambda p, g: p - rate * g, theirs[k], grads)
            if step % period == 0 or step == epochs * plan.steps:
                way = tree.map(lambda p, *q: p - np.mean(q, axis=0), whole, *theirs)
                velocity = tree.map(lambda v, d: outer[1] * v + d, velocity, way)
                whole = tree.map(lambda p, v, d: p - outer[0] * (d + outer[1] * v), whole, velocity, way)
                theirs = [whole] * workers
    return whole


@pytest.mark.parametrize(
    ("distribute", "outer"),
    [(LocalSGD(workers=2, period=4), (1.0, 0.0)), (DiLoCo(workers=2, period=4), (0.7, 0.9))],
    ids=["LocalSGD", "DiLoCo"],
)
def test_local_training_is_that_of_numpy(net, regression, distribute, outer):
    found = train(
        net, regression, optimizer=SGD(0.1), epochs=3, batch_size=10, dtype="float64", distribute=distribute
    )
    wanted = by_hand(net, regression, 2, 4, 3, 10, 0, outer)
    for a, b in zip(jax.tree.leaves(found.params), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    # steps 4, 8, 12 and the last one, 15: in the epochs 1, 2 and 3
    one = 38 * 8
    assert found.history["bytes_sent"].tolist() == [one, one, 2 * one]


class StopAfter(Callback):
    """End a run after so many epochs."""

    every = 1

    def __init__(self, epochs):
        self.epochs = epochs

    def on_chunk(self, report):
        return report.epoch >= self.epochs


@pytest.mark.parametrize(
    "distribute",
    [DataParallel(exchange=Int8()), DataParallel(exchange=PowerSGD(1)), DiLoCo(period=3, exchange=Int8())],
    ids=["int8", "powersgd", "diloco"],
)
def test_a_resumed_run_is_the_uninterrupted_one(net, regression, tmp_path, distribute):
    given = {"epochs": 6, "batch_size": 16, "distribute": distribute, "validation": regression}
    given["callbacks"] = [EarlyStopping(patience=5)]
    whole = train(net, regression, **given)
    file = tmp_path / "run.ckpt"
    part = {**given, "callbacks": [*given["callbacks"], StopAfter(2)]}
    assert train(net, regression, checkpoint=file, **part).status is Status.STOPPED
    again = train(net, regression, checkpoint=file, resume=True, **given)
    assert distance(whole, again) == 0
    for name in set(whole.history) - {"seconds"}:
        assert np.array_equal(whole.history[name], again.history[name])
    other = {**given, "distribute": DataParallel(workers=3)}
    with pytest.raises(InvalidArgument, match="belongs to another run: its optimizer is"):
        train(net, regression, checkpoint=file, resume=True, **other)


def test_bytes_and_delays(net, regression):
    network = Network(latency=0.001, bandwidth=1e6)
    distribute = DataParallel(exchange=TopK(0.1), network=network)
    history = train(net, regression, epochs=2, batch_size=16, distribute=distribute).history
    assert history["bytes_sent"].tolist() == [4 * 4 * 8] * 2  # 4 steps, 4 of 38 entries
    np.testing.assert_allclose(history["network_seconds"], 4 * (0.001 + 32e-6))
    distribute = DataParallel(exchange=DGC(0.1, warmup_steps=6), network=network)
    history = train(
        net, regression, optimizer=SGD(0.1), epochs=2, batch_size=16, distribute=distribute
    ).history
    # 10 of 38 entries at the steps 0 and 1, after them 4
    assert history["bytes_sent"].tolist() == [8 * (2 * 10 + 2 * 4), 8 * 4 * 4]
    assert "network_seconds" not in train(net, regression, epochs=1, distribute=DataParallel()).history


@pytest.mark.parametrize(
    ("distribute", "optimizer"),
    [
        (DataParallel(exchange=Bf16()), Adam(0.02)),
        (DataParallel(exchange=DGC(0.1, warmup_steps=20)), SGD(0.05)),
        (DataParallel(exchange=SignMajority()), SGD(0.003)),
        (LocalSGD(period=4, exchange=TopK(0.2)), Adam(0.02)),
    ],
    ids=lambda v: repr(v)[:60],
)
def test_they_learn(net, regression, distribute, optimizer):
    result = train(net, regression, optimizer=optimizer, epochs=60, batch_size=16, distribute=distribute)
    assert result.status is Status.MAX_EPOCHS
    assert result.history["loss"][-1] < 0.5 * result.history["loss"][0]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: DataParallel(workers=0), "DataParallel: workers must be a whole number >= 1, got 0."),
        (
            lambda: DataParallel(exchange=Int8),
            "DataParallel: exchange must be an exchange, got <class 'neuralopt.distributed.exchanges.int8.Int8'>. Make one: Int8().",
        ),
        (lambda: DataParallel(network=1), "DataParallel: network must be a Network, got 1."),
        (lambda: LocalSGD(period=0), "LocalSGD: period must be a whole number >= 1, got 0."),
        (
            lambda: DiLoCo(exchange=DGC()),
            "DiLoCo: DGC keeps the momentum of gradients, but what is exchanged here is a way gone. Take Int8(), PowerSGD() or TopK().",
        ),
        (lambda: DiLoCo(outer_momentum=1.0), "SGD: momentum must satisfy 0 <= momentum < 1, got 1.0."),
    ],
)
def test_laws(make, text):
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"distribute": 2},
            "distribute must be DataParallel, LocalSGD, DiLoCo or ParameterServer of neuralopt.distributed, got 2. Likely cause: a number of workers; write DataParallel(workers=2).",
        ),
        ({"backend": "numpy"}, "distribute runs the compiled loop, got backend='numpy'. Leave it out."),
        ({"batch_size": 1}, "every worker needs a row of each batch, got batch_size=1 for 2 workers."),
        ({"optimizer": LBFGS()}, "DataParallel: LBFGS searches along a line"),
        (
            {"optimizer": FiniteGuard(Adam()), "distribute": DataParallel(exchange=Int8())},
            "DataParallel: a guard skips steps whose gradient is not finite, but Int8() would keep",
        ),
        (
            {"optimizer": ScheduleFreeSGD(), "distribute": LocalSGD()},
            "LocalSGD: ScheduleFreeSGD is evaluated at an average, of which every worker would have another.",
        ),
        (
            {"optimizer": "adam", "distribute": DataParallel(exchange=DGC())},
            "DGC keeps the momentum itself, got Adam beside it. Give optimizer=SGD(learning_rate) without momentum; its learning rate is that of DGC's direction.",
        ),
        (
            {"device_memory": 0},
            "DataParallel: the data are larger than the device's share of memory. Raise device_memory.",
        ),
    ],
)
def test_what_cannot_be(net, regression, given, text):
    with pytest.raises(InvalidArgument) as caught:
        train(net, regression, **{"distribute": DataParallel(exchange=Fp32()), **given})
    assert str(caught.value).startswith(text)


def test_devices_and_simulated_workers_agree():
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "NEURALOPT_CACHE": "off", "JAX_NUM_CPU_DEVICES": "4"}
    script = ROOT / "tests/distributed/virtual.py"
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert len(rows) == 3
    for *_, worst, devices in rows:
        assert float(worst) <= 1e-11
        assert devices == "4"


def test_all_names_are_exported():
    room = neuralopt.distributed
    assert all(hasattr(room, name) for name in room.__all__)


@pytest.mark.parametrize("way", [LocalSGD, DiLoCo])
def test_a_run_is_not_stopped_before_its_first_exchange(net, regression, way):
    """Until then what is validated stays as it is, and every patience would end."""
    given = {"epochs": 40, "batch_size": 16, "validation": regression, "distribute": way(period=20)}
    steps = -(-len(regression[0]) // 16)
    rounds = -(-20 // steps)
    with pytest.raises(InvalidArgument) as caught:
        train(net, regression, callbacks=[EarlyStopping(patience=rounds - 1)], **given)
    assert str(caught.value) == (
        f"{way.__name__}: what is validated changes at exchanges alone, every period=20 steps, which are {rounds} "
        f"epochs here; got EarlyStopping with patience={rounds - 1}. Give it at least {rounds}, or a shorter period."
    )
    stopped = train(net, regression, callbacks=[EarlyStopping(patience=rounds)], **given)
    assert stopped.history["bytes_sent"].sum() > 0
    assert stopped.history["validation_loss"].min() < stopped.history["validation_loss"][0]


def test_an_exchange_by_its_name():
    assert DataParallel(exchange="powersgd:2") == DataParallel(exchange=PowerSGD(2))
    assert ParameterServer(exchange="int8") == ParameterServer(exchange=Int8())
    with pytest.raises(InvalidArgument, match=r"unknown exchange 'int9'\. Did you mean 'int8'\?"):
        DataParallel(exchange="int9")
