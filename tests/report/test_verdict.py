"""Who won, by how much, and whether it matters."""

from typing import Any

import pytest

from neuralopt.report.verdict import strips, verdict


def row(method: str, metric: float | None, half: float = 0.01, family: str = "gradient") -> dict[str, Any]:
    low, high = (None, None) if metric is None else (metric - half, metric + half)
    return {
        "method": method,
        "label": method.upper(),
        "family": family,
        "metric": metric,
        "metric_low": low,
        "metric_high": high,
    }


def test_a_clear_win_over_runner_up_and_reference() -> None:
    result = verdict([row("a", 0.95), row("b", 0.90), row("r", 0.85, family="reference")])
    assert result.margin == "0.050 above B, the runner-up"
    assert result.reference == "0.100 above R, the best reference"
    assert result.matters.startswith("Clear: 95 % intervals tell the winner from")
    assert result.overlapping == frozenset()


def test_overlap_is_counted_without_those_that_diverged() -> None:
    rows = [row("a", 0.95), row("b", 0.94), row("c", 0.9), row("d", None)]
    result = verdict(rows)
    assert result.overlapping == {"b"}
    assert result.matters.startswith("1 of 2 others cannot be told from the winner by 95 % intervals;")
    assert verdict(rows[:2]).matters.startswith("Not clear")
    rows.insert(2, row("e", 0.935))
    assert verdict(rows).matters.startswith("2 of 3 others cannot be told from the winner")


def test_references_are_counted_by_name() -> None:
    rows = [row("a", 0.95), row("b", 0.94), row("r", 0.5, family="reference")]
    assert verdict(rows).matters.startswith(
        "1 of 2 others, references included, cannot be told from the winner"
    )


def test_paired_tests_count_before_intervals() -> None:
    """Intervals overlap, and yet rows and seeds in common tell one method from the winner."""
    rows = [row("a", 0.95), row("b", 0.945) | {"p_value": 0.01}, row("c", 0.9) | {"p_value": 0.2}]
    result = verdict(rows)
    assert result.overlapping == {"c"}
    assert result.matters.startswith("1 of 2 others cannot be told from the winner by paired tests;")


def test_touching_intervals_overlap() -> None:
    assert verdict([row("a", 0.75, 0.25), row("b", 0.25, 0.25)]).overlapping == {"b"}


def test_a_reference_that_won_is_said_so() -> None:
    rows = [row("r", 0.95, family="reference"), row("s", 0.93, family="reference"), row("a", 0.9)]
    text = verdict(rows).reference
    assert text.startswith("A reference won: training a network does not pay here.")
    assert text.endswith("It is 0.050 above A, the best method of ours.")
    assert verdict(rows[:1] + rows[2:]).reference.endswith("does not pay here.")  # the margin says the rest


def test_when_all_diverged_there_is_no_winner() -> None:
    result = verdict([row("a", None)])
    assert (result.winner, result.matters) == (None, "No method finished without diverging.")
    assert strips([row("a", None)]) == {}


def test_strips_keep_order_and_leave_the_far_ones_off() -> None:
    laid = strips([row("a", 0.95), row("b", 0.93), row("far", 0.1)])
    assert laid["a"].high == 100
    assert laid["b"].low < laid["b"].value < laid["b"].high == pytest.approx(laid["a"].low + 0.0, abs=13)
    assert laid["far"].off
    assert (laid["far"].low, laid["far"].high) == (0, 0)
    assert not laid["b"].off


def test_equal_points_without_width_do_not_divide_by_zero() -> None:
    assert strips([row("a", 0.5, 0.0), row("b", 0.5, 0.0)])["b"].value == 0
