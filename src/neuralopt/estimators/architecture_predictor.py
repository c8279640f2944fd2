"""A network of a search that is kept: its shape, its weights, the table's encoding where there is one."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument, StorageError
from neuralopt.datasets import TableEncoder
from neuralopt.datasets.pixels import Layout, as_images
from neuralopt.estimators.predictor import class_answers
from neuralopt.models import MLP, softmax
from neuralopt.models.layers import layer_arrays, layers_of
from neuralopt.storage import read_container, write_container

if TYPE_CHECKING:
    import pandas

KIND, VERSION = "architecture-model", 1
_BLOCK = 1024  # rows that are run at once


@dataclasses.dataclass(frozen=True)
class ArchitecturePredictor:
    """A network that an architecture search has found and trained.

    Parameters
    ----------
    encoder : TableEncoder or None
        Of a table's columns; None where the search was given arrays.
    network : MLP or MobileNetV3
        At its true size.
    variables : tree
        Of an MLP a list of (W, b); of a flax module its variables, by collection.
    origin : dict
        How it was made. Plain JSON values.
    layout : ((int, ...), (int, int)) or None
        The pixel of each encoded column, with height and width, where a table's columns are an image.
    """

    encoder: TableEncoder | None
    network: Any
    variables: Any
    origin: dict[str, Any]
    layout: Layout | None = None

    texts: ClassVar[tuple[str, ...]] = ()  # no column is taken as it stands

    def outputs(self, X: Any) -> np.ndarray:
        """Return the network's outputs.

        Parameters
        ----------
        X : array of shape (n, ...)
            In the units of training: encoded, where a table was.

        Returns
        -------
        array of shape (n, k)
            Scores of classes, or targets.

        Raises
        ------
        DataError
            When the rows have another number of values than the network takes.
        """
        X = np.asarray(X, np.float32)
        shape = (self.network.layer_sizes[0],) if self._is_mlp else self.network.input_shape
        if X.ndim < 2 or int(np.prod(X.shape[1:])) != int(np.prod(shape)):
            raise DataError(f"inputs must have shape (n, {', '.join(map(str, shape))}), got {X.shape}.")
        rows = X.reshape(len(X), *shape)
        if self._is_mlp:
            return np.asarray(self.network.forward(self.variables, rows))
        import jax

        apply = jax.jit(lambda variables, part: self.network.apply(variables, part))
        size = min(_BLOCK, max(1, len(rows)))
        short = -len(rows) % size
        padded = np.concatenate([rows, np.zeros((short, *shape), np.float32)])
        parts = [np.asarray(apply(self.variables, padded[k : k + size])) for k in range(0, len(padded), size)]
        return np.concatenate(parts)[: len(rows)]

    @property
    def _is_mlp(self) -> bool:
        return isinstance(self.network, MLP)

    def predict(self, frame: "pandas.DataFrame") -> "pandas.DataFrame":
        """Return the predictions for a table; see `Predictor.predict`."""
        import pandas

        if self.encoder is None:
            raise InvalidArgument(
                "this network was searched for on arrays and has no encoding of a table. "
                "Use it in Python: ArchitecturePredictor.load(path).outputs(X)."
            )
        X = self.encoder.transform(frame)
        if self.layout is not None:
            X = as_images(X, self.layout)
        outputs = self.outputs(X).astype(np.float64)
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
            The file.
        """
        if self._is_mlp:
            kind, settings = "mlp", dataclasses.asdict(self.network)
            arrays = layer_arrays(self.variables)
        else:
            kind, settings, arrays = "mobilenet_v3", self.network.settings, _flat(self.variables)
        header = {
            "encoder": None if self.encoder is None else self.encoder.to_dict(),
            "network": {"kind": kind, "settings": settings},
            "origin": self.origin,
            "layout": self.layout,
        }
        return write_container(path, kind=KIND, version=VERSION, header=header, arrays=arrays)

    @classmethod
    def load(cls, path: str | Path) -> "ArchitecturePredictor":
        """Read a model that `save` wrote.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        ArchitecturePredictor
            It answers the same to the last bit.

        Raises
        ------
        StorageError
            When the file is missing, damaged, foreign, of another kind or newer.
        MissingDependency
            When it is a flax network and flax is not installed.
        """
        held = read_container(path, kind=KIND, version=VERSION)
        try:
            shape = held.header["network"]
            if shape["kind"] == "mlp":
                sizes = tuple(shape["settings"]["layer_sizes"])
                network: Any = MLP(**{**shape["settings"], "layer_sizes": sizes})
                variables: Any = layers_of(held.arrays, len(sizes) - 1)
            else:
                from neuralopt.models import make_mobilenet_v3

                network = make_mobilenet_v3(**shape["settings"])
                variables = _nested(held.arrays)
            encoder = held.header["encoder"]
            restored = None if encoder is None else TableEncoder.from_dict(encoder)
            origin, laid = held.header["origin"], held.header["layout"]
            layout = None if laid is None else (tuple(laid[0]), (laid[1][0], laid[1][1]))
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"model {str(path)!r} lacks a part that this version needs ({error}). "
                "It was written by a version that is not compatible; search again."
            ) from error
        return cls(restored, network, variables, origin, layout)


def _flat(variables: Any, above: str = "") -> dict[str, np.ndarray]:
    """Return nested dicts of arrays as one, with the path as the name."""
    found: dict[str, np.ndarray] = {}
    for name, value in variables.items():
        key = f"{above}{name}"
        found |= _flat(value, f"{key}/") if hasattr(value, "items") else {key: np.asarray(value)}
    return found


def _nested(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, array in arrays.items():
        *folders, name = path.split("/")
        inner = found
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[name] = array
    return found
