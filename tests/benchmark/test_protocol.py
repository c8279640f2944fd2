"""The protocol checks itself: clones are not told apart, planted differences are, speeds are measured."""

from itertools import combinations
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from rich.table import Table

from neuralopt import optimizers
from neuralopt.benchmark import Budget, compare, make_task
from neuralopt.benchmark.convergence import speed_ratio
from neuralopt.benchmark.methods import choose_methods, learning_rates
from neuralopt.benchmark.paired import holm, paired_difference
from neuralopt.benchmark.profile import performance_profiles
from neuralopt.benchmark.records import read_record
from neuralopt.benchmark.trials import best_after
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import method
from neuralopt.optimizers import SGD, Adam
from neuralopt.report import build_report, load_records, ranking_table, task_figures
from neuralopt.report.verdict import verdict


@method
class Rescaled(SGD):
    """SGD under another name, searched over learning rates half as large again."""

    learning_rate_range: ClassVar = tuple(1.5 * rate for rate in SGD.learning_rate_range)


@pytest.fixture(scope="module")
def clones(tmp_path_factory):
    """SGD against itself with rescaled learning rates, where a linear model cannot do well."""
    random = np.random.default_rng(0)
    X = random.normal(size=(400, 4))
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["y"] = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * random.normal(size=400)
    task = make_task("waves", frame, "y")
    budget = Budget(rates=9, seeds=5, epochs=60, hidden=(16,))
    folder = tmp_path_factory.mktemp("clones")
    return compare([task], optimizers=[SGD(), ("clone", Rescaled())], budget=budget, output=folder / "run")


def test_a_clone_with_a_rescaled_learning_rate_is_not_told_apart(clones):
    rows = {row["method"]: row for row in clones.ranking["tasks"][0]["rows"]}
    found = [read_record(clones.records / rows[name]["record"]) for name in ("sgd", "clone")]
    assert found[0].header["learning_rates"] != found[1].header["learning_rates"]
    pair = paired_difference(*(record.arrays["test_rows"] for record in found))
    assert pair.p >= 0.05
    assert pair.low < 0 < pair.high


def test_the_linear_model_is_told_apart_where_the_task_is_not_linear(clones):
    task = clones.ranking["tasks"][0]
    rows = {row["method"]: row for row in task["rows"]}
    assert rows["linear"]["p_value"] < 0.05
    assert rows["linear"]["difference_low"] > 0
    assert task["rows"][0]["p_value"] is None


def test_the_target_is_set_from_seeds_that_are_not_compared(clones):
    record = read_record(clones.records / "waves--nadamw.safetensors")
    alone, best = record.arrays["independent_validation_loss"], record.header["best"]
    assert alone.shape == record.arrays["validation_loss"][best].shape
    assert not np.isin(alone, record.arrays["validation_loss"][best]).any()


def test_the_page_has_the_protocol(clones):
    page = build_report(clones.records).read_text(encoding="utf-8")
    for text in ("Paired tests against", "Convergence, stability and test", "Cost of tuning", "Holm"):
        assert text in page
    profile = clones.ranking["profile"]
    assert profile["problems"] == 5
    assert all(0 <= score <= 1 for score in profile["scores"].values())
    assert "Speed over all tasks" in page


def test_seconds_to_the_target_are_beside_the_tables(clones):
    table = pd.read_csv(clones.folder / "timings.csv").set_index("method")
    assert 0 < table.loc["nadamw", "seconds_to_target"] < table.loc["nadamw", "train_seconds"]
    assert np.isnan(table.loc["linear", "seconds_to_target"])


@pytest.mark.parametrize("lead", [0.0, 0.45])
def test_false_alarms_are_rare_and_leads_are_found(lead):
    random = np.random.default_rng(0)
    p = []
    for _ in range(60):
        rows = random.normal(size=(1, 100))  # rows that are hard are hard for both
        one, two = (rows + 0.1 * random.normal(size=(5, 1)) + random.normal(size=(5, 100)) for _ in range(2))
        p.append(paired_difference(one + lead, two).p)
    found = np.mean(np.array(p) < 0.05)
    assert found > 0.95 if lead else found < 0.15


def test_pairs_gain_from_what_seeds_and_rows_share():
    rows = np.random.default_rng(0).normal(size=(5, 200))
    pair = paired_difference(rows + 0.05, rows)
    assert pair.p < 0.01
    assert pair.value == pytest.approx(0.05)
    assert (pair.low, pair.high) == pytest.approx((0.05, 0.05))
    assert paired_difference(rows + 0.05, rows[:1]).p > 0.2


def test_the_effect_is_the_difference_by_its_spread_over_seeds():
    better = np.array([[1.0, 3.0], [2.0, 2.0], [4.0, 4.0]])
    worse = np.array([[0.0, 2.0], [0.0, 0.0], [1.0, 1.0]])
    assert paired_difference(better, worse).effect == pytest.approx(2.0)  # of 1, 2, 3
    assert np.isnan(paired_difference(better[:1], worse[:1]).effect)


def test_holm_is_the_closed_test_of_bonferroni():
    random = np.random.default_rng(0)
    groups = [group for size in range(1, 6) for group in combinations(range(5), size)]
    for _ in range(20):
        p = random.random(5) ** 2
        of = {group: min(1.0, len(group) * p[list(group)].min()) for group in groups}
        closed = [max(value for group, value in of.items() if k in group) for k in range(5)]
        assert holm(p) == pytest.approx(closed)


def test_what_is_found_after_so_many_trials_is_the_mean_over_all_draws():
    random = np.random.default_rng(0)
    test, validation = random.random((5, 3)), random.random((5, 3))
    validation[2, 1] = np.inf
    middle = np.where(np.arange(5) == 2, np.inf, np.median(validation, axis=1))
    found = best_after(test, validation)
    for k in range(1, 6):
        chosen = [min(group, key=lambda i: middle[i]) for group in combinations(range(5), k)]
        wanted = np.mean([np.median(test[i]) for i in chosen if np.isfinite(middle[i])])
        assert found[k - 1, 0] == pytest.approx(wanted)
    assert (found[:, 1] <= found[:, 0]).all()
    assert (found[:, 0] <= found[:, 2]).all()
    assert np.isnan(best_after(test, np.full((5, 3), np.inf))).all()


def test_profiles_and_their_areas():
    costs = {"a": np.array([1.0, 2.0, np.inf, np.inf]), "b": np.array([2.0, 1.0, 5.0, np.inf])}
    factors, profiles, scores = performance_profiles(costs)
    grid = np.linspace(1, 4, 30001)
    ratios = {"a": np.array([1.0, 2.0, np.inf, np.inf]), "b": np.array([2.0, 1.0, 1.0, np.inf])}
    for name, ratio in ratios.items():
        rho = (ratio[:, None] <= grid).mean(axis=0)
        assert scores[name] == pytest.approx(rho.mean(), abs=1e-4)
        np.testing.assert_array_equal(profiles[name], (ratio[:, None] <= factors).mean(axis=0))


def test_a_planted_speed_of_a_fifth_is_found():
    random = np.random.default_rng(0)
    theirs = np.round(100 * np.exp(0.05 * random.normal(size=5)))
    ratio, _, high = speed_ratio(np.round(0.8 * theirs), theirs)
    assert ratio == pytest.approx(0.8, abs=0.01)
    assert high < 0.9
    mine = np.round(100 * np.exp(0.05 * random.normal(size=5)))
    assert speed_ratio(mine, theirs)[1] < 1 < speed_ratio(mine, theirs)[2]
    assert speed_ratio(np.array([np.inf, 1.0]), np.ones(2)) is None


def test_schedules_are_tuned_with_the_optimizer(frame_of, tmp_path):
    task = make_task("t", frame_of("regression"), "y")
    budget = Budget.thorough(rates=3, seeds=2, epochs=8, hidden=(4,), widen=0)
    assert budget.schedules == ("constant", "warmup-cosine")
    result = compare([task], optimizers=[Adam()], budget=budget, output=tmp_path / "run")
    alone = {}
    for name in budget.schedules:
        one = Budget(rates=3, seeds=2, epochs=8, hidden=(4,), widen=0, schedules=(name,))
        other = compare([task], optimizers=[Adam()], budget=one, output=tmp_path / name)
        held = read_record(other.records / "t--adam.safetensors")
        lowest = np.nanmin(held.arrays["validation_loss"][held.header["best"]], axis=1)
        alone[name] = float(np.median(lowest))
    kept = read_record(result.records / "t--adam.safetensors")
    assert kept.header["schedule"] == min(alone, key=alone.get)
    assert alone["constant"] != alone["warmup-cosine"]
    row = next(r for r in result.ranking["tasks"][0]["rows"] if r["method"] == "adam")
    assert (row["schedule"], row["runs"]) == (kept.header["schedule"], 2 * 3 * 2)
    page = build_report(result.records).read_text()
    assert f", {row['schedule']}</td>" in page
    lines = [r for r in ranking_table(result.ranking) if isinstance(r, Table)]
    assert row["schedule"] in " ".join(str(cell) for cell in lines[0].columns[-1].cells)


def test_divergences_of_both_schedules_are_counted(frame_of, tmp_path):
    task = make_task("t", frame_of("regression"), "y")
    budget = Budget(
        rates=(1e-2, 1e9), seeds=2, epochs=3, hidden=(4,), schedules=("constant", "warmup-cosine")
    )
    sgd = optimizers.get("sgd", learning_rate=0.1)
    result = compare(
        [task], optimizers=[("sgd", sgd)], budget=budget, output=tmp_path / "run", references=False
    )
    (row,) = result.ranking["tasks"][0]["rows"]
    assert (row["diverged_runs"], row["runs"]) == (4, 8)


def test_a_reference_that_diverged_sets_no_target(frame_of, tmp_path):
    task = make_task("t", frame_of("regression"), "y")
    budget = Budget(rates=(1e8, 1e9, 1e10), seeds=2, epochs=6, hidden=(4,), activation="relu")
    result = compare([task], optimizers=["sgd"], budget=budget, output=tmp_path / "run")
    (concluded,) = result.ranking["tasks"]
    lost = [r for r in concluded["rows"] if r["metric"] is None]
    assert [r["status"] for r in lost] == ["Diverged at every learning rate."] * 2
    assert concluded["tables"][0]["note"] == "There is no target, for the reference NAdamW diverged."
    assert verdict(concluded["rows"]).matters.endswith(" 2 others have no test figure.")
    drawn = {figure.key for figure in task_figures(load_records(result.records).tasks[0])}
    assert "tuning" not in drawn  # nothing to draw


def test_budgets():
    full = Budget.thorough()
    assert (full.rates, full.seeds, full.widen) == (9, 10, 3)
    assert Budget.thorough(seeds=6).seeds == 6
    with pytest.raises(InvalidArgument, match="schedules must be among constant, warmup-cosine, got step"):
        Budget(schedules=("step",))
    with pytest.raises(InvalidArgument, match="got none"):
        Budget(schedules=())


def test_rates_that_are_given_stay_as_they_are(frame_of, tmp_path):
    task = make_task("t", frame_of("regression"), "y")
    given = Budget(rates=(1e-5, 1e-4, 1e-3), seeds=2, epochs=2, hidden=(3,))
    result = compare([task], optimizers=["adam"], budget=given, output=tmp_path / "run")
    assert read_record(result.records / "t--adam.safetensors").header["learning_rates"] == [1e-5, 1e-4, 1e-3]
    wide = Budget(rates=3, seeds=2, epochs=2, hidden=(3,))
    result = compare([task], optimizers=["adam"], budget=wide, output=tmp_path / "wide")
    tried = read_record(result.records / "t--adam.safetensors").header["learning_rates"]
    assert set(learning_rates(choose_methods(["adam"])[0], 3)) < set(tried)


def test_small_p_values_are_those_of_a_test_that_knows_the_distribution():
    random = np.random.default_rng(0)
    for rows, lead in ((400, 0.2), (400, 0.27), (30_000, 0.02), (30_000, 0.03)):
        noise = random.normal(size=(1, rows))
        noise += lead - noise.mean()
        p, exact = (
            paired_difference(noise, np.zeros((1, rows))).p,
            scipy.stats.ttest_1samp(noise[0], 0).pvalue,
        )
        assert np.log(p) == pytest.approx(np.log(exact), rel=0.25)
    # of 200 resamples, which is all there are for so many rows, none lies beyond zero
    assert holm([p] * 40)[0] < 0.05
    assert paired_difference(np.ones((1, 5)), np.zeros((1, 5))).p == 2.0**-4
