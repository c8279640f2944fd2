"""The curves of a joint fit: the table first, then the picture."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core.errors import DataError

if TYPE_CHECKING:
    import pandas

_PANELS = (
    ("loss", "Loss"),
    ("supervised_loss", "Supervised loss"),
    ("alignment_error", "Alignment error (1: no better than the mean)"),
)


def training_curves(history: Mapping[str, Any]) -> "pandas.DataFrame":
    """Return what `plot_training_history` draws as a table, epochs from 1 as index.

    Parameters
    ----------
    history : History or mapping of str to sequence
        What `JointOptimizer.fit` returned.

    Returns
    -------
    pandas.DataFrame
        One row per epoch.

    Raises
    ------
    DataError
        When there is no epoch, or no loss.
    """
    import pandas

    columns = {name: np.asarray(history[name], np.float64) for name in history}
    if "loss" not in columns or not len(columns["loss"]):
        raise DataError("history must hold the losses of at least one epoch. Give what fit returned.")
    return pandas.DataFrame(columns, pandas.RangeIndex(1, len(columns["loss"]) + 1, name="epoch"))


def plot_training_history(history: Mapping[str, Any], path: Any = None) -> Any:
    """Draw losses and alignment error over the epochs.

    Parameters
    ----------
    history : History or mapping of str to sequence
        What `JointOptimizer.fit` returned.
    path : str or path-like, optional
        File to write the picture to; its ending gives the format.

    Returns
    -------
    matplotlib.figure.Figure
        The picture; `training_curves` gives its data.

    Examples
    --------
    >>> figure = plot_training_history({"loss": [1.0, 0.5], "alignment_error": [0.9, 0.8]})
    >>> [axes.get_title() for axes in figure.axes]
    ['Loss', 'Alignment error (1: no better than the mean)']
    """
    from matplotlib.figure import Figure

    table = training_curves(history)
    shown = [
        (name, title)
        for name, title in _PANELS
        if name in table and np.isfinite(table[name].to_numpy()).any()
    ]
    figure = Figure(figsize=(4 * len(shown), 3), layout="constrained")
    for place, (name, title) in enumerate(shown, start=1):
        axes = figure.add_subplot(1, len(shown), place)
        axes.plot(table.index, table[name])
        values = table[name].to_numpy()
        if np.all(values[np.isfinite(values)] > 0):
            axes.set_yscale("log")
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("Epoch")
    if path is not None:
        figure.savefig(path)
    return figure
