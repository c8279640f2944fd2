"""What every kind of step works on: network, objective, targets, plan."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from neuralopt.search.net import Net
from neuralopt.search.objectives import Objective
from neuralopt.search.plan import Plan
from neuralopt.search.settings import Settings

ROUNDING = 1e-12


class Steps:
    """A network and an objective that steps lower.

    Parameters
    ----------
    net : Net
        Changed by every step.
    objective : Objective
        What is lowered.
    y, real : arrays
        Targets of the objective, and of a least-squares readout.
    plan : Plan
        The kind of line of every layer.
    settings : Settings
        The arguments of the search.
    random : numpy.random.Generator
        Of orders and directions.
    over : callable
        Returns True when time is up; asked between units.

    Attributes
    ----------
    value : float
        The objective now.
    moves : int
        Accepted in the last sweep.
    loops : callable
        Takes the name of a module of compiled loops and returns it, or None.
    """

    def __init__(
        self,
        net: Net,
        objective: Objective,
        y: Any,
        real: np.ndarray,
        plan: Plan,
        settings: Settings,
        random: np.random.Generator,
        over: Callable[[], bool],
    ) -> None:
        self.net, self.objective, self.y, self.real = net, objective, y, real
        self.plan, self.settings, self.random, self.over = plan, settings, random, over
        self.loops: Callable[[str], ModuleType | None] = lambda name: None
        self.moves = 0
        self._terms: tuple[int, np.ndarray] | None = None
        self.value = self.measure()

    def measure(self) -> float:
        """Return the objective of the network as it is."""
        if self.objective.additive:
            return float(self.objective.combine(self.terms().mean(axis=0)))
        return float(self.objective.values(self.net.outputs[None], self.y)[0])

    def terms(self) -> np.ndarray:
        """Return what an additive objective sums over the rows, shape (n, s), of the network as it is."""
        if self._terms is None or self._terms[0] != self.net.version:
            self._terms = self.net.version, self.objective.terms(self.net.outputs, self.y)
        return self._terms[1]
