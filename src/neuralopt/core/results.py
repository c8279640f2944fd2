"""How a run ended: statuses whose members are the sentences that explain them."""

import enum

from neuralopt.core.errors import NeuraloptError


class TrainingFailed(NeuraloptError, RuntimeError):
    """Raised by ``raise_for_status`` when a run did not end well."""


class Status(enum.Enum):
    """Why a training run ended; the value is the sentence shown to a person.

    Examples
    --------
    >>> Status.DIVERGED.ok, Status.MAX_EPOCHS.ok
    (False, True)
    """

    RUNNING = "The run has not ended yet."
    MAX_EPOCHS = "All epochs were run."
    EARLY_STOPPED = "The monitored loss stopped improving for as many epochs as the patience allows."
    CONVERGED = "The training loss stopped changing by more than the tolerance."
    DIVERGED = (
        "The loss became infinite, not a number, or far larger than at the start. "
        "Likely cause: the learning rate is too large or the data are not scaled. "
        "Lower the learning rate tenfold, clip the gradients, or standardise the data."
    )
    INTERRUPTED = "The run was interrupted; what had been done is kept."
    STOPPED = "A callback ended the run."
    BUDGET = "The time budget was used up; the best that was found is kept."

    @property
    def code(self) -> int:
        """The small integer that stands for this status inside compiled programs."""
        return list(Status).index(self)

    @classmethod
    def from_code(cls, code: int) -> "Status":
        """Return the status that a compiled program's integer stands for."""
        return list(cls)[int(code)]

    @property
    def ok(self) -> bool:
        """Whether the run gives a usable model: it neither diverged nor was interrupted."""
        return self not in (Status.RUNNING, Status.DIVERGED, Status.INTERRUPTED)

    def raise_for_status(self) -> None:
        """Raise `TrainingFailed` with this status's sentence unless the run ended well."""
        if not self.ok:
            raise TrainingFailed(f"{self.name}: {self.value}")
