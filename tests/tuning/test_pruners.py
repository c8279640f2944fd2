"""Decisions of pruners, worked out by hand; dominance and hypervolume against sums."""

import itertools

import numpy as np
import pytest

from neuralopt.core.errors import InvalidArgument
from neuralopt.tuning import ASHA, Hyperband, MedianPruner, hypervolume, nondominated_ranks
from neuralopt.tuning.pruners import NoPruner, make_pruner, stopped_improving
from neuralopt.tuning.trials import Trials


def trials_of(*curves, signs=(1,)):
    found = Trials(signs)
    found.apply({"event": "ask", "trial": 0, "params": [{}] * len(curves)})
    for number, curve in enumerate(curves):
        steps = list(range(1, len(curve) + 1))
        rows = [[v] if np.isscalar(v) else list(v) for v in curve]
        found.apply(
            {"event": "report", "trials": [number], "steps": [steps], "values": [rows], "prune": [False]}
        )
    return found


def ends(pruner, trials, number):
    trial = trials.all[number]
    return pruner.ends(trials, trial, max(trial.reports) - 1)


def test_asha_lets_the_best_third_go_on():
    trials = trials_of([1.0], [2.0], [3.0], [0.5], [0.7], [0.9])
    assert [ends(ASHA(), trials, k) for k in range(6)] == [True, True, True, False, False, True]
    assert not ends(ASHA(), trials_of([5.0]), 0)


def test_asha_decides_at_rungs_only():
    trials = trials_of([9.0, 9.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0])
    assert not ends(ASHA(), trials, 0)
    assert ASHA(2, 3).steps(60) == [2, 6, 18, 54]
    trials = trials_of([9.0] * 3, [1.0] * 3, [1.0] * 3, [1.0] * 3)
    assert ends(ASHA(), trials, 0)


def test_asha_compares_the_best_so_far_and_direction():
    trials = trials_of([1.0, 5.0], [2.0, 2.0])
    assert not ends(ASHA(reduction=2), trials, 0)
    assert ends(ASHA(reduction=2), trials, 1)
    upward = trials_of([1.0], [2.0], signs=(-1,))
    assert ends(ASHA(reduction=2), upward, 0)
    assert not ends(ASHA(reduction=2), upward, 1)


def test_infinite_reports_end_where_rivals_are():
    assert ends(ASHA(), trials_of([np.inf], [1.0]), 0)


def test_several_objectives_go_by_dominance():
    trials = trials_of([(1.0, 5.0)], [(5.0, 1.0)], [(2.0, 6.0)], [(6.0, 6.0)], signs=(1, 1))
    assert [ends(ASHA(reduction=2), trials, k) for k in range(4)] == [False, False, True, True]


def test_on_one_front_the_crowded_part_ends_first():
    trials = trials_of([(0.0, 9.0)], [(4.0, 4.0)], [(4.1, 3.9)], [(9.0, 0.0)], [(7.0, 1.5)], signs=(1, 1))
    assert [ends(ASHA(reduction=2), trials, k) for k in range(5)] == [False, True, True, False, True]
    spread = trials_of(*[[(float(x), 9.0 - x)] for x in (0, 1, 2, 5, 8, 9)], signs=(1, 1))
    assert [ends(ASHA(reduction=2), spread, k) for k in range(6)] == [False, True, True, False, True, False]


def test_the_median():
    trials = trials_of([1.0], [2.0], [3.0], [2.5], [1.5])
    pruner = MedianPruner(startup=3)
    assert [ends(pruner, trials, k) for k in range(5)] == [False, False, True, True, False]
    assert not ends(MedianPruner(startup=5), trials, 2)
    assert not ends(MedianPruner(startup=3, warmup=1), trials, 2)


def test_hyperband_spreads_trials_over_brackets():
    pruner = Hyperband(1, 27, 3)
    assert pruner.brackets == 4
    counts = np.bincount([pruner.bracket(k) for k in range(400)], minlength=4)
    shares = np.array([27 / 4, 9 / 3, 3 / 2, 1])
    np.testing.assert_allclose(counts / 400, shares / shares.sum(), atol=0.02)
    curves = [[float(k)] for k in range(30)]
    eager = [k for k in range(30) if pruner.bracket(k) == 0]
    found = [k for k in range(30) if ends(pruner, trials_of(*curves), k)]
    assert found == eager[max(1, len(eager) // 3) :]


def test_patience_of_a_trial():
    trials = trials_of([3.0, 2.0, 2.5, 2.2, 2.1])
    assert stopped_improving(trials, trials.all[0], 3)
    assert not stopped_improving(trials, trials.all[0], 4)


def test_ranks_are_those_of_the_definition():
    points = np.random.default_rng(0).integers(0, 6, (40, 3)).astype(float)
    ranks = nondominated_ranks(points)
    for i, j in itertools.product(range(40), repeat=2):
        if (points[i] <= points[j]).all() and (points[i] < points[j]).any():
            assert ranks[i] < ranks[j]
    assert set(ranks) == set(range(ranks.max() + 1))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_hypervolume_is_the_share_of_points_dominated(k):
    random = np.random.default_rng(k)
    front, sample = random.random((6, k)), random.random((200_000, k))
    dominated = (front[:, None] <= sample[None]).all(axis=2).any(axis=0).mean()
    assert hypervolume(front, np.ones(k)) == pytest.approx(dominated, abs=0.005)
    assert hypervolume(front, np.zeros(k)) == 0


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: make_pruner("ahsa", None), "Did you mean 'asha'"),
        (
            lambda: make_pruner(3, None),
            "pruner must be one of none, median, asha, hyperband, a Pruner or None, got 3",
        ),
        (lambda: ASHA(reduction=1), "reduction must be a whole number >= 2, got 1"),
        (
            lambda: ends(MedianPruner(), trials_of([(1.0, 2.0)], signs=(1, 1)), 0),
            "pruner 'median' compares one objective, got 2",
        ),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(InvalidArgument, match=text):
        make()


def test_names():
    assert make_pruner(None, 9) == NoPruner()
    assert make_pruner("hyperband", 9) == Hyperband(max_steps=9)
    assert make_pruner("asha", 9) == ASHA()


def test_a_training_of_known_length_is_first_looked_at_after_a_ninth():
    assert make_pruner("asha", 50) == ASHA(min_steps=5)
    assert make_pruner("asha", 5) == ASHA(min_steps=1)
    assert make_pruner("asha", None) == ASHA()
