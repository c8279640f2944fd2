"""What the three models share: parameters, predictions, files."""

from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.engine import History
from neuralopt.models import MLP
from neuralopt.models.mlp import Params
from neuralopt.search.targets import decode, read_inputs


class SearchedModel:
    """Base."""

    mlp: MLP
    history: History
    status: Status

    def _begin(self, mlp: MLP) -> None:
        self.mlp, self.history, self.status = mlp, History(), Status.RUNNING
        self._trained: Params | None = None
        self._classes: np.ndarray | None = None
        self._one_column = False
        self.choice: dict[str, str] = {}

    def _take(
        self, params: Params, history: History, status: Status, classes: np.ndarray | None, one_column: bool
    ) -> None:
        self._trained, self.history, self.status = params, history, status
        self._classes, self._one_column = classes, one_column

    @property
    def params(self) -> Params:
        if self._trained is None:
            raise InvalidArgument("not trained")
        return self._trained

    def outputs(self, X: Any) -> np.ndarray:
        return self.mlp.forward(self.params, read_inputs(X, self.mlp.layer_sizes[0]))

    def predict(self, X: Any) -> np.ndarray:
        return decode(self.outputs(X), self._classes, self._one_column)
