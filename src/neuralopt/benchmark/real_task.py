"""A task of two tables: methods learn from simulated rows and are tested on real ones."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.benchmark.joint_tables import Tables, read_both
from neuralopt.benchmark.task import Split, Task, digest_of, reason_of, split_rows
from neuralopt.core.errors import DataError
from neuralopt.core.scalars import check_count

if TYPE_CHECKING:
    import pandas

_FOLDS = 5
_FEWEST = 4  # real rows: each is predicted by a fit to the others, which needs three


@dataclasses.dataclass(frozen=True)
class RealTask(Task):
    """A task whose test rows are measurements.

    Training and validation rows are simulated; the test rows are all the real ones. A method that learns from
    real rows as well answers each of them by a fit that has not seen it.

    Attributes
    ----------
    tables : Tables
        Both tables, targets in their units.
    folds : tuple of int arrays
        The real rows that are answered by one fit to all others.
    """

    tables: Tables
    folds: tuple[np.ndarray, ...]

    def facts(self) -> dict[str, Any]:
        """Return what a report says of the task."""
        facts = super().facts()
        note = (
            f"The test rows are the {len(self.test.X)} real ones. Optimizers learn from simulated rows "
            "alone. Joint training, its candidates and the references learn from the real rows as well: "
            f"each of these is answered by a fit to the others, in {len(self.folds)} folds."
        )
        return {**facts, "n_real": len(self.test.X), "reason": f"{facts['reason']} {note}"}

    def fits(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield for every fit the real rows that it learns from, and those that it answers."""
        every = np.arange(len(self.test.X))
        for fold in self.folds:
            yield np.setdiff1d(every, fold), fold

    def pooled(self, kept: np.ndarray, asked: np.ndarray) -> Task:
        """Return the task of one fit to both tables put together."""
        train = Split(
            np.concatenate([self.train.X, self.test.X[kept]]),
            np.concatenate([self.train.y, self.test.y[kept]]),
        )
        return dataclasses.replace(self, train=train, test=Split(self.test.X[asked], self.test.y[asked]))


def make_real_task(
    name: str,
    simulated: "pandas.DataFrame",
    real: "pandas.DataFrame",
    target: str | Sequence[str],
    *,
    names: tuple[str, str] = ("the simulated table", "the real table"),
    task: str | None = None,
    missing: str = "refuse",
    drop: Sequence[str] = (),
    seed: int = 0,
) -> RealTask:
    """Check two tables and make the task of answering the real rows.

    Parameters
    ----------
    name : str
        What the report calls it.
    simulated, real : pandas.DataFrame
        With the same columns, in any order; at least ten and four rows.
    target : str or sequence of str
        Columns to be predicted, in both tables.
    names : (str, str)
        What the tables are called in error texts.
    task : {"regression", "classification"}, optional
        By default recognised from the simulated target.
    missing : {"refuse", "impute"}, default "refuse"
        What to do with missing cells of inputs.
    drop : sequence of str
        Columns to leave out.
    seed : int, default 0
        Of the folds and of the split of the simulated rows.

    Returns
    -------
    RealTask
        Encoded and split.

    Raises
    ------
    DataError, InvalidArgument
        For whatever in the tables cannot be used.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> x = np.linspace(0, 1, 50)
    >>> sim, real = pd.DataFrame({"x": x, "y": x}), pd.DataFrame({"x": x[::8], "y": x[::8] ** 2})
    >>> made = make_real_task("square", sim, real, "y")
    >>> len(made.train.X), len(made.validation.X), len(made.test.X), len(made.folds)
    (40, 10, 7, 5)
    """
    check_count("seed", seed, low=0)
    targets = [target] if isinstance(target, str) else list(target)
    if len(real) < _FEWEST:
        raise DataError(
            f"{names[1]} has {len(real)} rows, and a comparison on real rows needs at least {_FEWEST}: each "
            "is answered by a fit to the others, which needs three. Measure more, or fit all rows by "
            "neuralopt joint."
        )
    tables = read_both(simulated, real, targets, names=names, task=task, drop=drop, missing=missing)
    encoder, classified = tables.encoder, tables.encoder.task == "classification"
    first, validation, second = split_rows(tables.y_sim if classified else None, len(tables.X_sim), seed)
    y_sim, y_real = (
        y if classified else (y - encoder.target_mean) / encoder.target_scale
        for y in (tables.y_sim, tables.y_real)
    )
    train = np.sort(np.concatenate([first, second]))
    splits = [
        *(Split(tables.X_sim[rows], y_sim[rows]) for rows in (train, validation)),
        Split(tables.X_real, y_real),
    ]
    return RealTask(
        "".join(c if c.isprintable() else "\ufffd" for c in name),
        encoder,
        reason_of(simulated, encoder, task),
        *splits,
        digest=digest_of(encoder, splits),
        tables=tables,
        folds=_folds(tables.y_real if classified else None, len(y_real), seed),
    )


def _folds(labels: np.ndarray | None, count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Deal the rows, of each class by itself, to at most five folds."""
    order = np.random.default_rng(seed).permutation(count)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    folds = min(_FOLDS, count)
    return tuple(np.sort(order[k::folds]) for k in range(folds))
