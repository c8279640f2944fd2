"""The readout of sharded rows is that of one process."""

import jax
import numpy as np
import pytest

from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed import all_merge, merge_shards
from neuralopt.readout import comoments, solve, solve_comoments


def rows(offset, n=500):
    random = np.random.default_rng(3)
    H = random.normal(size=(n, 12)) @ random.normal(size=(12, 12)) + offset
    Y = H @ random.normal(size=(12, 2)) + random.normal(size=(n, 2))
    return H, Y, random.random(n)


@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize(
    "bounds", [[250], [1, 3, 499], list(range(10, 500, 10)), [0, 200, 200, 500]], ids=len
)
def test_shards_give_the_ridge_of_all_rows(offset, bounds):
    H, Y, weights = rows(offset)
    shards = [comoments(*part) for part in zip(*(np.split(a, bounds) for a in (H, Y, weights)), strict=True)]
    whole = solve(H, Y, 0.3, weights=weights)
    merged = solve_comoments(merge_shards(shards), 0.3)
    for name in ("weights", "bias"):
        wanted, found = getattr(whole, name), getattr(merged, name)
        assert np.abs(found - wanted).max() <= 1e-10 * max(1, np.abs(wanted).max())


def test_workers_agree_in_one_collective(x64):
    H, Y, _ = rows(1e3)
    together = jax.vmap(lambda h, y: all_merge(comoments(h, y)), axis_name="workers", out_axes=None)
    merged = together(H.reshape(5, 100, 12), Y.reshape(5, 100, 2))
    whole = solve(H, Y, 0.3)
    found = solve_comoments(merged, 0.3)
    np.testing.assert_allclose(found.weights, whole.weights, atol=1e-10)


def test_shards_must_belong_together():
    H, Y, _ = rows(0.0)
    with pytest.raises(InvalidArgument) as caught:
        merge_shards([comoments(H, Y), comoments(H[:, :3], Y)])
    text = "merge_shards needs co-moments of the same features and targets, got hy of (12, 2), hy of (3, 2). Likely cause:"
    assert str(caught.value).startswith(text)
    with pytest.raises(InvalidArgument, match="got none"):
        merge_shards([])
