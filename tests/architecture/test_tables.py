"""Regret and Kendall's tau on exhaustively trained spaces; predictors by closed forms."""

import numpy as np
import pytest

from neuralopt.architecture.predictors import PREDICTORS, early_stopping, power_law, sum_of_losses
from neuralopt.architecture.strategies import Ageing, Chooser, Generational, Member, Random, every
from neuralopt.architecture.table import load_table, predictor_taus, simulated_regrets, table_names
from neuralopt.architecture.trainer import Curves
from neuralopt.core.errors import InvalidArgument


@pytest.fixture(scope="module")
def table():
    return load_table("mlp_digits")


def curves(losses):
    return Curves(tuple(losses), tuple(losses), tuple(1 - v for v in losses))


def test_the_table_holds_every_network(table):
    assert "mlp_digits" in table_names()
    assert table.curves.shape == (3, table.space.size, 3, 40)
    assert len(every(table.space)) == 252
    assert np.isfinite(table.curves).all()
    assert 0.95 < table.truth.max() <= 1


def test_a_table_that_there_is_not():
    with pytest.raises(InvalidArgument, match=r"there is no table 'moons'; there are .*mlp_digits"):
        load_table("moons")


def test_a_table_is_kept(table, tmp_path):
    back = load_table(table.save(tmp_path / "t.safetensors"))
    assert back.space == table.space
    np.testing.assert_array_equal(back.curves, table.curves)


@pytest.mark.parametrize(("population", "generations", "epochs"), [(10, 30, 10), (10, 30, 40), (20, 50, 40)])
def test_evolution_regrets_no_more_than_random_search(table, population, generations, epochs):
    """Over 30 seeds, for the same number of epochs."""
    ours, random = (
        simulated_regrets(table, name, population, generations, epochs=epochs)
        for name in ("ageing", "random")
    )
    assert len(ours) == 30
    assert ours.min() >= 0
    assert ours.mean() <= random.mean()


def test_generations_regret_no_more_than_random_search(table):
    """Trained in full: 20 + 20 · 4 of 252 networks."""
    ours = simulated_regrets(table, "generational", 20, 4, epochs=40)
    random = simulated_regrets(table, "random", 20, 4, epochs=40, evaluations=100)
    assert ours.mean() <= random.mean()


def test_every_predictor_orders_the_networks(table):
    """Kendall's tau against full training, which one full training orders by 0.85."""
    taus = {row["predictor"]: row["tau"] for row in predictor_taus(table, 10)}
    assert set(taus) == {*PREDICTORS, "one full training"}
    assert min(taus.values()) > 0.6
    assert max(taus.values()) == taus["one full training"] == pytest.approx(0.854, abs=5e-3)
    assert taus["early_stopping"] == pytest.approx(0.762, abs=5e-3)


def test_a_longer_beginning_tells_more(table):
    few, many = ({r["predictor"]: r["tau"] for r in predictor_taus(table, e)} for e in (2, 20))
    assert all(few[name] < many[name] for name in PREDICTORS)


def test_predictors_by_closed_forms():
    held = curves([3.0, 2.0, 1.5])
    assert early_stopping(held, 10) == -0.5
    assert sum_of_losses(held, 10) == -6.5
    t = np.arange(1, 13)
    assert power_law(curves(0.3 + 1.5 * t**-1.1), 400) == pytest.approx(-(0.3 + 1.5 * 400**-1.1), abs=1e-6)
    assert power_law(curves([0.7] * 5), 100) == pytest.approx(-0.7)
    assert power_law(curves([2.0, 1.0]), 100) == -1.0  # too few to fit: the last one
    assert power_law(curves([2.0, np.nan, 1.0]), 100) == -1.0


def run(kind, space, population, generations, score, fits=lambda genes: True):
    asked = kind(Chooser(space, fits, np.random.default_rng(0)), population, generations)
    members = []
    for number in range(kind.evaluations(population, generations)):
        candidate = asked.ask()
        if candidate is None:
            break
        assert candidate.parent is None or candidate.parent in asked.parents
        members.append((Member(number, candidate.genes, score(candidate.genes)), candidate.parent))
        asked.tell(members[-1][0])
    return members, asked


def test_the_numbers_of_evaluations_in_both_readings():
    assert Generational.evaluations(20, 50) == 1020
    assert Ageing.evaluations(20, 50) == Random.evaluations(20, 50) == 70


def test_the_oldest_dies_of_age_and_the_worst_of_a_generation(table):
    space = table.space
    members, asked = run(Ageing, space, 6, 20, lambda genes: -sum(genes))
    assert asked.parents == set(range(20, 26))
    assert all(parent is not None and n - parent <= 6 for (n, *_), parent in members[6:])
    members, asked = run(Generational, space, 6, 4, lambda genes: -sum(genes))
    best = sorted((m for m, _ in members), key=lambda m: (-m.score, m.number))[:6]
    assert asked.parents == {m.number for m in best}


def test_no_network_is_evaluated_twice_and_a_small_space_ends(table, small_mlps):
    members, _ = run(Ageing, table.space, 20, 100, sum)
    assert len({m.genes for m, _ in members}) == len(members) == 120
    members, asked = run(Random, small_mlps, 50, 50, sum)
    assert len(members) == small_mlps.size
    assert asked.ask() is None


@pytest.mark.parametrize("kind", [Ageing, Generational, Random])
def test_every_candidate_keeps_tight_limits(table, kind):
    """One network in forty fits: it is found by shrinking, not by luck alone."""
    space = table.space

    def fits(genes):
        return space.counts(genes).parameters <= 400

    assert sum(map(fits, every(space))) < 20
    members, _ = run(kind, space, 4, 3, sum, fits)
    assert members
    assert all(fits(m.genes) for m, _ in members)


def test_a_single_training_is_not_compared_with_itself():
    (name,) = [n for n in table_names() if load_table(n).curves.shape[2] == 1]
    found = predictor_taus(load_table(name), 3)
    assert {row["predictor"] for row in found} == set(PREDICTORS)
