"""One arm of a search: a strategy that is asked, candidates that are trained, scores that are told."""

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from neuralopt.architecture.evaluation import Evaluation
from neuralopt.architecture.keeping import Keeper
from neuralopt.architecture.plan import Plan
from neuralopt.architecture.predictors import PREDICTORS
from neuralopt.architecture.space import Genes
from neuralopt.architecture.strategies import Candidate, Chooser, Member, Strategy
from neuralopt.architecture.trainer import Trainer


class Watch(Protocol):
    """Told of every evaluation."""

    def __call__(self, evaluation: Evaluation) -> None:
        """Take note of one."""


def run_arm(
    arm: str,
    strategy: type[Strategy],
    evaluations: int,
    trainer: Trainer,
    fits: Callable[[Genes], bool],
    plan: Plan,
    keeper: Keeper,
    stopped: Callable[[], bool],
    watch: Watch,
) -> list[Evaluation]:
    """Run one arm to its end or until it is stopped.

    Evaluations that the keeper has are not made again: the strategy is told their scores, as it was then.

    Parameters
    ----------
    arm : {"search", "random"}
    strategy : type of Strategy
    evaluations : int
        At most.
    trainer : Trainer
    fits : callable
        Whether genes keep the limits.
    plan : Plan
    keeper : Keeper
    stopped : callable
    watch : callable

    Returns
    -------
    list of Evaluation
        In their order.
    """
    random = np.random.default_rng([plan.seed, *arm.encode()])
    asked = strategy(Chooser(trainer.space, fits, random), plan.population_size, plan.generations)
    found: list[Evaluation] = []
    while len(found) < evaluations and not stopped():
        candidate = asked.ask()
        if candidate is None:
            break
        number = len(found)
        kept = keeper.done(arm, number)
        made = kept or _evaluate(arm, number, candidate, asked, trainer, plan, keeper, stopped, found)
        if made is None:
            break
        asked.tell(Member(number, made.genes, made.score))
        if kept is None:  # while what is kept is gone through, weights of later evaluations are there
            keeper.forget(asked.parents)
        found.append(made)
        watch(made)
    return found


def _evaluate(
    arm: str,
    number: int,
    candidate: Candidate,
    asked: Strategy,
    trainer: Trainer,
    plan: Plan,
    keeper: Keeper,
    stopped: Callable[[], bool],
    found: list[Evaluation],
) -> Evaluation | None:
    begin = time.perf_counter()
    genes, parent = candidate
    start = trainer.fresh(genes, number)
    inherited = plan.inherit and parent is not None
    if inherited and parent is not None:
        start = trainer.space.inherited(keeper.weights(parent, start), start, found[parent].genes, genes)
    trained = trainer.train(genes, start, plan.candidate_epochs, stopped)
    if trained is None:
        return None
    curves, weights = trained
    score = PREDICTORS[plan.predictor](curves, plan.epochs)
    counts = trainer.space.counts(genes)
    made = Evaluation(
        number,
        arm,
        genes,
        parent,
        inherited,
        score if np.isfinite(score) else float("-inf"),
        curves,
        counts.parameters,
        counts.multiply_adds,
        time.perf_counter() - begin,
    )
    keeper.add(made, weights if plan.inherit and asked.breeds else None)
    return made
