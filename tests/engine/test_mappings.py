"""A process may have so many memory mappings and no more; compiled programs are given back before."""

import jax
import numpy as np
import pytest

import neuralopt
from neuralopt.engine import mappings

X = np.random.default_rng(0).normal(size=(20, 2))


def _trained(units):
    return neuralopt.train(neuralopt.MLP((2, units, 1)), (X, X[:, 0]), epochs=1, seed=0)


@pytest.mark.parametrize(("use", "kept"), [("train", 600), ("evaluate", 75)])
def test_structures_without_end_do_not_fill_the_table(monkeypatch, use, kept):
    """Eight programs that train hold more than a thousand mappings, eight that evaluate more than 85."""
    model = _trained(2).model
    jax.clear_caches()
    start = mappings.mappings()
    monkeypatch.setattr(mappings, "_limit", lambda: 2 * start + 20)
    monkeypatch.setattr(mappings, "_PROGRAMS", 4)
    for rows in range(10, 18):
        if use == "train":
            _trained(rows)
        else:
            neuralopt.evaluate(model, (X[:rows], X[:rows, 0]))
    assert mappings.mappings() < start + kept


def test_what_was_forgotten_is_made_again(monkeypatch):
    before = _trained(5)
    monkeypatch.setattr(mappings, "_limit", lambda: 0)
    monkeypatch.setattr(mappings, "_PROGRAMS", 0)
    after = _trained(5)
    for one, other in zip(jax.tree.leaves(before.params), jax.tree.leaves(after.params), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_system_without_such_a_table_keeps_everything(monkeypatch, tmp_path):
    monkeypatch.setattr(mappings, "_PROC", tmp_path)
    monkeypatch.setattr(mappings, "_PROGRAMS", 0)
    monkeypatch.setattr(jax, "clear_caches", lambda: pytest.fail("nothing is to be forgotten"))
    assert mappings.mappings() == 0
    _trained(5)
