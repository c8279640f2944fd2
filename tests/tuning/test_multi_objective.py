"""Pruning with several objectives: the same hypervolume for half of the epochs, on a table."""

import numpy as np
import pytest
from benchmarks.tuning_table import NAMES, Table, front_of, two_objectives

import neuralopt
from neuralopt.core.errors import InvalidArgument
from neuralopt.tuning import ASHA


@pytest.mark.parametrize("name", NAMES)
def test_half_of_the_epochs_reach_the_same_hypervolume(name):
    """The median over five seeds, random configurations with and without pruning."""
    table, shares = Table(name), []
    for seed in range(5):
        options = {
            "directions": ("minimize",) * 2,
            "method": "random",
            "early_stopping_patience": None,
            "seed": seed,
        }
        objective = two_objectives(table)
        whole = front_of(table, neuralopt.tune(objective, table.space, max_trials=60, **options))
        fewer = front_of(
            table, neuralopt.tune(objective, table.space, max_trials=240, pruner=ASHA(), **options)
        )
        reached = [epochs for epochs, volume in fewer if volume >= whole[-1][1] - 1e-12]
        shares.append((reached[0] if reached else np.inf) / whole[-1][0])
    assert np.median(shares) <= 0.5


def test_the_picture(tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    table = Table("diabetes")
    result = neuralopt.tune(table.loss, table.space, max_trials=12)
    figure = result.plot()
    assert len(figure.axes) == 3 + len(table.space)
    figure.savefig(tmp_path / "study.png")
    plt.close(figure)
    assert result.history()["best"].iloc[-1] == result.best_value


@pytest.mark.parametrize("reference", [(1,), (1, 1, 1), "ab", (1, np.nan), None])
def test_a_reference_that_does_not_fit(reference):
    result = neuralopt.tune(
        lambda t: (t["x"], -t["x"]), {"x": ("uniform", -1, 1)}, max_trials=6, directions=("minimize",) * 2
    )
    with pytest.raises(InvalidArgument, match="reference needs 2 finite numbers, one for each objective"):
        result.hypervolume(reference)
    assert repr(result).startswith("TuneResult(6 trials: 6 complete.")
