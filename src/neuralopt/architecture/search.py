"""``search_architecture``: the best network of a space, and what random search finds for as many epochs."""

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuralopt.architecture.arms import run_arm
from neuralopt.architecture.data import read_data
from neuralopt.architecture.evaluation import RANDOM, SEARCH, Evaluation, best_of
from neuralopt.architecture.keeping import Keeper, locked
from neuralopt.architecture.latency import measure_latency
from neuralopt.architecture.limits import Gate, Limits, refuse_impossible
from neuralopt.architecture.plan import make_plan
from neuralopt.architecture.result import ArchitectureResult
from neuralopt.architecture.space import Space
from neuralopt.architecture.spaces import get_space, takes_images
from neuralopt.architecture.strategies import Random, get_strategy
from neuralopt.architecture.trainer import Trainer
from neuralopt.architecture.watching import Bar
from neuralopt.architecture.winner import Trained, train_in_full
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.core.scalars import check_count
from neuralopt.engine.identity import fingerprint
from neuralopt.engine.interrupt import DeferredInterrupt
from neuralopt.optimizers import Adam


def search_architecture(
    data: Any,
    space: str | Space = "mlp",
    strategy: str = "evolutionary",
    population_size: int = 20,
    generations: int = 50,
    predictor: str = "early_stopping",
    limits: Mapping[str, float] | None = None,
    *,
    validation: Any = None,
    test: Any = None,
    epochs: int = 40,
    candidate_epochs: int | None = None,
    inherit: bool | None = None,
    batch_size: int = 64,
    learning_rate: float | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    resume: bool = False,
    verbose: bool = False,
) -> ArchitectureResult:
    """Search for the best network of a space; run random search at equal budget beside it.

    Every candidate is a mask over one largest network and trains for few epochs in one compiled program.
    The best one of the search, and the best one of the random search, are then trained from scratch at
    their true size for all epochs.

    Parameters
    ----------
    data : (X, y) or Task
        X of shape (n, d), or (n, height, width) or (n, height, width, channels) for images; y class
        indices of shape (n,) or real targets. Inputs are taken as they are: scale them. Of a pair a fifth
        is split off for validation and a fifth for the test, unless they are given; a `Task` from
        `make_task` has its own split and encoding.
    space : {"mlp", "mobilenet_v3"} or Space, default "mlp"
        Where to search; `MLPSpace` and `MobileNetV3Space` take further settings.
    strategy : {"evolutionary", "ageing", "generational", "random"}, default "evolutionary"
        ``"ageing"`` evaluates ``population_size + generations`` networks, ``"generational"``
        ``population_size * (1 + generations)``; ``"evolutionary"`` is ageing.
    population_size : int >= 2, default 20
        Networks that live at a time.
    generations : int >= 1, default 50
        Steps of ageing, or whole generations.
    predictor : {"early_stopping", "sum_of_losses", "power_law"}, default "early_stopping"
        How the beginning of a training is scored.
    limits : mapping, optional
        At most so many ``parameters``, ``multiply_adds`` (for one row), ``latency_ms`` (for one row, measured
        here on the compiled network at its true size; each candidate is then compiled once more).
    validation, test : (X, y), optional
        Rows of their own.
    epochs : int >= 1, default 40
        Of a full training.
    candidate_epochs : int >= 1, optional
        Of a candidate; by default a quarter of ``epochs``.
    inherit : bool, optional
        Whether children begin with the weights that their parent has in the shapes both share. By default
        for ``"early_stopping"`` alone: the other predictors speak of trainings from the start.
    batch_size : int >= 1, default 64
        Rows of a mini-batch; a short last batch waits for the next epoch.
    learning_rate : float > 0, optional
        Of Adam, constant; by default 3e-3 for perceptrons and 1e-2 for MobileNetV3.
    seed : int >= 0, default 0
        The same seed gives the same search, on one machine.
    folder : path, optional
        Where the journal and the weights of possible parents are kept; without it a search cannot resume.
    resume : bool, default False
        Go on with the search in the folder; the result equals that of an uninterrupted one.
    verbose : bool, default False
        Show the progress: best so far, evaluations per second, time left.

    Returns
    -------
    ArchitectureResult
        Best architecture, trained model, history, lineage, Pareto front, the random search beside it.
        After Ctrl-C it has what was done, with the status INTERRUPTED.

    Raises
    ------
    InvalidArgument, DataError
        For arguments that break their law, limits that no architecture keeps, data that are too few or of a
        wrong shape; before any training.
    StorageError
        When another process has the folder, or its journal is damaged.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(120, 2)); y = (X[:, 0] * X[:, 1] > 0).astype(int)
    >>> result = search_architecture((X, y), population_size=4, generations=4, epochs=8)
    >>> len(result.evaluations("search")), len(result.evaluations("random"))
    (8, 8)
    """
    begin = time.perf_counter()
    kind = get_strategy(strategy)
    plan = make_plan(kind, population_size, generations, predictor, epochs, candidate_epochs, inherit, seed)
    if resume and folder is None:
        raise InvalidArgument("resume=True needs the folder of the search, got folder=None.")
    bounds = Limits.of(limits)
    found = read_data(data, validation, test, seed, takes_images(space))
    where = get_space(space, found)
    where.network(where.smallest())  # a package that is not installed is told at once
    shape = where.prepare(found.train[0][:1]).shape[1:]
    refuse_impossible(where, bounds)
    rate = where.learning_rate if learning_rate is None else learning_rate
    optimizer = Adam(rate)
    settings = {
        "space": where.name,
        "space_settings": where.settings,
        "strategy": kind.name,
        "limits": bounds.settings,
        **dataclasses.asdict(plan),
        "batch_size": check_count("batch_size", batch_size),
        "learning_rate": float(rate),
    }
    root = None if folder is None else Path(folder).expanduser()
    trainer = Trainer(where, found, batch_size, optimizer, seed)
    with locked(root), DeferredInterrupt() as interrupt:
        keeper = Keeper(root, fingerprint(**settings, data=found.digest), resume)
        gate = Gate(
            where, bounds, lambda genes: keeper.latency(genes, lambda: measure_latency(where, genes, shape))
        )

        def stopped() -> bool:
            return interrupt.requested

        count = kind.evaluations(population_size, generations)
        history: list[Evaluation] = []
        arms = [(SEARCH, kind)] if kind is Random else [(SEARCH, kind), (RANDOM, Random)]
        with Bar(count * len(arms), found.metric, verbose) as bar:
            for arm, each in arms:
                made = run_arm(arm, each, count, trainer, gate, plan, keeper, stopped, bar)
                bar.shrink(0 if stopped() else count - len(made))
                count = len(made)  # equal epochs: the random search gets as many as the search took
                history += made
        trained: dict[str, Trained] = {}
        for arm, _ in arms:
            if stopped():
                break
            chosen = best_of([e for e in history if e.arm == arm])
            done = train_in_full(
                where,
                chosen.genes,
                found,
                plan=plan,
                optimizer=optimizer,
                batch_size=batch_size,
                origin={"settings": settings, "architecture": where.describe(chosen.genes), "arm": arm},
                checkpoint=None if root is None else root / f"{arm}.checkpoint.safetensors",
                stopped=stopped,
                title=f"the best of the {arm}" if verbose else None,
            )
            if done is not None:
                trained[arm] = done
        for arm in trained:
            gate.latency(best_of([e for e in history if e.arm == arm]).genes)
    return ArchitectureResult(
        where,
        found.metric,
        tuple(history),
        Status.INTERRUPTED if interrupt.requested else Status.MAX_EPOCHS,
        settings,
        trained,
        dict(keeper.latencies),
        time.perf_counter() - begin,
    )
