"""What a run gave."""

import dataclasses
from typing import Any

from neuralopt.core.results import Status, TrainingFailed
from neuralopt.engine.history import History
from neuralopt.engine.statistics import Statistics
from neuralopt.transforms import DecayPolicy


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a run gave.

    Attributes
    ----------
    params : tree of numpy arrays
        The trained parameters: the best epoch's under ``EarlyStopping(restore_best=True)``,
        otherwise the last one's. Of an optimizer that averages, the average.
    history : History
        One row per epoch.
    status : Status
        Why the run ended; its value is a sentence.
    model : object
        The model with the trained parameters: a `Network` for an MLP, the bound or combined
        module for flax and equinox, the parameters themselves for a plain function.
    epochs : int
        Epochs done.
    best_epoch : int
        The epoch, counted from 1, of the lowest monitored loss; 0 when none was finite.
    seconds, compile_seconds : float
        Wall time of the epochs, and of compiling before them.
    statistics : Statistics or None
        The batch statistics that belong to ``params``, of a module that carries them; of averaged
        parameters they were estimated anew.
    decay_policy : DecayPolicy
        Which parameters decay, by how much and why; prints as a table.
    cause : str
        Of a run that diverged: what was not finite, the likely cause and the cure; otherwise empty.
    """

    params: Any
    history: History
    status: Status
    model: Any
    epochs: int
    best_epoch: int
    seconds: float
    compile_seconds: float
    statistics: Statistics | None
    decay_policy: DecayPolicy
    cause: str = ""

    def raise_for_status(self) -> None:
        """Raise `TrainingFailed` with the cause or the status's sentence unless the run ended well."""
        if self.cause:
            raise TrainingFailed(f"{self.status.name}: {self.cause}")
        self.status.raise_for_status()
