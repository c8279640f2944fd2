"""``SearchModel``: a network trained by exact and grid line searches over its weights."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from neuralopt.core.errors import refuse_unknown
from neuralopt.core.validation import check_count
from neuralopt.engine import History
from neuralopt.search.base import SearchedModel
from neuralopt.search.run import Run
from neuralopt.search.settings import check_budget, check_settings
from neuralopt.search.targets import read_inputs, read_targets
from neuralopt.search.watching import watching


class SearchModel(SearchedModel):
    """TO BE WRITTEN."""

    @refuse_unknown
    def __init__(
        self,
        input_size: int,
        hidden_sizes: Sequence[int],
        output_size: int,
        weight_range: Sequence[float] = (-5.0, 5.0),
        bias_range: Sequence[float] = (-5.0, 5.0),
        weight_range_size: int = 100,
        bias_range_size: int = 100,
        *,
        line: str = "auto",
        order: str = "cyclic",
        directions: Sequence[str] | str | None = None,
        loss: Any = "squared_error",
        activation: str = "tanh",
        levels: Sequence[float] | None = None,
        restarts: int = 0,
        readout: str | None = None,
        budget_s: float | None = None,
        tolerance: float | None = None,
        seed: int = 0,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        self.settings = check_settings(given)
        self._begin(self.settings.mlp)

    def search(
        self, X: Any, y: Any, max_iterations: int = 30, *, budget_s: float | None = None, verbose: bool = False
    ) -> History:
        """Search; see class."""
        sweeps = check_count("max_iterations", max_iterations)
        settings = self.settings
        if budget_s is not None:
            settings = dataclasses.replace(settings, budget_s=check_budget(budget_s))
        X = read_inputs(X, self.mlp.layer_sizes[0])
        targets = read_targets(y, len(X), self.mlp.layer_sizes[-1], settings.loss)
        with watching("search", sweeps * (1 + settings.restarts), verbose) as watch:
            found = Run(settings, X, targets, self._trained, watch).go(sweeps)
        self._take(found.params, found.history, found.status, targets.classes, targets.one_column)
        self.choice = found.choice
        return self.history
