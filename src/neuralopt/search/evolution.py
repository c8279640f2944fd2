"""``EvolutionModel``: the same networks and losses by CMA-ES, a population method, as a peer."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralopt.core.errors import missing_dependency
from neuralopt.core.results import Status
from neuralopt.core.scalars import check_count
from neuralopt.core.tree import ravel, unravel
from neuralopt.engine import History
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.models import MLP
from neuralopt.search.base import SearchedModel
from neuralopt.search.net import Net
from neuralopt.search.settings import check_budget, check_sizes
from neuralopt.search.targets import check_loss, read_inputs, read_targets

_MANY = 500  # parameters above which only the diagonal of the covariance is learned


class EvolutionModel(SearchedModel):
    """A network trained by the covariance matrix adaptation evolution strategy of the package ``cmaes``.

    Above 500 parameters the separable variant is used, whose cost is linear in their number.

    Parameters
    ----------
    input_size : int >= 1
        Width of the input.
    hidden_sizes : sequence of int >= 1
        Units of the hidden layers; empty for a linear model.
    output_size : int >= 1
        Width of the output.
    loss : str or callable, default "squared_error"
        As for `SearchModel`.
    activation : str, default "tanh"
        Of the hidden layers.
    sigma : float > 0, default 0.5
        The first standard deviation.
    budget_s : float > 0, optional
        Seconds at most.
    seed : int >= 0, default 0
        Of the initial parameters and of the population.

    References
    ----------
    Hansen and Ostermeier, 2001, Evolutionary Computation 9(2); Ros and Hansen, 2008, PPSN X.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]); y = np.array([0, 1, 1, 0])
    >>> model = EvolutionModel(2, [4], 1, loss="cross_entropy", activation="step")
    >>> history = model.evolve(X, y, generations=60)
    >>> bool(history["loss"][-1] <= history["loss"][0])
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_sizes: Sequence[int],
        output_size: int,
        *,
        loss: Any = "squared_error",
        activation: str = "tanh",
        sigma: float = 0.5,
        budget_s: float | None = None,
        seed: int = 0,
    ) -> None:
        given = {"input_size": input_size, "hidden_sizes": hidden_sizes, "output_size": output_size}
        check_loss(loss)
        self.loss, self.sigma, self.budget_s = loss, sigma, check_budget(budget_s)
        self.seed = check_count("seed", seed, low=0)
        options = {"loss": loss, "activation": activation, "sigma": sigma, "budget_s": budget_s, "seed": seed}
        self._begin(MLP(tuple(check_sizes(given)), activation), {**given, **options})

    def evolve(self, X: Any, y: Any, generations: int = 100) -> History:
        """Evolve parameters.

        Parameters
        ----------
        X : array of shape (n, input_size)
            Inputs.
        y : array of shape (n,) or (n, output_size)
            Targets or labels, as for `SearchModel.search`.
        generations : int >= 1, default 100
            At most.

        Returns
        -------
        History
            ``loss``, the best so far after each generation.

        Raises
        ------
        MissingDependency
            Without the package ``cmaes``.
        DataError
            For data that cannot be used.
        """
        count = check_count("generations", generations)
        try:
            import cmaes
        except ImportError:
            raise missing_dependency("cmaes", "search", "EvolutionModel") from None
        begun = time.perf_counter()
        end = np.inf if self.budget_s is None else begun + self.budget_s
        X = read_inputs(X, self.mlp.layer_sizes[0])
        targets = read_targets(y, len(X), self.mlp.layer_sizes[-1], self.loss)
        first = self._trained or self.mlp.init(self.seed)
        objective = targets.objective(self.loss, Net(self.mlp, first, X).outputs)
        start = np.asarray(ravel(first), np.float64)
        kind = cmaes.SepCMA if len(start) > _MANY else cmaes.CMA
        strategy = kind(mean=start, sigma=self.sigma, seed=self.seed)

        def value(x: np.ndarray) -> float:
            out = self.mlp.forward(unravel(x, first), X)
            found = float(objective.values(out[None], targets.y)[0])
            return found if np.isfinite(found) else np.inf

        best, least, losses, seconds = start, value(start), [], []
        status = Status.MAX_EPOCHS
        with DeferredInterrupt() as interrupt:
            for _ in range(count):
                since = time.perf_counter()
                told = []
                for _ in range(strategy.population_size):
                    x = strategy.ask()
                    told.append((x, value(x)))
                    if told[-1][1] < least:
                        best, least = told[-1]
                    if time.perf_counter() >= end or interrupt.requested:
                        break
                losses.append(least)
                seconds.append(time.perf_counter() - since)
                if interrupt.requested:
                    status = Status.INTERRUPTED
                    break
                if time.perf_counter() >= end:
                    status = Status.BUDGET
                    break
                strategy.tell(told)
        history = History({"loss": np.array(losses), "seconds": np.array(seconds)})
        params = [(np.asarray(W), np.asarray(b)) for W, b in unravel(best, first)]
        self._take(params, history, status, targets.classes, targets.one_column)
        self.choice = {"method": kind.__name__}
        return self.history
