"""``HybridModel``: search, then descend, then search again, and keep the best."""

import dataclasses
import functools
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.results import Status
from neuralopt.core.scalars import check_count
from neuralopt.core.validation import check_resume
from neuralopt.engine import History
from neuralopt.models.mlp import Params
from neuralopt.optimizers import Adam
from neuralopt.search.descent import descend
from neuralopt.search.net import ON_OFF
from neuralopt.search.objectives import Objective
from neuralopt.search.phase import as_whole
from neuralopt.search.restart import Keeping
from neuralopt.search.run import Found, Run
from neuralopt.search.search_model import SearchModel
from neuralopt.search.settings import check_budget
from neuralopt.search.straight_through import check_descended
from neuralopt.search.targets import Targets, read_inputs, read_targets
from neuralopt.search.watching import watching
from neuralopt.storage import Replay

_PHASES = ("search", "gradient", "search again")
_COMPILING = 6.0  # seconds that the engine may take before its first epoch


class _Job(NamedTuple):
    """What all phases of a training have in common."""

    X: np.ndarray
    targets: Targets
    objective: Objective
    length: int
    learning_rate: float
    verbose: bool


class HybridModel(SearchModel):
    """A network trained by a search, then by gradient, then by a search; the best of all is kept.

    A phase that ends above an earlier one is rolled back: the next
    one begins from the best parameters, and so the final loss is never above any phase's end. A network
    with ``levels`` has no gradient phase, which would leave them.

    Parameters
    ----------
    input_size, hidden_sizes, output_size : int, sequence of int, int
        Of the network.
    weight_range, bias_range : (float, float), default (-5, 5)
        Where searched weights and biases may be.
    weight_range_size, bias_range_size : int >= 2, default 100
        Values of the grids.
    line, order : str, default "auto", "cyclic"
        As for `SearchModel`.
    directions : sequence of str, optional
        As for `SearchModel`.
    loss : str or callable, default "squared_error"
        As for `SearchModel`; a callable must be written in JAX.
    activation : str, default "tanh"
        Of the hidden layers.
    levels : sequence of float, optional
        As for `SearchModel`.
    restarts : int, default 0
        Of ``search``; the phases of ``search_and_train`` begin once.
    readout : {"ridge", "search"}, optional
        As for `SearchModel`.
    budget_s : float > 0, optional
        Seconds of all phases together.
    tolerance : float >= 0, optional
        As for `SearchModel`.
    seed : int, default 0
        Of all that is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 3)); y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
    >>> model = HybridModel(input_size=3, hidden_sizes=[5, 4], output_size=1)
    >>> history = model.search_and_train(X, y, num_iterations=5, learning_rate=0.1)
    >>> sorted(set(history["phase"].tolist())), len(history["loss"])
    (['gradient', 'search', 'search again'], 15)
    """

    def search_and_train(
        self,
        X: Any,
        y: Any,
        num_iterations: int = 30,
        learning_rate: float = 0.1,
        *,
        budget_s: float | None = None,
        verbose: bool = False,
        checkpoint: str | Path | None = None,
        checkpoint_every: float = 10.0,
        checkpoint_keep: int = 2,
        resume: bool = False,
    ) -> History:
        """Train in three phases of equal length.

        Parameters
        ----------
        X : array of shape (n, input_size)
            Inputs.
        y : array of shape (n,) or (n, output_size)
            Targets or labels, as for `SearchModel.search`.
        num_iterations : int >= 1, default 30
            Sweeps of each search, epochs of the descent.
        learning_rate : float > 0, default 0.1
            Of the descent, as for `GradientModel.train_model`.
        budget_s : float > 0, optional
            Seconds for all phases together, in place of the constructor's.
        verbose : bool, default False
            Show the progress.
        checkpoint : path, optional
            File that the training is kept in, sweep by sweep and epoch by epoch; written every
            ``checkpoint_every`` seconds and at the end.
        checkpoint_every : float, default 10
            Seconds.
        checkpoint_keep : int >= 1, default 2
            Files that are kept, as for `train`.
        resume : bool, default False
            Go on from an existing checkpoint. Without a budget the result equals that of an uninterrupted
            training, bit for bit; of a budget the rest is left.

        Returns
        -------
        History
            ``loss`` has one value for each sweep or epoch; ``phase`` names its phase.

        Raises
        ------
        DataError, InvalidArgument
            As `SearchModel.search`.
        """
        check_resume(checkpoint, resume)
        count = check_count("num_iterations", num_iterations)
        budget = self.settings.budget_s if budget_s is None else check_budget(budget_s)
        begun = time.perf_counter()
        Adam(learning_rate=learning_rate)  # refuses a rate that the descent could not use
        X = read_inputs(X, self.mlp.layer_sizes[0])
        targets = read_targets(y, len(X), self.mlp.layer_sizes[-1], self.settings.loss)
        objective = self._try_loss(X, targets)
        job = _Job(X, targets, objective, count, learning_rate, verbose)
        begin = self._origin(resume)
        own = {"num_iterations": count, "learning_rate": learning_rate}
        keeping = Keeping(checkpoint, checkpoint_every, checkpoint_keep, resume)
        keeper = keeping.checkpoint("search and train", self.settings, (X, targets.y), begin, **own)
        best: tuple[float, Params | None] = (np.inf, begin)
        histories: list[tuple[str, History]] = []
        status = Status.MAX_EPOCHS
        with Replay(keeper) as replay:
            for place, phase in enumerate(_PHASES):
                left = None if budget is None else begun + budget - time.perf_counter()
                if left is not None and left <= 0:
                    break
                if phase == "gradient":
                    (without,) = replay(lambda left=left: [self._without_gradient(left)])
                    if without:
                        continue
                seconds = None if left is None else left / (3 - place)
                run = self._descend if phase == "gradient" else self._search_phase
                train = functools.partial(run, job, phase, best[1], seconds, replay)
                done, spent = as_whole(replay, train, begun)
                begun, status = min(begun, time.perf_counter() - spent), done.status
                self.choice = done.choice or self.choice
                histories.append((phase, done.history))
                if done.value < best[0]:
                    best = done.value, done.params
                if status is Status.INTERRUPTED:
                    break
        assert best[1] is not None
        self._begun_at = begin, best[1]
        self._take(best[1], _joined(histories), status, targets.classes, targets.one_column)
        return self.history

    def _without_gradient(self, left: float | None) -> bool:
        """Return whether the gradient phase is left out: weights on levels, or no time for a compiler."""
        hurried = left is not None and left < 2 * _COMPILING and self.mlp.activation in ON_OFF
        return self.settings.levels is not None or hurried

    def _search_phase(
        self, job: _Job, phase: str, params: Params | None, seconds: float | None, replay: Replay
    ) -> Found:
        seed = self.settings.seed + _PHASES.index(phase)
        settings = dataclasses.replace(self.settings, budget_s=seconds, restarts=0, seed=seed)
        with watching(phase, job.length, job.verbose) as watch:
            return Run(settings, job.X, job.targets, params, watch, slot=replay.slot()).go(job.length)

    def _descend(
        self, job: _Job, phase: str, params: Params | None, seconds: float | None, replay: Replay
    ) -> Found:
        assert params is not None
        done = descend(
            *(self.mlp, params, job.X, job.targets, self.settings.loss),
            epochs=job.length,
            learning_rate=job.learning_rate,
            batch_size="full",
            seed=self.settings.seed,
            end=np.inf if seconds is None else time.perf_counter() + seconds,
            verbose=job.verbose,
            keep={"checkpoint": replay.slot()},
        )
        value = self._measure(job.X, job.targets, job.objective, done.params)
        return Found(done.params, value, done.history, done.status, {})

    def _try_loss(self, X: np.ndarray, targets: Targets) -> Objective:
        """Return the objective; a loss that a later phase cannot use is refused before the first."""
        loss = self.settings.loss
        outputs = self.mlp.forward(self._trained or self.mlp.init(self.settings.seed), X)
        if callable(loss) and self.settings.levels is None:
            check_descended(loss, outputs, targets.y)
        return targets.objective(loss, outputs)

    def _measure(self, X: np.ndarray, targets: Targets, objective: Objective, params: Params) -> float:
        value = float(objective.values(self.mlp.forward(params, X)[None], targets.y)[0])
        return value if np.isfinite(value) else np.inf


def _joined(histories: list[tuple[str, History]]) -> History:
    """Return one record of all phases."""
    phases = np.concatenate([np.repeat(phase, history.epochs) for phase, history in histories])
    columns = {
        name: np.concatenate([np.asarray(history[name], np.float64) for _, history in histories])
        for name in ("loss", "seconds")
    }
    return History({**columns, "phase": phases})
