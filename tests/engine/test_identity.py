"""What belongs to a run: another loss or other data are found out, wherever they differ."""

import subprocess
import sys

import jax
import numpy as np
import optax
import pytest

from neuralopt import MLP, Callback, EarlyStopping, optimizers, train
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.identity import data_digest, describe, fingerprint

X = np.random.default_rng(0).normal(size=(2000, 3))
Y = X[:, :1] * X[:, 1:2]


def test_data_that_differ_in_the_middle_are_other_data():
    changed = X.copy()
    changed[1000, 1] += 1e-9
    assert data_digest([X, Y]) == data_digest([X.copy(), Y.copy()])
    assert data_digest([X, Y]) != data_digest([changed, Y])
    assert data_digest([np.float32(1)]) != data_digest([np.float32(2)])


def test_functions_are_known_by_what_they_do():
    def scaled(factor):
        return lambda p, y: factor * (p - y) ** 2

    assert describe(lambda p, y: (p - y) ** 2) != describe(lambda p, y: (p - y) ** 4)
    assert describe(scaled(1.0)) == describe(scaled(1.0)) != describe(scaled(2.0))
    assert describe(optimizers.from_optax(optax.sgd(0.1))) != describe(optimizers.from_optax(optax.sgd(0.2)))
    assert describe(MLP((3, 1)).forward) != describe(MLP((4, 1)).forward)


def test_the_description_is_the_same_in_another_process():
    program = (
        "from neuralopt.engine.identity import fingerprint\n"
        "def f(p, y, k=3):\n    return [q for q in (p, y)]\n"
        "print(fingerprint(loss=f, seed=1))"
    )
    said = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(said) == 1
    assert "0x" not in said.pop()


def test_another_loss_or_other_data_are_refused_on_resume(tmp_path):
    path = tmp_path / "run.ckpt"
    train(MLP((3, 1)), (X, Y), epochs=1, loss=lambda p, y: (p - y) ** 2, checkpoint=path)
    changed = Y.copy()
    changed[900:1100] = 0
    with pytest.raises(InvalidArgument, match="belongs to another run: its data"):
        train(
            MLP((3, 1)), (X, changed), epochs=2, loss=lambda p, y: (p - y) ** 2, checkpoint=path, resume=True
        )
    with pytest.raises(InvalidArgument, match="belongs to another run: its model"):
        train(MLP((3, 1)), (X, Y), epochs=2, loss=lambda p, y: (p - y) ** 4, checkpoint=path, resume=True)


def test_a_callback_that_fails_does_not_cost_the_run(tmp_path):
    class Failing(Callback):
        every = 2

        def on_chunk(self, report):
            if report.epoch == 4:
                raise RuntimeError("no")

    path = tmp_path / "run.ckpt"
    with pytest.raises(RuntimeError, match="no"):
        train(MLP((3, 1)), (X, Y), epochs=6, checkpoint=path, callbacks=[Failing()])
    resumed = train(MLP((3, 1)), (X, Y), epochs=6, checkpoint=path, resume=True)
    whole = train(MLP((3, 1)), (X, Y), epochs=6)
    np.testing.assert_array_equal(resumed.history["loss"], whole.history["loss"])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"callbacks": [print]}, r"callbacks must be a list of Callback objects, got \[<built-in"),
        ({"callbacks": EarlyStopping()}, "Put a single one in brackets"),
        ({"resume": True}, "resume=True needs a checkpoint to go on from"),
        ({"checkpoint": "."}, r"checkpoint must be a file, got the folder '\.'"),
    ],
)
def test_arguments_that_cannot_be_meant(arguments, text):
    with pytest.raises(InvalidArgument, match=text):
        train(MLP((3, 1)), (X, Y), epochs=1, **arguments)


def test_a_misspelt_argument_is_answered_with_the_nearest():
    from neuralopt import NeuralRegressor

    with pytest.raises(
        TypeError, match=r"Adam has no argument 'learning_rat'\. Did you mean 'learning_rate'"
    ):
        optimizers.Adam(learning_rat=0.9)
    with pytest.raises(
        TypeError, match=r"NeuralRegressor has no argument 'lerning_rate'\. Did you mean 'lea"
    ):
        NeuralRegressor(lerning_rate=1)


def test_fingerprints_name_their_parts():
    assert fingerprint(seed=1, dtype=np.dtype("float32")) == {"seed": "1", "dtype": "float32"}


K, WEIGHTS, HELPER = 2.0, np.ones(2000), lambda x: x


def by_globals(x):
    return HELPER(x) ** K * WEIGHTS[0]


class Powered:
    def __init__(self, k):
        self.k, self.itself = k, self

    def __call__(self, x):
        return x**self.k


def closed(held):
    return lambda x: x * held[0]


def changed(array, by=1e-9):
    array = array.copy()
    array[len(array) // 2] += by
    return array


def test_what_a_function_is_made_of_tells_it_apart(monkeypatch):
    """Attributes of objects, every entry of arrays closed over, what is under jit, and what a module holds."""
    pairs = [
        (Powered(2.0), Powered(3.0)),
        (closed(np.ones(2)), closed(changed(np.ones(2)))),
        (closed(np.ones(2000)), closed(changed(np.ones(2000)))),
        (jax.jit(lambda x: x), jax.jit(lambda x: -x)),
    ]
    for one, other in pairs:
        assert describe(one) != describe(other)
    for again in (lambda: Powered(2.0), lambda: closed(np.ones(2000)), lambda: jax.jit(closed(np.ones(2)))):
        assert describe(again()) == describe(again())
    before = describe(by_globals)
    for name, value in (("K", 3.0), ("WEIGHTS", changed(WEIGHTS)), ("HELPER", lambda x: 2 * x)):
        with monkeypatch.context() as patch:
            patch.setitem(by_globals.__globals__, name, value)
            assert describe(by_globals) != before
    assert describe(by_globals) == before
    assert " at 0x" not in before + describe(Powered(2.0))
