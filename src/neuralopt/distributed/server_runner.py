"""Runs chunks of epochs at a parameter server: workers on Ray, the parameters here."""

import contextlib
import time
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from neuralopt.core import tree
from neuralopt.distributed.codec import decode
from neuralopt.distributed.crew import Crew
from neuralopt.distributed.desk import Desk
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.gang import packed
from neuralopt.distributed.ledger import Ledger
from neuralopt.distributed.ray_session import ray_session
from neuralopt.engine.compiled import finish_epoch
from neuralopt.engine.loop import LoopState, Point
from neuralopt.engine.program import Data
from neuralopt.engine.runners import DeviceRunner, Runner

if TYPE_CHECKING:
    from neuralopt.distributed.server import ParameterServer


class ServerRunner(DeviceRunner):
    """Hands out batches and parameters, applies what comes back, exactly once each.

    Parameters
    ----------
    server : ParameterServer
    *arguments : Any
        As for `Runner`.
    """

    def __init__(self, server: "ParameterServer", *arguments: Any) -> None:
        Runner.__init__(self, *arguments)
        self._server = server
        self._data = jax.device_put(Data(None, self.validation, None, self.plan.shares))
        self._ending = contextlib.ExitStack()

    def __exit__(self, *error: object) -> None:
        self._ending.close()

    def compile(self, state: LoopState) -> tuple[LoopState, float]:
        """See `Runner.compile`; starts the workers."""
        start, server = time.perf_counter(), self._server
        self._layout = Layout.of(state.params, 1)
        held = {
            "objective": self.program.objective,
            "source": self.source,
            "plan": self.plan,
            "seed": self.seed,
            "like": tree.map(np.asarray, state.params),
            "exchange": server.exchange,
            "layout": self._layout,
        }
        job = packed(held)
        ray = self._ending.enter_context(ray_session(server.workers, server.threads, server.address))
        residuals = list(map(np.asarray, state.opt_state.own))
        self._crew = Crew(ray, job, server, residuals)
        self._ending.callback(self._crew.end)
        self._crew.warm(self.method.settled(state.feedback).noise, tree.ravel(state.params))
        self._step = jax.jit(self._one_step, donate_argnums=(0,))
        return state, time.perf_counter() - start

    def _one_step(self, point: Point, messages: Any, scale: Any, loss: Any, optimizer: Any) -> Point:
        """Take one step by the mean of some messages."""
        vectors = [decode(self._server.exchange, message, self._layout) for message in messages]
        grads = tree.unravel(sum(vectors) / len(vectors), point.params)
        updates, opt_state = optimizer.update(grads, point.opt_state, point.params, value=loss)
        updates = tree.map(lambda u: u * scale.astype(u.dtype), updates)
        return Point(tree.apply_updates(point.params, updates), opt_state, point.statistics)

    def advance(self, state: LoopState, until: int) -> tuple[LoopState, dict[str, np.ndarray]]:
        """See `Runner.advance`; one epoch at a time, at the end of which every batch was applied."""
        end, kept = (int(state.epoch) + 1) * self.plan.steps, state.opt_state
        settled = self.method.settled(state.feedback)
        # residuals are the crew's while it works
        point = state.point._replace(opt_state=kept._replace(own=()))
        desk = Desk(self._crew, settled.noise, point, self._stepper(settled.optimizer))
        # the compiled step owns what it is given; the state keeps what it still needs
        state = state._replace(params=(), opt_state=(), statistics=())
        ledger = Ledger(range(int(kept.applied), end))
        work = desk.in_rounds if self._server.synchronous else desk.as_they_come
        work(ledger, self._server.workers, self._server.staleness)
        ledger.check()
        losses = np.array([desk.losses[batch] for batch in sorted(desk.losses)], self.source.dtype)
        state, row = finish_epoch(self.program, self.method, state, desk.point, (), losses, self._data)
        own = np.stack(self._crew.residuals()) if len(kept.own) else ()
        opt_state = state.opt_state._replace(applied=np.asarray(end, np.int32), own=own)
        state = state._replace(opt_state=opt_state)
        rows = {name: np.asarray(value)[None] for name, value in row.items()}
        rows["bytes_sent"] = np.array([desk.sent / self._server.workers])
        rows["staleness"] = np.array([np.mean(desk.ages)])
        return state, rows

    def _stepper(self, optimizer: Any) -> Any:
        def step(point: Point, answers: list[Any], age: int) -> Point:
            scale = np.float32(1 / (1 + self._server.damping * age))
            loss = np.mean([loss for loss, _ in answers]).astype(self.source.dtype)
            return self._step(point, [message for _, message in answers], scale, loss, optimizer)

        return step
