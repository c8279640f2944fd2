"""A joint model that is kept: the table's encoding and the fitted model, in one verified file."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neuralopt.core.errors import StorageError
from neuralopt.datasets import TableEncoder
from neuralopt.estimators.architecture_predictor import KIND as ARCHITECTURE_KIND
from neuralopt.estimators.architecture_predictor import ArchitecturePredictor
from neuralopt.estimators.predictor import Predictor, class_answers
from neuralopt.joint import JointOptimizer
from neuralopt.joint.keeping import KIND, pack, read_fitted, write_packed
from neuralopt.storage import read_kind
from neuralopt.text.predictor import KIND as TEXT_KIND
from neuralopt.text.predictor import TextPredictor

if TYPE_CHECKING:
    import pandas


@dataclasses.dataclass(frozen=True)
class JointPredictor:
    """A fitted `JointOptimizer` together with the encoding of its tables.

    Parameters
    ----------
    encoder : TableEncoder
        Made from the simulated table.
    joint : JointOptimizer
        Fitted to encoded inputs and to targets in their own units, or class indices.
    origin : dict
        How it was made. Plain JSON values.
    """

    encoder: TableEncoder
    joint: JointOptimizer
    origin: dict[str, Any]

    texts: ClassVar[tuple[str, ...]] = ()  # no column is taken as it stands

    def predict(self, frame: "pandas.DataFrame") -> "pandas.DataFrame":
        """Return the predictions for a table.

        Parameters
        ----------
        frame : pandas.DataFrame
            With the columns of training, in any order.

        Returns
        -------
        pandas.DataFrame
            As of `Predictor.predict`.

        Raises
        ------
        DataError
            When columns are missing or hold what training did not.
        """
        import pandas

        X = self.encoder.transform(frame)
        if self.encoder.task == "classification":
            return class_answers(self.encoder, self.joint.predict_proba(X), frame.index)
        values = self.joint.predict(X).reshape(len(X), -1)
        return pandas.DataFrame(values, frame.index, self.encoder.target_names)

    def save(self, path: str | Path) -> Path:
        """Write the model: safetensors with a JSON header, whole or not at all.

        Parameters
        ----------
        path : path
            By custom it ends in ``.safetensors``.

        Returns
        -------
        Path
            The file.
        """
        return write_packed(path, *self.packed())

    def packed(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the model as plain data and arrays, as `save` writes them."""
        # the lookup is built again by a later fit; predictions do not need it
        fitted = {name: value for name, value in vars(self.joint).items() if name != "lookup_"}
        return pack({"encoder": self.encoder.to_dict(), "joint": fitted, "origin": self.origin})

    @classmethod
    def load(cls, path: str | Path) -> "JointPredictor":
        """Read a model that `save` wrote.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        JointPredictor
            It predicts the same to the last bit.

        Raises
        ------
        StorageError
            When the file is missing, damaged, foreign, of another kind or newer, or has no encoding.
        """
        held = read_fitted(path)
        if "encoder" not in held:
            raise StorageError(
                f"'{path}' is a joint model of arrays, without the encoding of a table. "
                "Use it in Python: neuralopt.JointOptimizer.load(path)."
            )
        joint = JointOptimizer.__new__(JointOptimizer)
        vars(joint).update(held["joint"])
        return cls(TableEncoder.from_dict(held["encoder"]), joint, held["origin"])


def load_predictor(path: str | Path) -> Predictor | JointPredictor | TextPredictor | ArchitecturePredictor:
    """Read a model that ``neuralopt compare``, ``joint``, ``search``, ``text`` or ``architecture`` has kept.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Predictor, JointPredictor, TextPredictor or ArchitecturePredictor
        All turn a table into answers.

    Raises
    ------
    StorageError
        When the file is missing, damaged, foreign, of another kind or newer.
    """
    kind = read_kind(path)
    if kind == TEXT_KIND:
        return TextPredictor.load(path)
    if kind == ARCHITECTURE_KIND:
        return ArchitecturePredictor.load(path)
    return JointPredictor.load(path) if kind == KIND else Predictor.load(path)
