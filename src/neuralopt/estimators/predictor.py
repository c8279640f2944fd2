"""A model that is kept: the table's encoding, the network, its parameters, in one verified file."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neuralopt.core.errors import DataError, StorageError
from neuralopt.datasets import TableEncoder
from neuralopt.models import MLP, softmax
from neuralopt.models.layers import layer_arrays, layers_of
from neuralopt.storage import read_container, write_container

if TYPE_CHECKING:
    import pandas

KIND, VERSION = "model", 1


@dataclasses.dataclass(frozen=True)
class Predictor:
    """A trained network together with the encoding of its table: from named columns to answers.

    Parameters
    ----------
    encoder : TableEncoder
        Scalers, levels of categories, classes.
    mlp : MLP
        Shapes and activations of the network.
    params : list of (W, b)
        Its parameters, NumPy arrays.
    origin : dict
        How it was made: task, method, learning rate, test figures. Plain JSON values.
    """

    encoder: TableEncoder
    mlp: MLP
    params: list[tuple[np.ndarray, np.ndarray]]
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
            Regression: one column for each target, in its units. Classification: the most
            probable class under the target's name, and the probability of every class.

        Raises
        ------
        DataError
            When columns are missing or hold what training did not, or values far outside of training's.
        """
        import pandas

        with np.errstate(all="ignore"):  # what overflows the network's numbers is refused below
            X = self.encoder.transform(frame).astype(self.params[0][0].dtype)
            outputs = np.asarray(self.mlp.forward(self.params, X), np.float64)
        finite = np.isfinite(outputs).all(axis=1)
        if not finite.all():
            raise DataError(
                f"Row {int(np.argmin(finite)) + 1} has values so far outside of those of training that the "
                "network's answer is not finite. Check the units of its cells."
            )
        if self.encoder.task == "regression":
            values = self.encoder.decode_regression(outputs)
            return pandas.DataFrame(values, frame.index, self.encoder.target_names)
        return class_answers(self.encoder, softmax(outputs), frame.index)

    def save(self, path: str | Path) -> Path:
        """Write the model: safetensors with a JSON header, whole or not at all.

        Parameters
        ----------
        path : path
            By custom it ends in ``.safetensors``.

        Returns
        -------
        Path
        """
        header = {
            "encoder": self.encoder.to_dict(),
            "mlp": dataclasses.asdict(self.mlp),
            "origin": self.origin,
        }
        return write_container(
            path, kind=KIND, version=VERSION, header=header, arrays=layer_arrays(self.params)
        )

    @classmethod
    def load(cls, path: str | Path) -> "Predictor":
        """Read a model that `save` wrote.

        Parameters
        ----------
        path : path

        Returns
        -------
        Predictor

        Raises
        ------
        StorageError
            When the file is missing, damaged, foreign, of another kind or newer.
        """
        held = read_container(path, kind=KIND, version=VERSION)
        try:
            mlp = MLP(**{**held.header["mlp"], "layer_sizes": tuple(held.header["mlp"]["layer_sizes"])})
            params = layers_of(held.arrays, len(mlp.layer_sizes) - 1)
            encoder = TableEncoder.from_dict(held.header["encoder"])
            origin = held.header["origin"]
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"model {str(path)!r} lacks a part that this version needs ({error}). "
                "It was written by a version that is not compatible; train it again."
            ) from error
        return cls(encoder, mlp, params, origin)


def class_answers(encoder: TableEncoder, shares: np.ndarray, index: Any) -> "pandas.DataFrame":
    """Return the most probable class under the target's name, and the probability of every class."""
    import pandas

    name, classes = encoder.target_names[0], encoder.classes
    answer = {name: pandas.Series([classes[k] for k in shares.argmax(axis=1)], index)}
    word = "probability"
    while any(name == f"{word} of {label}" for label in classes):
        word = f"predicted {word}"  # the answer keeps the target's name
    each = {f"{word} of {label}": shares[:, k] for k, label in enumerate(classes)}
    return pandas.DataFrame({**answer, **each}, index)
