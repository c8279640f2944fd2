"""A table to arrays and back: fitted once on the training rows, kept with the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neuralopt.core.errors import DataError, InvalidArgument, raise_problems
from neuralopt.datasets import columns as column_codec
from neuralopt.datasets import restore
from neuralopt.datasets import targets as target_codec
from neuralopt.datasets.cells import column_of
from neuralopt.datasets.columns import Column
from neuralopt.datasets.fit_table import checked_frame, fit_table
from neuralopt.datasets.targets import ClassificationTarget, ClassLabel, RegressionTarget, Target
from neuralopt.datasets.wording import absent, counted, listing

_VERSION = 1


@dataclass(frozen=True)
class TableEncoder:
    """How a table with named columns becomes the arrays that a network trains on.

    Made by `fit` or `from_dict`. Row numbers in error texts count from 1, the header not counted.

    Parameters
    ----------
    columns : tuple
        The encoding of each feature column that is used.
    target : RegressionTarget or ClassificationTarget
        The encoding of the target.
    missing : {"refuse", "impute"}
        What happens to missing feature values.
    notes : tuple of str
        Sentences for the user: columns left out and why, how the task was recognised.
    """

    columns: tuple[Column, ...]
    target: Target
    missing: str
    notes: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        target: str | Sequence[str],
        *,
        task: str | None = None,
        missing: str = "refuse",
        drop: Sequence[str] = (),
        rows: Any = None,
    ) -> "TableEncoder":
        """Check a whole table, then take all statistics from its training rows.

        Numbers are standardised (mean 0, standard deviation 1 over the training rows), booleans become 0 and
        1, texts and categories become one 0/1 column for each level that training rows have. Columns of texts
        that all spell numbers are numbers. Constant columns are left out with a note. Dates are refused.

        Parameters
        ----------
        frame : pandas.DataFrame
            At least 10 rows. Columns are known by the text of their names.
        target : str or list of str
            The target column; several numeric ones for regression.
        task : {"regression", "classification"}, optional
            By default `recognise_task` decides; several targets are regression.
        missing : {"refuse", "impute"}, default "refuse"
            Refuse missing feature values, or put the training median (numbers; with a 0/1 column that says
            where) or a level of their own (categories) in their place. A missing target is always refused.
        drop : sequence of str
            Feature columns to leave out.
        rows : array of int, shape (m,), optional
            Positions of the training rows, at least 2, from 0; by default all. Means, scales, medians and
            levels come from these rows only, so that nothing leaks from the others. Checks, and the list of
            classes, look at all rows.

        Returns
        -------
        TableEncoder
            The fitted encoding.

        Raises
        ------
        InvalidArgument
            When an argument is not one of its options, or ``rows`` does not fit the table.
        DataError
            For all columns at once that cannot be used, with the column, the row and the cure.

        Examples
        --------
        >>> frame = pd.DataFrame({"size": range(10), "city": list("abababaabb")})
        >>> frame["price"] = frame["size"] * 1.5
        >>> encoder = TableEncoder.fit(frame, "price")
        >>> encoder.task, encoder.feature_names
        ('regression', ['size', 'city=a', 'city=b'])
        >>> encoder.transform(frame).shape
        (10, 3)
        """
        names = (
            (str(target),)
            if isinstance(target, str) or not isinstance(target, Sequence)
            else tuple(map(str, target))
        )
        dropped = [drop] if isinstance(drop, str) else [str(name) for name in drop]
        fitted, encoding, notes = fit_table(frame, names, task, missing, dropped, rows)
        return cls(tuple(fitted), encoding, missing, tuple(notes))

    @property
    def task(self) -> str:
        """``"regression"`` or ``"classification"``."""
        return self.target.task

    @property
    def feature_names(self) -> list[str]:
        """The names of the d encoded columns."""
        return [name for column in self.columns for name in column.feature_names]

    @property
    def target_names(self) -> list[str]:
        """The names of the k target columns."""
        return list(self.target.names)

    @property
    def classes(self) -> list[ClassLabel]:
        """The labels in the order of their indices; empty for regression."""
        return list(self.target.classes) if isinstance(self.target, ClassificationTarget) else []

    @property
    def target_mean(self) -> np.ndarray:
        """Means of the targets over the training rows, shape (k,); empty for classification."""
        return np.array(
            self.target.mean if isinstance(self.target, RegressionTarget) else (), dtype=np.float64
        )

    @property
    def target_scale(self) -> np.ndarray:
        """Standard deviations of the targets over the training rows, shape (k,); empty for classification."""
        return np.array(
            self.target.scale if isinstance(self.target, RegressionTarget) else (), dtype=np.float64
        )

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the features of a table as an array.

        Parameters
        ----------
        frame : pandas.DataFrame, n rows
            Has the columns that were used in training, in any order; other columns are ignored.

        Returns
        -------
        numpy.ndarray of float64, shape (n, d)
            The encoded features.

        Raises
        ------
        DataError
            When columns are missing, or hold text, infinity or (unless imputed) missing values.
        """
        frame = checked_frame(frame)
        self._require(frame, [column.name for column in self.columns], "feature")
        problems: list[str] = []
        parts = []
        for column in self.columns:
            of_column: list[str] = []
            parts.append(column.encode(column_of(frame, column.name), self.missing == "impute", of_column))
            problems += of_column
        raise_problems(problems, DataError)
        return np.concatenate(parts, axis=1)

    def encode_target(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the target of a table as an array.

        Parameters
        ----------
        frame : pandas.DataFrame, n rows
            Has the target columns.

        Returns
        -------
        numpy.ndarray
            Regression: float64, shape (n, k), standardised. Classification: int64, shape (n,), the place in
            `classes`.

        Raises
        ------
        DataError
            When a target is missing, is not a number, or is a class that training did not have.
        """
        frame = checked_frame(frame)
        self._require(frame, self.target.names, "target")
        problems: list[str] = []
        encoded = self.target.encode(frame, problems)
        raise_problems(problems, DataError)
        return encoded

    def decode_regression(self, prediction: Any) -> np.ndarray:
        """Return standardised predictions in the units of the targets.

        Parameters
        ----------
        prediction : array, shape (n, k), or (n,) for one target
            The network's output.

        Returns
        -------
        numpy.ndarray of float64, shape (n, k)
            ``prediction * target_scale + target_mean``.

        Raises
        ------
        InvalidArgument
            When the task is classification or the shape does not fit.
        """
        if not isinstance(self.target, RegressionTarget):
            raise InvalidArgument(
                "decode_regression needs a regression task, and this one is classification."
            )
        return self.target.decode(prediction)

    def to_dict(self) -> dict[str, Any]:
        """Return the encoding as plain data for JSON; `from_dict` gives back an equal encoder.

        Returns
        -------
        dict
            Strings, numbers, booleans, lists and dicts; all floats are finite and exact.
        """
        return {
            "version": _VERSION,
            "columns": [column_codec.to_dict(column) for column in self.columns],
            "target": target_codec.to_dict(self.target),
            "missing": self.missing,
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "TableEncoder":
        """Return the encoder that `to_dict` described.

        Parameters
        ----------
        data : dict
            The plain data.

        Returns
        -------
        TableEncoder
            Equal to the one described.

        Raises
        ------
        InvalidArgument
            For every field that is missing, unknown or has an impossible value.
        """
        problems: list[str] = []
        checks: dict[str, restore.Check] = {
            "version": restore.one_of(_VERSION),
            "columns": restore.several(lambda value: value),
            "target": lambda value: value,
            "missing": restore.one_of("refuse", "impute"),
            "notes": restore.texts,
        }
        fields = restore.restored(data, checks, "encoder", problems)
        raise_problems(problems)
        assert fields is not None
        described = [
            column_codec.from_dict(column, f"encoder['columns'][{i}]", problems)
            for i, column in enumerate(fields["columns"])
        ]
        target = target_codec.from_dict(fields["target"], "encoder['target']", problems)
        raise_problems(problems)
        assert target is not None
        return cls(tuple(c for c in described if c is not None), target, fields["missing"], fields["notes"])

    @staticmethod
    def _require(frame: pd.DataFrame, names: Sequence[str], role: str) -> None:
        missing = [name for name in names if name not in frame.columns]
        if missing:
            raise DataError(
                f"The table lacks {len(missing)} of the {counted(len(names), f'{role} column')} that "
                "training had: "
                f"{absent(missing, list(frame.columns))}. It has {listing(frame.columns)}. "
                "Name its columns as in training; their order and further columns do not matter."
            )
