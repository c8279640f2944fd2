"""A text model that is kept: the encoding of pairs and the network, in one verified file."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neuralopt.core.errors import DataError, StorageError
from neuralopt.models import MLP
from neuralopt.models.layers import layer_arrays, layers_of
from neuralopt.storage import read_container, write_container
from neuralopt.text.encoder import PairEncoder
from neuralopt.text.pairs import TEXTS, question_texts

if TYPE_CHECKING:
    import pandas

KIND, VERSION = "text-model", 1


@dataclasses.dataclass(frozen=True)
class TextPredictor:
    """A network with one tanh output together with the encoding of its texts: from pairs to labels.

    Parameters
    ----------
    encoder : PairEncoder
        Texts to features.
    mlp : MLP
        Shapes and activations.
    params : list of (W, b)
        NumPy arrays.
    origin : dict
        How it was made, plain JSON values.
    """

    encoder: PairEncoder
    mlp: MLP
    params: list[tuple[np.ndarray, np.ndarray]]
    origin: dict[str, Any]

    texts: ClassVar[tuple[str, ...]] = TEXTS

    def predict(self, frame: "pandas.DataFrame") -> "pandas.DataFrame":
        """Return labels for a table of pairs.

        Parameters
        ----------
        frame : pandas.DataFrame
            With the columns question and answer; others are ignored.

        Returns
        -------
        pandas.DataFrame
            ``label``, -1 (wrong) or +1 (right), and ``score`` between -1 and +1, its sign the label.

        Raises
        ------
        DataError
            When a column is absent, or a text is empty.
        """
        import pandas

        questions, answers = question_texts(frame, TEXTS, "the table")
        for what, texts in zip(TEXTS, (questions, answers), strict=True):
            if "" in texts:
                raise DataError(
                    f"Row {texts.index('') + 1} (from 1) has no {what}. Fill it, or remove the row."
                )
        score = self.scores(self.encoder.features(questions, answers))
        return pandas.DataFrame({"label": np.where(score > 0, 1, -1), "score": score}, frame.index)

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Return the network's outputs for features, shape (n,)."""
        outputs = self.mlp.forward(self.params, X.astype(self.params[0][0].dtype))
        return np.asarray(outputs, np.float64)[:, 0]

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
        header = {
            "encoder": self.encoder.to_dict(),
            "mlp": dataclasses.asdict(self.mlp),
            "origin": self.origin,
        }
        return write_container(
            path, kind=KIND, version=VERSION, header=header, arrays=layer_arrays(self.params)
        )

    @classmethod
    def load(cls, path: str | Path) -> "TextPredictor":
        """Read a model that `save` wrote.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        TextPredictor
            It predicts the same to the last bit.

        Raises
        ------
        StorageError
            When the file is missing, damaged, foreign, of another kind or newer, or a local embedding model
            has changed or is gone.
        """
        held = read_container(path, kind=KIND, version=VERSION)
        try:
            shape = held.header["mlp"]
            mlp = MLP(**{**shape, "layer_sizes": tuple(shape["layer_sizes"])})
            params = layers_of(held.arrays, len(mlp.layer_sizes) - 1)
            return cls(PairEncoder.from_dict(held.header["encoder"]), mlp, params, held.header["origin"])
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"model {str(path)!r} lacks a part that this version needs ({error}). "
                "It was written by a version that is not compatible; train it again."
            ) from error
