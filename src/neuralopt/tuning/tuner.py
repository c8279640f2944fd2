"""``tune``: find good hyperparameters of a function, an estimator or a network."""

import contextlib
import inspect
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.models import MLP
from neuralopt.storage import FileLock, Journal, check_writable, remove_leftovers
from neuralopt.tuning.estimator_objective import EstimatorScore, is_estimator
from neuralopt.tuning.evaluation import FunctionObjective, Objective
from neuralopt.tuning.executors import make_executor
from neuralopt.tuning.journals import JOURNAL
from neuralopt.tuning.loop import run_study
from neuralopt.tuning.methods import make_sampler
from neuralopt.tuning.network_objective import NetworkObjective
from neuralopt.tuning.pruners import make_pruner
from neuralopt.tuning.result import TuneResult
from neuralopt.tuning.space import Space
from neuralopt.tuning.study import Study, check_directions

_BATCH = 8


def tune(
    objective: Any,
    space: Any,
    data: Any = None,
    method: Any = "bayesian",
    max_trials: int = 50,
    early_stopping_patience: int | None = 10,
    *,
    directions: str | Sequence[str] | None = None,
    pruner: Any = None,
    trial_patience: int | None = None,
    validation: Any = None,
    cv: Any = None,
    scoring: Any = None,
    loss: Any = "squared_error",
    epochs: int = 50,
    optimizer: Any = "adam",
    batch_size: int | str | None = None,
    dtype: Any = "float32",
    batch: int | None = None,
    workers: int = 1,
    backend: Any = "processes",
    seed: int = 0,
    output: str | Path | None = None,
    resume: bool = False,
    max_failures: int = 5,
    max_retries: int = 2,
    timeout: float | None = None,
    checkpoint_every: float = 5.0,
    observe: Callable[[Study], None] | None = None,
) -> TuneResult:
    """Find good hyperparameters.

    Parameters
    ----------
    objective : callable, estimator, class of estimators, or MLP
        A callable takes a `Trial`, which is a mapping of the hyperparameters, and returns a number, or a
        tuple of one for each objective. An estimator of neuralopt or scikit-learn is fitted and scored on
        held-out rows. An `MLP` is trained by the compiled engine; trials of equal shape in one program.
    space : Space, mapping or sequence
        ``{"learning_rate": log_uniform(1e-5, 1e-1), "batch_size": [16, 32]}``, or
        ``[("learning_rate", "log_uniform", 1e-5, 1e-1), ("batch_size", "categorical", [16, 32])]``.
    data : (X, y), optional
        For estimators and networks.
    method : {"bayesian", "random", "sobol", "tpe", "gp"} or Sampler, default "bayesian"
        The last two are Optuna's and need the extra ``tune``.
    max_trials : int >= 1, default 50
        In all, those before a resume too. A finite space that is used up ends the study earlier.
    early_stopping_patience : int >= 1 or None, default 10
        Begin no more trials when so many have ended since the best value, or the Pareto front of several
        objectives, was last improved.
    directions : {"minimize", "maximize"} or sequence of them, optional
        Of what a callable returns, by default "minimize". Scores of estimators are maximised; of networks
        they follow from ``scoring``.
    pruner : {"asha", "hyperband", "median", "none"}, Pruner or None, default None
        Which trials end early, by what they report.
    trial_patience : int >= 1, optional
        End a trial that has not improved for so many steps (of a network: epochs).
    validation : (X, y), optional
        What estimators and networks are scored on; by default a quarter of the rows is held out.
    cv : int or splitter, optional
        Score estimators by cross-validation instead.
    scoring : optional
        Of estimators as in scikit-learn. Of networks ``"loss"`` (the default), ``"accuracy"``, ``"r2"``
        or ``"parameters"``, or a tuple of these for several objectives.
    loss : str, Loss or callable, default "squared_error"
        Of networks, as for `train`.
    epochs : int >= 1, default 50
        Of networks: of a whole training.
    optimizer : str or Transform, default "adam"
        Of networks, where the space does not name it.
    batch_size : int >= 1, "full" or None, default None
        Of networks, where the space does not name it.
    dtype : {"float32", "float64"}, default "float32"
        Of networks, as for `train`.
    batch : int >= 1, optional
        Trials that are asked for together; by default 8 for networks, otherwise 1.
    workers : int >= 1, default 1
        How many evaluate at the same time; 1 is this process itself, unless the backend is a cluster.
    backend : {"processes"}, Processes or RayCluster, default "processes"
        Where workers are: processes of this machine, or one CPU each of a Ray cluster. Of what these
        hold, ``address``, ``start_timeout`` and ``threads`` count here: a trial may take as long as it
        likes, and ``max_retries`` says how often it begins.
    seed : int >= 0, default 0
        Of everything that is drawn.
    output : path, optional
        Folder of the journal, the trials' checkpoints and the records of the report.
    resume : bool, default False
        Go on with the study in ``output``; what has ended is kept, what had not goes on.
    max_failures : int >= 1, default 5
        Give up when the first so many trials all failed.
    max_retries : int >= 0, default 2
        How often a trial whose worker died is evaluated again, with the same configuration and seed. What
        it had reported counts once. Then it is FAILED. One whose objective raises is FAILED at once.
    timeout : float, optional
        Seconds after which no more trials begin.
    checkpoint_every : float, default 5
        Seconds between two checkpoints of networks that train.
    observe : callable, optional
        Called with the `Study` after every change.

    Returns
    -------
    TuneResult
        After Ctrl-C too, with ``interrupted`` True.

    Raises
    ------
    InvalidArgument, DataError, StorageError
        Before any trial begins.
    TrialsFailed
        When the first trials all failed.
    WorkerError
        When no worker can be started.
    MissingDependency
        For a cluster, without Ray: ``pip install "neuralopt[cluster]"``.

    Examples
    --------
    >>> import neuralopt
    >>> result = neuralopt.tune(lambda trial: (trial["x"] - 2) ** 2, {"x": ("uniform", -5, 5)}, max_trials=30)
    >>> abs(result.best_params["x"] - 2) < 0.2
    True
    """
    begin = time.perf_counter()
    space = Space(space)
    check_count("max_trials", max_trials)
    if early_stopping_patience is not None:
        check_count("early_stopping_patience", early_stopping_patience)
    check_count("workers", workers)
    check_count("max_failures", max_failures)
    check_count("max_retries", max_retries, low=0)
    if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
        raise InvalidArgument(f"timeout must be seconds > 0, got {timeout!r}.")
    if resume and output is None:
        raise InvalidArgument("resume=True needs the folder of the study: give output=.")
    if isinstance(objective, MLP):
        figures = ("loss",) if scoring is None else (scoring,) if isinstance(scoring, str) else tuple(scoring)
        made: Objective = NetworkObjective(
            objective,
            data,
            validation=validation,
            figures=figures,
            loss=loss,
            epochs=epochs,
            optimizer=optimizer,
            batch_size=batch_size,
            dtype=dtype,
            patience=trial_patience,
            batch=_BATCH if batch is None else batch,
            seed=seed,
            checkpoint_every=checkpoint_every,
        )
        refit: Any = made.refit
        made.check(space)
    elif is_estimator(objective):
        score = EstimatorScore(objective, data, validation=validation, cv=cv, scoring=scoring, seed=seed)
        score.check(space)
        made, refit = FunctionObjective(score, ("maximize",)), score.refitted
        made.steps = score.folds
    elif callable(objective) and not inspect.isclass(objective):
        made, refit = FunctionObjective(objective, check_directions(directions or "minimize")), None
    else:
        raise InvalidArgument(
            "objective must be a function of a trial, an estimator, a class of estimators or an MLP, got "
            f"{type(objective).__name__}."
        )
    return tune_objective(
        made,
        space,
        method=method,
        max_trials=max_trials,
        early_stopping_patience=early_stopping_patience,
        pruner=pruner,
        trial_patience=None if isinstance(objective, MLP) else trial_patience,
        batch=made.batch if batch is None else check_count("batch", batch),
        workers=workers,
        backend=backend,
        seed=seed,
        output=output,
        resume=resume,
        max_failures=max_failures,
        max_retries=max_retries,
        timeout=timeout,
        observe=observe,
        refit=refit,
        begin=begin,
    )


def tune_objective(
    objective: Objective,
    space: Space,
    *,
    method: Any,
    max_trials: int,
    early_stopping_patience: int | None,
    pruner: Any,
    trial_patience: int | None,
    batch: int,
    workers: int,
    backend: Any,
    seed: int,
    output: str | Path | None,
    resume: bool,
    max_failures: int,
    max_retries: int,
    timeout: float | None,
    observe: Callable[[Study], None] | None,
    refit: Any,
    begin: float,
) -> TuneResult:
    """Run a study of an `Objective`; the arguments are those of `tune`."""
    folder = None if output is None else Path(output).expanduser()
    made, sampler = make_pruner(pruner, objective.steps), make_sampler(method)
    if isinstance(objective, NetworkObjective):
        objective.stops = made.steps(objective.epochs)
    with contextlib.ExitStack() as held:
        # first of all: what it refuses is refused before a folder is made
        executor = held.enter_context(contextlib.closing(make_executor(objective, workers, backend)))
        journal = None
        if folder is not None:
            check_writable(folder / JOURNAL)
            held.enter_context(FileLock(folder / "study.lock", f"the study in '{folder}'"))
            journal = Journal(folder / JOURNAL)
        study = Study(
            space,
            sampler,
            directions=objective.directions,
            pruner=made,
            patience=trial_patience,
            steps=objective.steps,
            seed=seed,
            journal=journal,
            facts={"batch": batch, **objective.identity()},
            resume=resume,
        )
        # workers may stand in another folder
        checkpoints = None if folder is None else (folder / "checkpoints").absolute()
        if checkpoints is not None:
            checkpoints.mkdir(exist_ok=True)
            for place in (checkpoints.parent, checkpoints):  # of a study that was killed while it wrote
                remove_leftovers(place)
        interrupted = run_study(
            study,
            executor,
            max_trials=max_trials,
            early_stopping_patience=early_stopping_patience,
            batch=batch,
            checkpoints=checkpoints,
            max_failures=max_failures,
            observe=observe or (lambda study: None),
            timeout=timeout,
            retries=max_retries,
        )
    return TuneResult(study, folder, interrupted, time.perf_counter() - begin, refit)
