"""The state of a training loop in a checkpoint: how a run goes on exactly where it stopped."""

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.engine.history import History
from neuralopt.engine.loop import LoopState
from neuralopt.storage import Slot


class LoopCheckpoint:
    """Keeps the state and the history of a training loop in a slot.

    Parameters
    ----------
    slot : Slot
        A `Checkpoint`, or the place of this run in that of a larger one.
    """

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    @property
    def found(self) -> bool:
        """Whether there is a state to go on from."""
        return self._slot.found

    def load(self, like: LoopState) -> tuple[LoopState, History]:
        """Return the state and history that are kept.

        Parameters
        ----------
        like : LoopState
            A first state of the same run, for the structure.

        Returns
        -------
        state : LoopState
            NumPy arrays.
        history : History

        Raises
        ------
        InvalidArgument
            When the checkpoint belongs to another run; says in what it differs.
        StorageError
            When the file is damaged or foreign.
        """
        content, arrays = self._slot.read()
        leaves = [arrays.get(f"state/{k}") for k in range(len(tree.leaves(like)))]
        for name, leaf, wanted in zip(tree.names(like), leaves, tree.leaves(like), strict=True):
            if leaf is None or (leaf.shape, leaf.dtype) != (wanted.shape, wanted.dtype):
                kept = "nothing" if leaf is None else f"{leaf.dtype}{list(leaf.shape)}"
                raise InvalidArgument(
                    f"the checkpoint belongs to another run: it holds {kept} for {name}, "
                    f"this run needs {wanted.dtype}{list(wanted.shape)}. Give another checkpoint path."
                )
        columns = {name: arrays[f"history/{name}"] for name in content["columns"]}
        return tree.structure(like).unflatten(leaves), History(columns)

    def save(self, state: LoopState, history: History, at_end: bool = False) -> None:
        """Write the run.

        Parameters
        ----------
        state : LoopState
        history : History
        at_end : bool
            Whether a failure is a warning: what was trained is worth more than the file.
        """
        arrays = {f"state/{k}": np.asarray(leaf) for k, leaf in enumerate(tree.leaves(state))}
        arrays |= {f"history/{name}": history[name] for name in history}
        write = self._slot.write_at_end if at_end else self._slot.write
        write({"columns": list(history)}, arrays)

    def save_if_due(self, state: LoopState, history: History) -> None:
        """Write the run when the last writing is long enough ago."""
        if self._slot.due:
            self.save(state, history)
