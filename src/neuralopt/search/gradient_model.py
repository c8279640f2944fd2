"""``GradientModel``: the same networks trained by Adam, to compare a search with."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument, raise_problems, refuse_unknown
from neuralopt.core.scalars import check_count
from neuralopt.engine import History
from neuralopt.models import MLP
from neuralopt.models.activations import check_activation
from neuralopt.search.base import SearchedModel
from neuralopt.search.descent import descend
from neuralopt.search.settings import check_budget, check_sizes
from neuralopt.search.straight_through import check_descended
from neuralopt.search.targets import check_loss, read_inputs, read_targets


class GradientModel(SearchedModel):
    """A multi-layer perceptron trained by Adam through `neuralopt.train`, for comparison with a search.

    Step and sign units pass the gradient straight through where ``|z| < 1``. A loss without a gradient
    (01, F1, AUC) is replaced by the cross-entropy, and ``choice`` says so. The best epoch is kept.

    Parameters
    ----------
    input_size : int >= 1
        Width of the input.
    hidden_sizes : sequence of int >= 1
        Units of the hidden layers; empty for a linear model.
    output_size : int >= 1
        Width of the output.
    loss : str or callable, default "squared_error"
        As for `SearchModel`; a callable must be written in JAX.
    activation : str, default "tanh"
        Of the hidden layers.
    batch_size : int >= 1 or "full", default "full"
        Rows of a mini-batch.
    budget_s : float > 0, optional
        Seconds at most; the chunk of epochs that runs then is finished.
    seed : int >= 0, default 0
        Of the initial parameters and of the order of the rows.

    Attributes
    ----------
    mlp : MLP
    params : list of (W, b)
    history : History
    status : Status
    choice : dict of str

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 2)); y = X[:, 0] * X[:, 1]
    >>> model = GradientModel(input_size=2, hidden_sizes=[8], output_size=1)
    >>> history = model.train_model(X, y, num_epochs=100, learning_rate=0.05)
    >>> len(history["loss"]), bool(history["loss"][-1] < history["loss"][0] / 2)
    (100, True)
    """

    @refuse_unknown
    def __init__(
        self,
        input_size: int,
        hidden_sizes: Sequence[int],
        output_size: int,
        *,
        loss: Any = "squared_error",
        activation: str = "tanh",
        batch_size: int | str = "full",
        budget_s: float | None = None,
        seed: int = 0,
    ) -> None:
        problems: list[str] = []
        sizes: list[int] = []
        given: dict[str, Any] = {
            "input_size": input_size,
            "hidden_sizes": hidden_sizes,
            "output_size": output_size,
        }
        for check in (
            lambda: sizes.extend(check_sizes(given)),
            lambda: check_activation(activation),
            lambda: check_loss(loss),
            lambda: check_budget(budget_s),
            lambda: check_count("seed", seed, low=0),
        ):
            try:
                check()
            except InvalidArgument as error:
                problems.append(str(error))
        raise_problems(problems)
        self.loss, self.batch_size, self.budget_s, self.seed = loss, batch_size, budget_s, seed
        options = {"loss": loss, "activation": activation, "batch_size": batch_size}
        self._begin(MLP(tuple(sizes), activation), {**given, **options, "budget_s": budget_s, "seed": seed})

    def train_model(
        self,
        X: Any,
        y: Any,
        num_epochs: int = 30,
        learning_rate: float = 0.1,
        *,
        verbose: bool = False,
        checkpoint: str | Path | None = None,
        checkpoint_every: float = 10.0,
        checkpoint_keep: int = 2,
        resume: bool = False,
    ) -> History:
        """Train, or go on training.

        Parameters
        ----------
        X : array of shape (n, input_size)
            Inputs.
        y : array of shape (n,) or (n, output_size)
            Targets or labels, as for `SearchModel.search`.
        num_epochs : int >= 1, default 30
            Passes over the rows.
        learning_rate : float > 0, default 0.1
            Of Adam; under squared error of targets scaled to a spread of one.
        verbose : bool, default False
            Show the progress.
        checkpoint : path, optional
            File that the training is kept in, as for `train`.
        checkpoint_every : float, default 10
            Seconds between two writings.
        checkpoint_keep : int >= 1, default 2
            Files that are kept.
        resume : bool, default False
            Go on from an existing checkpoint.

        Returns
        -------
        History
            ``loss`` has one value for each epoch.

        Raises
        ------
        DataError, InvalidArgument
            As `SearchModel.search`.
        """
        epochs = check_count("num_epochs", num_epochs)
        end = np.inf if self.budget_s is None else time.perf_counter() + self.budget_s
        X = read_inputs(X, self.mlp.layer_sizes[0])
        targets = read_targets(y, len(X), self.mlp.layer_sizes[-1], self.loss)
        begin = self._origin(resume)
        first = begin or self.mlp.init(self.seed)
        if callable(self.loss):
            check_descended(self.loss, self.mlp.forward(first, X), targets.y)
        done = descend(
            *(self.mlp, first, X, targets, self.loss),
            epochs=epochs,
            learning_rate=learning_rate,
            batch_size=self.batch_size,
            seed=self.seed,
            end=end,
            verbose=verbose,
            keep={
                "checkpoint": checkpoint,
                "checkpoint_every": checkpoint_every,
                "checkpoint_keep": checkpoint_keep,
                "resume": resume,
            },
        )
        self._begun_at = begin, done.params
        self._take(done.params, done.history, done.status, targets.classes, targets.one_column)
        return self.history
