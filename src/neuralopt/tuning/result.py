"""What a study gave."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import TrainingFailed
from neuralopt.tuning.importances import importance
from neuralopt.tuning.pareto import hypervolume, nondominated_ranks
from neuralopt.tuning.study import Study
from neuralopt.tuning.trials import TrialRecord, TrialState, described

if TYPE_CHECKING:
    import pandas


@dataclasses.dataclass(frozen=True)
class TuneResult:
    """What a study gave; made from its journal, whether it has ended or not.

    Attributes
    ----------
    study : Study
        Its trials, events, space and seed.
    folder : Path or None
        Where its journal and records are.
    interrupted : bool
        Whether Ctrl-C ended it; `tune` with ``resume=True`` goes on.
    seconds : float
        Wall time of this run.
    """

    study: Study
    folder: Path | None = None
    interrupted: bool = False
    seconds: float = 0.0
    _refit: Callable[[dict[str, Any]], Any] | None = None

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials, by number."""
        return self.study.trials.all

    @property
    def best_trial(self) -> TrialRecord:
        """The complete trial of the best value of the first objective."""
        best = self.study.trials.best()
        if best is not None:
            return best
        states = [t.state for t in self.trials]
        if not states:
            raise TrainingFailed("the study has no trials yet.")
        if TrialState.COMPLETE in states:
            raise TrainingFailed(
                "no trial gave a finite value: all diverged. Lower the bounds of the learning rate, or "
                "standardise the data."
            )
        if states.count(TrialState.PRUNED) == len(states):
            raise TrainingFailed(
                f"all {len(states)} trials were pruned, none was evaluated to its end. Take a pruner that "
                "begins later (a larger min_steps or startup), or a larger patience."
            )
        failed = next((t for t in reversed(self.trials) if t.error), None)
        cause = "" if failed is None else f" Trial {failed.number}: {failed.error}"
        raise TrainingFailed(f"no trial was evaluated to its end.{cause}")

    @property
    def best_params(self) -> dict[str, Any]:
        """The configuration of the best trial."""
        return dict(self.best_trial.params)

    @property
    def best_value(self) -> float:
        """The value of the best trial."""
        return float(self.best_trial.values[0]) if self.best_trial.values else math.nan

    def best_model(self) -> Any:
        """Train the best configuration by itself and return the model; an estimator is fitted again.

        Returns
        -------
        TrainResult or estimator

        Raises
        ------
        InvalidArgument
            Where the objective was a function, which has no model to give.
        """
        if self._refit is None:
            raise InvalidArgument(
                "the objective was a function, and what it trains is its own. Train with best_params."
            )
        return self._refit(self.best_params)

    def frame(self) -> "pandas.DataFrame":
        """Return all trials as a table, one row each.

        Returns
        -------
        pandas.DataFrame
            Number, state, values, seconds, steps, one column for each hyperparameter, error.
        """
        import pandas

        several = len(self.study.directions) > 1
        rows = []
        for trial in self.trials:
            values = trial.values or (math.nan,) * len(self.study.directions)
            named = {f"value_{k}": v for k, v in enumerate(values)} if several else {"value": values[0]}
            rows.append(
                {
                    "trial": trial.number,
                    "state": trial.state.name,
                    **named,
                    "seconds": trial.seconds,
                    "steps": max(trial.reports, default=0),
                    **{name: trial.params.get(name) for name in self.study.space.names},
                    "error": trial.error,
                }
            )
        return pandas.DataFrame(rows)

    def curves(self) -> "pandas.DataFrame":
        """Return what trials reported: columns trial, step, value (and value_1, ... of several objectives).

        Returns
        -------
        pandas.DataFrame
        """
        import pandas

        rows = [
            {"trial": t.number, "step": step, "value": values[0]}
            | {f"value_{k}": v for k, v in enumerate(values[1:], start=1)}
            for t in self.trials
            for step, values in sorted(t.reports.items())
        ]
        return pandas.DataFrame(rows, columns=None if rows else ["trial", "step", "value"])

    def history(self) -> "pandas.DataFrame":
        """Return the trials in the order in which they ended, with the best complete value so far.

        Returns
        -------
        pandas.DataFrame
            Columns trial, state, value, best.
        """
        import pandas

        sign, best, rows = self.study.trials.signs[0], math.inf, []
        for number in self.study.trials.order:
            trial = self.trials[number]
            value = math.nan if trial.value is None else trial.value
            if trial.state is TrialState.COMPLETE and math.isfinite(value):
                best = min(best, sign * value)
            shown = sign * best if math.isfinite(best) else math.nan
            rows.append({"trial": number, "state": trial.state.name, "value": value, "best": shown})
        return pandas.DataFrame(rows, columns=["trial", "state", "value", "best"])

    def plot(self) -> Any:
        """Draw history, reports, importance and a slice for each hyperparameter.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from neuralopt.tuning.picture import draw

        return draw(self)

    def to_optuna(self, storage: str | Path, name: str = "neuralopt") -> str:
        """Write the study into a storage of Optuna; see `export_to_optuna`.

        Parameters
        ----------
        storage : str or Path
            A database URL such as ``sqlite:///study.db``, or a path of a journal file.
        name : str, default "neuralopt"
            Of the study there.

        Returns
        -------
        str
            What ``optuna-dashboard`` takes.
        """
        from neuralopt.tuning.optuna_bridge import export_to_optuna

        study = self.study
        return export_to_optuna(study.space, study.trials, study.directions, storage, name)

    def importance(self, objective: int = 0) -> dict[str, float]:
        """Return how much each hyperparameter mattered; see `neuralopt.tuning.importance`.

        Parameters
        ----------
        objective : int, default 0
            Which one.

        Returns
        -------
        dict of str to float
        """
        return importance(
            self.study.space, self.trials, self.study.trials.signs, objective=objective, seed=self.study.seed
        )

    def _losses(self) -> tuple[list[TrialRecord], np.ndarray]:
        used = [
            t
            for t in self.trials
            if t.state is TrialState.COMPLETE and t.values and np.isfinite(t.values).all()
        ]
        losses = [self.study.trials.losses(t.values or ()) for t in used]
        return used, np.array(losses, float).reshape(len(used), len(self.study.directions))

    def pareto_front(self) -> list[TrialRecord]:
        """Return the complete trials that no other is better than in every objective.

        Returns
        -------
        list of TrialRecord
            By the first objective, best first.
        """
        used, losses = self._losses()
        front = [k for k, rank in enumerate(nondominated_ranks(losses)) if rank == 0] if used else []
        return [used[k] for k in sorted(front, key=lambda k: tuple(losses[k]))]

    def hypervolume(self, reference: Any) -> float:
        """Return the volume that the front dominates, up to a reference point.

        Parameters
        ----------
        reference : sequence of float
            One value for each objective, worse than what counts.

        Returns
        -------
        float

        Raises
        ------
        InvalidArgument
            For another number of values, or such as are no finite numbers.
        """
        names = self.study.directions
        try:
            values = np.asarray(reference, float).reshape(-1)
        except (TypeError, ValueError):
            values = np.empty(0)
        if len(values) != len(names) or not np.isfinite(values).all():
            raise InvalidArgument(
                f"reference needs {len(names)} finite number{'s' * (len(names) > 1)}, one for each objective "
                f"({', '.join(names)}), got {reference!r}."
            )
        return hypervolume(self._losses()[1], np.array(self.study.trials.losses(values.tolist())))

    def __repr__(self) -> str:
        """Return the summary in a line."""
        return f"TuneResult({' '.join(self.summary().splitlines())})"

    def summary(self) -> str:
        """Return the study in a few lines.

        Returns
        -------
        str
        """
        counts = {s: sum(t.state is s for t in self.trials) for s in TrialState}
        said = ", ".join(f"{n} {s.name.lower()}" for s, n in counts.items() if n)
        best = self.study.trials.best()
        lines = [f"{len(self.trials)} trials: {said}."]
        if best is not None:
            lines.append(f"Best value {best.value:.6g} in trial {best.number}: {described(best.params)}")
        return "\n".join(lines)
