"""Strict numerics for all tests: nothing is widened, broadcast or drawn by accident."""

import os
import signal
from collections.abc import Generator
from types import ModuleType

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("NPROC", "1")  # workers of pytest-xdist share the cores; read before jax is imported

import hypothesis
import jax
import pytest

from neuralopt.engine.mappings import make_room

# a shell that starts the tests in the background has them ignore Ctrl-C, and what they start as well;
# what is tested here is what a person at a terminal has
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


jax.config.update("jax_numpy_rank_promotion", "raise")

hypothesis.settings.register_profile(
    "neuralopt", deadline=None, derandomize=True, database=None, max_examples=60
)
hypothesis.settings.load_profile("neuralopt")


@pytest.fixture(autouse=True)
def room_for_programs():
    """Forget compiled programs between two tests, before a run does it within one that counts them."""
    yield
    make_room(0.25)


@pytest.fixture
def x64():
    """Enable float64 in JAX for one test."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def strict_dtypes():
    """Let JAX raise wherever two dtypes meet that are not the same."""
    with jax.numpy_dtype_promotion("strict"):
        yield


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """Return torch, the oracle."""
    return pytest.importorskip("torch")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what is skipped where the tests are the gate: there all that they need is installed."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped where CI is set: {report.longrepr}"
    return report
