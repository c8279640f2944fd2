"""What a trained joint model does: predict, write itself, and be read again."""

from pathlib import Path
from typing import Any, Self

import numpy as np

from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.joint.keeping import read_fitted, write_fitted
from neuralopt.joint.online import Online

_FITTED = (
    "settings",
    "base_",
    "deep_",
    "final_",
    "selection_",
    "history_",
    "shift_",
    "scale_",
    "target_scale_",
    "classes_",
    "columns_",
    "messages_",
    "settled_",
    "converged_",
    "alignment_error_",
    "train_error_",
    "real_spread_",
    "real_weights_",
    "_one_column",
    "_kept",
    "_moments",
    "_deep_moments",
    "_fading",
)


class Trained(Online):
    """What `JointOptimizer` does once it is trained; not for use by itself."""

    def predict(self, X: Any) -> np.ndarray:
        """Return the final model's predictions.

        Parameters
        ----------
        X : array-like of shape (n, input_dim)
            Inputs in the units of training.

        Returns
        -------
        array of shape (n,) or (n, output_dim)
            Of the form that y_sim had; labels for classification.
        """
        scores = self._scores(X)
        if self.settings["task"] == "classification":
            return self.classes_[np.argmax(scores, axis=1)]
        values = self.target_scale_.undo(scores)
        return values[:, 0] if self._one_column else values

    def predict_by(self, name: str, X: Any) -> np.ndarray:
        """Return one candidate's predictions instead of the chosen one's.

        Parameters
        ----------
        name : str
            Of ``candidates_.names``.
        X : array-like of shape (n, input_dim)
            Inputs in the units of training.

        Returns
        -------
        array of shape (n, output_dim)
            In the units of training; of classes, scores: near one for the class, near zero for others.

        Raises
        ------
        InvalidArgument
            For an unknown name, or where there were too few real rows for any candidate.
        """
        scores = self._scores(X, name)
        return scores if self.settings["task"] == "classification" else self.target_scale_.undo(scores)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities of the classes, in the order of ``classes_``.

        Parameters
        ----------
        X : array-like of shape (n, input_dim)
            Inputs in the units of training.

        Returns
        -------
        array of shape (n, output_dim)
            Rows sum to one. The softmax's sharpness is the one of least leave-one-out log-loss.
        """
        if self.settings["task"] != "classification":
            raise InvalidArgument("predict_proba is for task='classification', this is a regression.")
        return self.final_.probabilities(self._scores(X))

    def save(self, path: str | Path) -> Path:
        """Write the fitted model to one file, whole or not at all.

        Parameters
        ----------
        path : path
            By custom it ends in ``.safetensors``.

        Returns
        -------
        Path
            The file.
        """
        self._fitted()
        return write_fitted(path, {name: getattr(self, name) for name in _FITTED if hasattr(self, name)})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model that `save` wrote; it predicts the same to the last bit.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        JointOptimizer
            Fitted.

        Raises
        ------
        StorageError
            When the file is missing, damaged, foreign or newer, or holds a model of tables.
        """
        held = read_fitted(path)
        if "encoder" in held:
            raise StorageError(
                f"'{path}' is a joint model of tables, with their encoding. Use it by neuralopt predict, or "
                "in Python: neuralopt.estimators.load_predictor(path).predict(table)."
            )
        fitted = cls.__new__(cls)
        vars(fitted).update(held)
        fitted._look()
        return fitted
