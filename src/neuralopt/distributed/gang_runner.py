"""Runs chunks of epochs on a gang of processes, and starts it anew when one is lost."""

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import WorkerError
from neuralopt.distributed.backends import Processes, RayCluster
from neuralopt.distributed.gang import Gang, WorkerLost
from neuralopt.distributed.ray_gang import RayGang
from neuralopt.engine.batches import Plan
from neuralopt.engine.data import Source
from neuralopt.engine.loop import LoopState, Method
from neuralopt.engine.program import Program
from neuralopt.engine.runners import Runner

if TYPE_CHECKING:
    from neuralopt.distributed.strategy import Strategy


class GangRunner(Runner):
    """Runs chunks on processes of this machine; the state after each chunk is here as well.

    Parameters
    ----------
    backend : Processes or RayCluster
    strategy : Strategy
    program : Program
    method : Method
    source : Source
    validation : tree or None
    plan : Plan
        Of the batches of all workers together.
    seed : int
    """

    def __init__(
        self,
        backend: Processes | RayCluster,
        strategy: "Strategy",
        program: Program,
        method: Method,
        source: Source,
        validation: Any,
        plan: Plan,
        seed: int,
    ) -> None:
        super().__init__(program, method, source, validation, plan, seed)
        self._backend, self._strategy = backend, strategy
        arguments = {
            "strategy": strategy,
            "program": program,
            "method": method,
            "source": source,
            "validation": validation,
            "plan": plan,
            "seed": seed,
        }
        self._gang: Gang | RayGang
        if isinstance(backend, RayCluster):
            self._gang = RayGang(backend, strategy.workers, arguments)
        else:
            self._gang = Gang(backend, strategy.workers, arguments)
        self._lost = 0  # in a row

    def __exit__(self, *error: object) -> None:
        self._gang.close()

    def place(self, state: LoopState) -> LoopState:
        """See `Runner.place`."""
        return tree.map(np.array, state)

    def compile(self, state: LoopState) -> tuple[LoopState, float]:
        """See `Runner.compile`; starts the workers."""
        start = time.perf_counter()
        while not self._started(state):
            pass
        return state, time.perf_counter() - start

    def _started(self, state: LoopState) -> bool:
        """Start the workers from a state; whether that went well."""
        try:
            self._gang.end()
            self._gang.start([state] * self._strategy.workers)
        except WorkerLost as lost:
            self._count_loss(lost, state)
            return False
        return True

    def _count_loss(self, lost: WorkerLost, state: LoopState) -> None:
        """Warn, or give up."""
        said = self._gang.last_words()
        self._gang.end()
        self._lost += 1
        if self._lost > self._backend.max_restarts:
            backend = self._backend
            limits = f"start_timeout={backend.start_timeout:g}, stuck_after={backend.stuck_after:g}"
            raise WorkerError(
                f"{lost}, after the workers were started anew {backend.max_restarts} times in a row. "
                f"Likely cause: too little memory, a machine too busy for {limits} seconds, or workers that "
                "cannot reach one another. "
                f"Their last words: {said or 'none'}"
            ) from lost
        warnings.warn(
            f"{lost}; all workers are started anew from epoch {int(state.epoch)}.",
            RuntimeWarning,
            stacklevel=2,
        )

    def advance(self, state: LoopState, until: int) -> tuple[LoopState, dict[str, np.ndarray]]:
        """See `Runner.advance`."""
        first = int(state.epoch)
        until = min(until, first + self.capacity)
        while True:
            try:
                answers = self._gang.tell("advance", [until] * self._strategy.workers)
                break
            except WorkerLost as lost:
                self._count_loss(lost, state)
                while not self._started(state):
                    pass
        self._lost = 0
        if len({answer.checksum for answer in answers}) > 1:
            raise WorkerError(
                "the workers' parameters differ after the same steps. Likely cause: processors of several "
                "kinds, or a loss that draws random numbers of its own."
            )
        found, *others = answers
        own = [found.state.opt_state.own, *(answer.state for answer in others)]
        joined = tree.map(lambda *parts: np.concatenate(parts), *own)
        state = found.state._replace(opt_state=found.state.opt_state._replace(own=joined))
        rows = dict(found.rows)
        if found.sent is not None:
            rows["bytes_on_wire"] = np.full(
                int(state.epoch) - first, found.sent / max(1, int(state.epoch) - first)
            )
        return state, rows
