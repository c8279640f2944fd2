"""Optuna, where it is installed: its samplers by ask and tell, and studies handed over to it."""

import json
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from neuralopt.core.errors import InvalidArgument, missing_dependency
from neuralopt.tuning.dimensions import Categorical, Dimension, Int, LogUniform
from neuralopt.tuning.samplers import Observation, Sampler
from neuralopt.tuning.space import Space
from neuralopt.tuning.trials import Trials, TrialState

_WORST = 1e30  # stands for infinity, which Optuna's samplers do not take


def _optuna(purpose: str) -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        raise missing_dependency("optuna", "tune", purpose) from error
    return optuna


class OptunaSampler(Sampler):
    """Optuna's TPE or Gaussian process, asked anew for every trial: a function of what is known.

    Each proposal makes a study in memory, tells it the trials that have ended, asks once. Pruned trials are
    told with their last report, failed ones with a very large value.

    Parameters
    ----------
    name : {"tpe", "gp"}

    Raises
    ------
    MissingDependency
        When optuna is not installed.
    """

    def __init__(self, name: str) -> None:
        _optuna(f"method {name!r}")
        self.name = name  # type: ignore[misc]  # of a class elsewhere, here of an instance

    def propose(
        self,
        space: Space,
        seed: int,
        number: int,
        known: Sequence[Observation],
        pending: Sequence[dict[str, Any]],
    ) -> dict[str, Any]:
        """See `Sampler.propose`."""
        optuna = _optuna(f"method {self.name!r}")
        objectives = len(known[0].losses) if known else 1
        word = (seed * 1_000_003 + number) % 2**32
        samplers = {"tpe": optuna.samplers.TPESampler, "gp": optuna.samplers.GPSampler}
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is experimental in Optuna is not ours to say
                sampler = samplers[self.name](seed=word)
                study = optuna.create_study(sampler=sampler, directions=["minimize"] * objectives)
                study.add_trials([_frozen(optuna, space, o) for o in known])
                for params in pending:
                    study.enqueue_trial(_encoded(space, params))
                    _suggested(study.ask(), space)
                return _suggested(study.ask(), space)
        finally:
            optuna.logging.set_verbosity(before)


def _suggested(trial: Any, space: Space) -> dict[str, Any]:
    """Ask for every hyperparameter that is there."""
    found: dict[str, Any] = {}
    for name, dimension in space.dimensions.items():
        if not space.active(name, found):
            continue
        if isinstance(dimension, Categorical):
            place = trial.suggest_categorical(name, [_word(c) for c in dimension.choices])
            found[name] = dimension.choices[[_word(c) for c in dimension.choices].index(place)]
        elif isinstance(dimension, Int):
            step = None if dimension.log else dimension.step
            high = dimension.low + (dimension.levels - 1) * dimension.step
            found[name] = (
                trial.suggest_int(name, dimension.low, high, log=True)
                if step is None
                else trial.suggest_int(name, dimension.low, high, step=step)
            )
        else:
            log = isinstance(dimension, LogUniform)
            found[name] = trial.suggest_float(name, dimension.low, dimension.high, log=log)  # type: ignore[attr-defined]  # all others have bounds
    return found


def _word(choice: Any) -> Any:
    """Return a choice as Optuna takes it: text, numbers and truth as they are, tuples as text."""
    return json.dumps(choice) if isinstance(choice, tuple) else choice


def _encoded(space: Space, params: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _word(v) if isinstance(space.dimensions[name], Categorical) else v for name, v in params.items()
    }


def _distribution(optuna: ModuleType, dimension: Dimension) -> Any:
    d = optuna.distributions
    if isinstance(dimension, Categorical):
        return d.CategoricalDistribution([_word(c) for c in dimension.choices])
    if isinstance(dimension, Int):
        high = dimension.low + (dimension.levels - 1) * dimension.step
        return d.IntDistribution(dimension.low, high, log=dimension.log, step=dimension.step)
    low, high = dimension.low, dimension.high  # type: ignore[attr-defined]  # all others have bounds
    return d.FloatDistribution(low, high, log=isinstance(dimension, LogUniform))


def _frozen(optuna: ModuleType, space: Space, known: Observation) -> Any:
    values = [x if math.isfinite(x) else _WORST for x in known.losses]
    return optuna.trial.create_trial(
        values=values,
        params=_encoded(space, known.params),
        distributions={n: _distribution(optuna, space.dimensions[n]) for n in known.params},
    )


def export_to_optuna(
    space: Space, trials: Trials, directions: Sequence[str], storage: str | Path, name: str = "neuralopt"
) -> str:
    """Write a study into a storage of Optuna, so that its dashboard opens it.

    Parameters
    ----------
    space : Space
        Of the study.
    trials : Trials
        Of the study; those that have not ended are left out.
    directions : sequence of str
        Of the objectives.
    storage : str or Path
        A database URL such as ``sqlite:///study.db``, or a path of a journal file.
    name : str, default "neuralopt"
        Of the study there; it must be new.

    Returns
    -------
    str
        What ``optuna-dashboard`` takes.

    Raises
    ------
    MissingDependency
        When optuna is not installed.
    InvalidArgument
        When the storage has a study of that name.
    """
    optuna = _optuna("an export to Optuna")
    place = str(storage)
    if "://" in place:
        held: Any = place
    else:
        held = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(place))
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        try:
            study = optuna.create_study(storage=held, study_name=name, directions=list(directions))
        except optuna.exceptions.DuplicatedStudyError as error:
            raise InvalidArgument(
                f"{place!r} holds a study named {name!r} already. Give another name or place."
            ) from error
        states = optuna.trial.TrialState
        kinds = {
            TrialState.COMPLETE: states.COMPLETE,
            TrialState.PRUNED: states.PRUNED,
            TrialState.FAILED: states.FAIL,
        }
        several = len(directions) > 1
        for trial in trials.ended:
            complete = trial.state is TrialState.COMPLETE
            sound = complete and trial.values is not None and not any(map(math.isnan, trial.values))
            single = {} if several else {step: values[0] for step, values in trial.reports.items()}
            study.add_trial(
                optuna.trial.create_trial(
                    state=kinds[trial.state] if sound or not complete else states.FAIL,
                    values=list(trial.values or ()) if sound else None,
                    params=_encoded(space, trial.params),
                    distributions={n: _distribution(optuna, space.dimensions[n]) for n in trial.params},
                    intermediate_values=single,
                    user_attrs={"number": trial.number, "error": trial.error or "", **trial.notes},
                )
            )
    finally:
        optuna.logging.set_verbosity(before)
    return place
