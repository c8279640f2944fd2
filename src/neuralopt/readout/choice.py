"""The choice of a lambda from a path of errors."""

from typing import NamedTuple

import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.readout.path import Path
from neuralopt.readout.ridge import Readout
from neuralopt.readout.spectrum import filtered

CRITERIA = ("loo", "gcv")


class Choice(NamedTuple):
    """The lambda chosen from a path, and what is known there."""

    reg_lambda: float
    place: int  # on the grid
    error: float  # of the criterion: a mean square
    dof: float  # effective degrees of freedom
    edge: bool  # whether the lambda is the first or the last of the grid
    message: str  # what to do about it, or ""
    residuals: np.ndarray  # (n, k), leave-one-out residuals in the units of Y
    readout: Readout


def choose(path: Path, criterion: str = "loo") -> Choice:
    """Return the lambda of least error; among equal ones the largest.

    Parameters
    ----------
    path : Path
        See `ridge_path`.
    criterion : {"loo", "gcv"}, default "loo"
        Which error.

    Returns
    -------
    Choice
        With the readout and every row's leave-one-out residual there.

    Raises
    ------
    InvalidArgument
        For another criterion.
    """
    if criterion not in CRITERIA:
        raise InvalidArgument(
            f"criterion must be 'loo' or 'gcv', got {criterion!r}.{did_you_mean(str(criterion), CRITERIA)}"
        )
    found = path.loo if criterion == "loo" else path.gcv
    last = len(found) - 1
    index = last - int(np.argmin(found[::-1]))
    lam = float(path.lambdas[index])
    rows = path.rows
    readout = _readout(path, lam)
    residuals, slack = filtered(path.spectrum, path.lambdas[index : index + 1])
    root = np.sqrt(rows.weights)[:, None]
    weighted = residuals[:, :, 0] / (slack * np.where(root > 0, root, 1))
    plain = rows.Y - readout.predict(rows.H + rows.origin[None, :])
    return Choice(
        lam,
        index,
        float(found[index]),
        float(path.dof[index]),
        last > 0 and index in (0, last),
        _edge(path, index, last),
        np.where(root > 0, weighted, plain),
        readout,
    )


def _readout(path: Path, lam: float) -> Readout:
    spectrum = path.spectrum
    W = path.rows.prior + spectrum.axes @ (spectrum.targets / (spectrum.values + lam)[:, None])
    mean_h = spectrum.mean_h + path.rows.origin
    return Readout(W, spectrum.mean_y - mean_h @ W, lam, "eigh", 0.0)


def _edge(path: Path, index: int, last: int) -> str:
    if not last or index not in (0, last):
        return ""
    grid = f"{path.lambdas[0]:.3g} to {path.lambdas[-1]:.3g}"
    if index == last:
        why = (
            "all features are constant"
            if not path.spectrum.values.any()
            else "the features explain nothing beyond the prior and the bias, or the grid ends too low"
        )
        return f"lambda = {path.lambdas[index]:.3g} is the upper edge of the grid ({grid}): {why}."
    return (
        f"lambda = {path.lambdas[index]:.3g} is the lower edge of the grid ({grid}): "
        "the targets have next to no noise, or the grid begins too high."
    )
