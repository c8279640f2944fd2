"""The order of the ranking, what its rows say, and its summary in words."""

from neuralopt.benchmark.ranking import ranking_rows, summary
from neuralopt.benchmark.records import Record


def record(method, metric, family="gradient", loss=1.0):
    scores = None if metric is None else {"metric": [metric, metric - 0.1, metric + 0.1], "loss": [loss] * 3}
    header = {
        "method": method,
        "label": method.title(),
        "family": family,
        "best": 0 if scores else None,
        "learning_rates": [0.1],
        "diverged": [[scores is None]],
        "scores": scores,
    }
    return method + ".safetensors", Record(header, {})


def test_the_order_of_the_ranking():
    """By metric, then by loss, then by name; what has no figure is last."""
    given = [
        record("e", None),
        record("d", -4.0),
        record("b", 0.5, loss=0.2),
        record("a", 0.5, loss=0.3),
        record("f", 0.5, loss=0.2),
        record("c", 0.0),
    ]
    rows = ranking_rows(given)
    assert [r["method"] for r in rows] == ["b", "f", "a", "c", "d", "e"]
    assert [r["rank"] for r in rows] == [1, 2, 3, 4, 5, 6]
    assert ranking_rows(given[::-1]) == rows
    assert rows[-1]["status"].startswith("Diverged at every learning rate.")


def test_the_summary_in_words():
    facts = {"metric": "r2", "n_test": 12}
    rows = ranking_rows([record("a", 0.5), record("b", 0.45), record("linear", 0.9, "reference")])
    assert summary(rows, facts) == (
        "A is the best network: test R² 0.500 [0.400, 0.600]. 1 other cannot be told apart from it on 12 "
        "test rows (B). Linear does clearly better (0.900 [0.800, 1.000]): a network does not pay here as "
        "it stands."
    )
    assert summary(ranking_rows([record("a", None)]), facts).startswith("Every network diverged.")


def test_diverged_runs_at_other_rates_are_counted():
    lost = record("a", 0.5)
    lost[1].header["diverged"] = [[False, True, False]]
    (row,) = ranking_rows([lost])
    assert (row["diverged_runs"], row["runs"]) == (1, 3)


def test_the_summary_counts_who_overlaps_as_the_report_does():
    """A method whose interval reaches into the winner's is not clearly worse."""
    rows = ranking_rows([record("a", 0.5), record("b", 0.35)])
    assert rows[1]["metric_high"] < rows[0]["metric"]
    assert rows[1]["metric_high"] >= rows[0]["metric_low"]
    assert "1 other cannot be told apart" in summary(rows, {"metric": "r2", "n_test": 12})
