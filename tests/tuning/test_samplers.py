"""Samplers are functions of what is known; on tables of real trainings ours is the best."""

import numpy as np
import pytest
from benchmarks.tuning_table import NAMES, Table
from scipy.stats import wilcoxon

from neuralopt.tuning import BayesianSampler, Observation, RandomSampler, SobolSampler, Space, uniform
from neuralopt.tuning.methods import make_sampler

SAMPLERS = [RandomSampler, SobolSampler, BayesianSampler]
SPACE = Space(
    {"kind": ["a", "b"], "x": ("uniform", -2, 2), "n": ("int", 1, 4), "m": uniform(0, 1, when={"kind": "b"})}
)


def loss(params):
    return (params["x"] - 0.5) ** 2 + 0.1 * params["n"] + (0.3 if params["kind"] == "a" else params["m"])


def play(sampler, seed, trials, space=SPACE, objective=loss):
    known = []
    for number in range(trials):
        params = sampler.propose(space, seed, number, known, [])
        known.append(Observation(number, params, (objective(params),)))
    return known


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_proposal_depends_on_nothing_but_its_arguments(sampler):
    known = play(sampler(), 3, 9)
    used = sampler()
    used.propose(SPACE, 99, 20, known[:7], [])
    assert used.propose(SPACE, 3, 8, known[:8], []) == known[8].params
    assert sampler().propose(SPACE, 4, 8, known[:8], []) != known[8].params


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_proposals_fit_the_space(sampler):
    for observation in play(sampler(), 0, 12):
        assert SPACE.check(observation.params) == observation.params


def test_a_batch_spreads_out():
    known, sampler, batch = play(BayesianSampler(), 0, 10), BayesianSampler(), []
    for number in range(10, 14):
        batch.append(sampler.propose(SPACE, 0, number, known, batch))
    assert len({SPACE.key(params) for params in batch}) == 4


def test_what_is_being_evaluated_is_not_proposed_again():
    """Without it two draws find one place; with it the second goes elsewhere."""
    space, sampler = Space({"x": ("uniform", 0, 1)}), BayesianSampler()
    known = [Observation(k, {"x": x}, (1.0 + (k == 4),)) for k, x in enumerate((0, 0.03, 0.52, 0.97, 1))]
    first, again = (sampler.propose(space, 0, number, known, [])["x"] for number in (5, 6))
    other = sampler.propose(space, 0, 6, known, [{"x": first}])["x"]
    assert abs(first - again) < 0.01
    assert abs(first - other) > 0.1


def test_nothing_is_evaluated_twice_in_a_finite_space():
    space = Space({"x": ("int", 0, 4), "y": ["a", "b"]})
    found = play(BayesianSampler(), 0, 10, space, lambda p: p["x"] + (p["y"] == "a"))
    keys = [space.key(o.params) for o in found]
    assert len(set(keys[5:])) == 5


def test_failures_and_infinities_are_survived():
    def bad(params):
        return np.inf if params["x"] > 0.7 else loss(params)

    known = play(BayesianSampler(), 1, 25, objective=bad)
    assert min(o.losses[0] for o in known) < 0.35
    assert all(np.inf == o.losses[0] for o in play(BayesianSampler(), 0, 12, objective=lambda p: np.inf))


def test_several_objectives_are_all_improved():
    known = []
    for number in range(30):
        params = BayesianSampler().propose(SPACE, 0, number, known, [])
        known.append(Observation(number, params, (params["x"] ** 2, (params["x"] - 1) ** 2)))
    late = np.array([o.params["x"] for o in known[10:]])
    assert ((late > -0.3) & (late < 1.3)).mean() > 0.6


@pytest.fixture(scope="module")
def tables():
    return [Table(name) for name in NAMES]


def test_tables_are_whole(tables):
    for table in tables:
        assert np.isfinite(table.best)
        assert table.values.size >= 1000
        assert table.regret([table.best])[0] == 0
        best = np.unravel_index(table.values.argmin(), table.values.shape)
        params = {axis: rows[k] for (axis, rows), k in zip(table.axes.items(), best, strict=True)}
        assert table.loss(params) == table.best


def test_regret_is_below_random_and_tpe(tables):
    """The small version of the benchmark: five seeds a table, forty trials; paired, over tables and seeds."""
    ends = {}
    for method in ("bayesian", "random", "tpe"):
        if method == "tpe":
            pytest.importorskip("optuna")
        ends[method] = [
            table.regret(
                [o.losses[0] for o in play(make_sampler(method), seed, 40, table.space, table.loss)]
            )[-1]
            for table in tables
            for seed in range(5)
        ]
    ours = np.array(ends["bayesian"])
    for other in ("random", "tpe"):
        assert ours.mean() < np.mean(ends[other])
    assert wilcoxon(ours, ends["random"], alternative="less").pvalue < 0.01
