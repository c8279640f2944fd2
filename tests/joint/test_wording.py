"""The verdict on the simulator, and what the final model is called."""

from types import SimpleNamespace

import numpy as np
import pytest

from neuralopt.joint.candidates.selection import Table
from neuralopt.joint.candidates.wording import _helped

NAMES = ("simulator", "real only", "affine")
SIMULATED = (True, False, True)


def table(squares, weights):
    errors = np.sqrt(np.mean(squares, axis=1))
    empty = np.full(3, np.nan)
    return Table(NAMES, errors, errors, empty, empty, np.arange(3), "affine", np.array(weights))


def verdict(alone, affine, chosen, final=None):
    """Return the sentence for squares of twelve rows left out, near these values."""
    noise = np.random.default_rng(0).uniform(0.9, 1.1, 12)
    squares = np.stack([4 * noise, alone * noise, affine * noise[::-1]])
    weights = np.eye(3)[NAMES.index(chosen)]
    fitted = [SimpleNamespace(form=SimpleNamespace(simulated=s)) for s in SIMULATED]
    own = squares[NAMES.index(chosen)] if final is None else final * noise
    return _helped(table(squares, weights), fitted, (squares, own), NAMES.index(chosen), np.ones(12))


@pytest.mark.parametrize(
    ("alone", "affine", "chosen", "text"),
    [
        (1.0, 0.01, "affine", "The simulator helped: the leave-one-out error is 0.1 standard"),
        (1.0, 0.99, "affine", "Whether the simulator helps cannot be told: "),
        (1.0, 1.21, "real only", "The simulator is useless here: the leave-one-out error is 1.1 standard"),
        (1.0, 0.98, "real only", "Whether the simulator helps cannot be told: "),
        (1.0, 0.25, "real only", "The simulator may help: the leave-one-out error is 0.5"),
    ],
)
def test_the_verdict_follows_the_figures(alone, affine, chosen, text):
    said = verdict(alone, affine, chosen)
    assert said.startswith(text)
    assert "with it (affine) and 1 with the real rows alone" in said


def test_the_error_of_a_mixture_is_its_own():
    assert "leave-one-out error is 0.05" in verdict(1.0, 0.01, "affine", final=0.0025)


def test_the_final_model_is_named_by_its_shares():
    squares = np.ones((3, 4))
    assert table(squares, [0, 0, 1.0]).made_of == "affine"
    assert table(squares, [0.25, 0, 0.75]).made_of == "0.75 affine + 0.25 simulator"
