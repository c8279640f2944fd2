"""What the models of this room share: parameters, predictions, files."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.core.results import Status
from neuralopt.engine import History
from neuralopt.models import MLP, softmax
from neuralopt.models.mlp import Params
from neuralopt.search.objectives import scores
from neuralopt.search.own_loss import UnkeptLoss, name_of
from neuralopt.search.targets import decode, read_inputs
from neuralopt.storage import read_container, write_container

KIND, VERSION = "search", 1


class SearchedModel:
    """Base of the models that train an MLP on whole data; not for use by itself.

    Attributes
    ----------
    mlp : MLP
        Shapes and activations.
    history : History
        Of the last call.
    status : Status
        Why it ended.
    choice : dict of str
        What was chosen where there was a choice, in words.
    """

    mlp: MLP
    history: History
    status: Status
    choice: dict[str, str]

    def _begin(self, mlp: MLP, arguments: dict[str, Any]) -> None:
        self._arguments = {name: _plain(value) for name, value in arguments.items()}
        self.mlp, self.history, self.status = mlp, History(), Status.RUNNING
        self.choice = {}
        self._trained: Params | None = None
        self._begun_at: tuple[Params | None, Params] | None = None  # of the last training, and what it gave
        self._classes: np.ndarray | None = None
        self._one_column = False

    def _take(
        self, params: Params, history: History, status: Status, classes: np.ndarray | None, one_column: bool
    ) -> None:
        self._trained, self.history, self.status = params, history, status
        self._classes, self._one_column = classes, one_column

    def _origin(self, resume: bool) -> Params | None:
        """Return where a training begins: to go on with the last one, where that began."""
        last = self._begun_at
        return last[0] if resume and last is not None and last[1] is self._trained else self._trained

    @property
    def params(self) -> Params:
        """The parameters, a list of (W, b): W of shape (fan_in, fan_out)."""
        if self._trained is None:
            raise InvalidArgument(
                f"{type(self).__name__} has no parameters yet: it has seen no data. Train it first."
            )
        return self._trained

    def start_from(self, params: Params) -> None:
        """Begin the next training from given parameters.

        Parameters
        ----------
        params : list of (W, b)
            Of the shapes of this network; copied.
        """
        like = [(W.shape, b.shape) for W, b in self.mlp.init(0)]
        law = f"params must be a list of (W, b) of the shapes {like}"
        try:
            given = [(np.array(W, np.float64), np.array(b, np.float64)) for W, b in params]
        except (TypeError, ValueError):
            raise InvalidArgument(
                f"{law}, got {params!r:.60}. Give the params of a network of these sizes."
            ) from None
        shapes = [(W.shape, b.shape) for W, b in given]
        if shapes != like:
            raise InvalidArgument(
                f"{law}, got {shapes}. Likely cause: a network of other sizes, or W given transposed."
            )
        for layer, arrays in enumerate(given):
            for name, A in zip("Wb", arrays, strict=True):
                if bad := int((~np.isfinite(A)).sum()):
                    raise InvalidArgument(
                        f"params must be finite, {bad} of {A.size} values of {name} in layer {layer} are not."
                        " Likely cause: a training that diverged. Begin from others, or from none."
                    )
        self._trained = given

    @property
    def classes(self) -> np.ndarray | None:
        """The labels in the order of the outputs; None for real targets."""
        return self._classes

    def forward(self, X: Any) -> np.ndarray:
        """Return the outputs of the network.

        Parameters
        ----------
        X : array of shape (n, input_size)
            Inputs.

        Returns
        -------
        array of shape (n, output_size)
            Real numbers, or scores of the classes; of one output the score of the second class.
        """
        return self.mlp.forward(self.params, read_inputs(X, self.mlp.layer_sizes[0]))

    def predict(self, X: Any) -> np.ndarray:
        """Return predictions in the form that the targets had.

        Parameters
        ----------
        X : array of shape (n, input_size)
            Inputs.

        Returns
        -------
        array of shape (n,) or (n, output_size)
            Labels where labels were given, else numbers.
        """
        return decode(self.forward(X), self._classes, self._one_column)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the softmax of the scores; probabilities where the loss was the cross-entropy.

        Parameters
        ----------
        X : array of shape (n, input_size)
            Inputs.

        Returns
        -------
        array of shape (n, classes)
            In the order of ``classes``.
        """
        if self._classes is None:
            raise InvalidArgument("predict_proba is for class labels, this model was trained on numbers.")
        return softmax(scores(self.forward(X)))

    def summary(self) -> str:
        """Return what was trained, how each layer was searched, and how it ended, line by line."""
        lines = [f"{type(self).__name__}: {'-'.join(map(str, self.mlp.layer_sizes))}, {self.mlp.activation}"]
        lines += [f"{name}: {chosen}" for name, chosen in self.choice.items()]
        if self.history.epochs:
            done = self.history["loss"]
            lines.append(f"loss {done[-1]:.6g} after {len(done)} sweeps or epochs")
        if isinstance(self._arguments["loss"], UnkeptLoss):
            lines.append("its loss was one's own, which the file does not hold: load(path, loss=...) goes on")
        return "\n".join([*lines, f"{self.status.name}: {self.status.value}"])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the trained model to one file, whole or not at all.

        Parameters
        ----------
        path : path
            By custom it ends in ``.safetensors``.

        Returns
        -------
        Path
            The file.
        """
        classes = None if self._classes is None else self._classes.tolist()
        header = {
            "class": type(self).__name__,
            "arguments": {k: v for k, v in self._arguments.items() if not callable(v)},
            "classes": classes,
            "one_column": self._one_column,
            "own_loss": name_of(self._arguments["loss"]) if callable(self._arguments["loss"]) else None,
            "status": self.status.name,
            "choice": self.choice,
            "phases": self.history["phase"].tolist() if "phase" in self.history else None,
        }
        arrays = {f"history/{name}": self.history[name] for name in self.history if name != "phase"}
        for k, (W, b) in enumerate(self.params):
            arrays |= {f"layers/{k}/W": W, f"layers/{k}/b": b}
        return write_container(path, kind=KIND, version=VERSION, header=header, arrays=arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, loss: Any = None) -> "SearchedModel":
        """Read a model that `save` wrote; it predicts the same to the last bit.

        Parameters
        ----------
        path : path
            The file.
        loss : str or callable, optional
            In place of the model's. A file does not hold a loss of one's own: without it a loaded model
            predicts, and refuses to go on training.

        Returns
        -------
        SearchedModel
            Of the class asked, with its arguments.

        Raises
        ------
        StorageError
            When the file is missing, damaged, foreign, newer, or of another class.
        """
        held = read_container(path, kind=KIND, version=VERSION)
        try:
            header, arrays = held.header, held.arrays
            if header["class"] != cls.__name__:
                raise StorageError(
                    f"'{path}' holds a {header['class']}, not a {cls.__name__}. "
                    f"Read it with {header['class']}.load(path)."
                )
            make: Any = cls
            arguments = header["arguments"]
            if loss is not None or "loss" not in arguments:
                arguments = {**arguments, "loss": loss or UnkeptLoss(cls.__name__, header["own_loss"])}
            model = make(**arguments)
            count = len(model.mlp.layer_sizes) - 1
            params = [(arrays[f"layers/{k}/W"], arrays[f"layers/{k}/b"]) for k in range(count)]
            columns = {n.partition("/")[2]: a for n, a in arrays.items() if n.startswith("history/")}
            if header["phases"] is not None:
                columns["phase"] = np.array(header["phases"])
            classes = None if header["classes"] is None else np.array(header["classes"])
            model._take(params, History(columns), Status[header["status"]], classes, header["one_column"])
            model.choice = header["choice"]
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, StorageError):
                raise
            raise StorageError(
                f"The model '{path}' lacks a part that this version needs ({error}). It was written by a "
                "version that is not compatible; train it again."
            ) from error
        return model


def _plain(value: Any) -> Any:
    """Return an argument as it is written to a file."""
    if isinstance(value, np.ndarray | tuple | list):
        return np.asarray(value).tolist()
    return value.item() if isinstance(value, np.generic) else value
