"""JAX's process-wide settings: float64 and the compilation cache."""

import os
import subprocess
import sys
import textwrap

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

from neuralopt import Callback, train
from neuralopt.engine import precision


class Fail(Callback):
    def on_chunk(self, report):
        assert report.params[0][0].dtype == "float64"
        raise KeyError("mine")


def test_float64_ends_with_the_run_also_after_an_error(net, regression):
    train(net, regression, epochs=1, dtype="float64")
    assert jax.numpy.ones(1).dtype == "float32"
    with pytest.raises(KeyError, match="mine"):
        train(net, regression, epochs=1, dtype="float64", callbacks=[Fail()])
    assert jax.numpy.ones(1).dtype == "float32"


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """JAX as it starts, restored afterwards."""
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    jax.config.update(names[0], None)  # an earlier test of this process may have told JAX
    monkeypatch.delenv("NEURALOPT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


def folder():
    return jax.config.jax_compilation_cache_dir


def test_the_cache_lies_in_the_users_cache_folder(settings):
    precision.use_compilation_cache()
    assert folder() == str(settings / "neuralopt" / "programs")


def test_the_users_own_setting_is_respected(settings, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    precision.use_compilation_cache()
    assert folder() == str(tmp_path)
    assert not settings.exists()


def test_the_variable_names_another_folder_or_none(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("NEURALOPT_CACHE", "off")
    precision.use_compilation_cache()
    assert folder() is None
    monkeypatch.setenv("NEURALOPT_CACHE", str(tmp_path / "mine"))
    precision.use_compilation_cache()
    assert folder() == str(tmp_path / "mine")


@pytest.mark.parametrize("obstacle", ["a file", "no permission", "no home"])
def test_without_a_place_for_it_there_is_no_cache(obstacle, settings, monkeypatch):
    if obstacle == "a file":
        settings.write_text("")
    elif obstacle == "no permission":
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    else:
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setattr(precision.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    precision.use_compilation_cache()
    assert folder() is None


def test_a_second_process_compiles_nothing_and_says_nothing(tmp_path):
    program = """
        import jax, jax.monitoring
        import numpy as np
        events = []
        jax.monitoring.register_event_listener(lambda name, **rest: events.append(name))
        jax.jit(lambda x: x + 1)(1.0)  # JAX was at work before
        import neuralopt
        X = np.random.default_rng(0).normal(size=(40, 2))
        result = neuralopt.train(neuralopt.MLP((2, 16, 1)), (X, X[:, :1]), epochs=2)
        print(sum(name.endswith("/cache_hits") for name in events), float(result.history["loss"][-1]).hex())
    """

    def run():
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
            env={**os.environ, "NEURALOPT_CACHE": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.split()

    first, second = run(), run()
    assert first[0] == "0"
    assert int(second[0]) >= 1
    assert first[1] == second[1]
