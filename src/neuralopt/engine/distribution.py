"""What the loop asks of a way to train with several workers."""

import abc
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.batches import Plan
from neuralopt.engine.data import Source
from neuralopt.engine.loop import Method
from neuralopt.engine.program import Program
from neuralopt.engine.runners import Runner


class Distribution(abc.ABC):
    """A way to train with several workers; `train` takes it as ``distribute``."""

    @property
    @abc.abstractmethod
    def identity(self) -> str:
        """What must be the same for a run to be resumed, as text."""

    @abc.abstractmethod
    def runner(
        self,
        program: Program,
        method: Method,
        source: Source,
        validation: Any,
        plan: Plan,
        seed: int,
        total_steps: int,
    ) -> Runner:
        """Return what runs the chunks of epochs.

        Parameters
        ----------
        program : Program
        method : Method
        source : Source
        validation : tree or None
        plan : Plan
            Of the batches of all workers together.
        seed : int
        total_steps : int
            Of the whole run.

        Returns
        -------
        Runner
        """


def check_distribution(distribute: Any, backend: str) -> None:
    """Raise unless ``distribute`` is one, and beside a backend that it goes with."""
    if not isinstance(distribute, Distribution):
        raise InvalidArgument(
            f"distribute must be DataParallel, LocalSGD, DiLoCo or ParameterServer of neuralopt.distributed, "
            f"got {distribute!r}. Likely cause: a number of workers; write DataParallel(workers=2)."
        )
    if backend != "jax":
        raise InvalidArgument(f"distribute runs the compiled loop, got backend={backend!r}. Leave it out.")
