"""The output layer in closed form: ridge on the last hidden layer's outputs."""

from collections.abc import Iterator, Sequence

import numpy as np

from neuralopt.readout.positive import positive_solve


def ridge_readouts(
    H: np.ndarray, Y: np.ndarray, penalties: Sequence[float]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield weights (m, k) and biases (k,) of ridge readouts, one for each penalty.

    Parameters
    ----------
    H : array of shape (n, m)
        Outputs of the last hidden layer.
    Y : array of shape (n, k)
        Targets; the biases are free of the penalty.
    penalties : sequence of float > 0
        Over the number of features and their mean variance.
    """
    mean_h, mean_y = H.mean(axis=0), Y.mean(axis=0)
    centred = H - mean_h
    gram, right = centred.T @ centred, centred.T @ (Y - mean_y)
    size = float(np.trace(gram)) / len(H) or 1.0  # features times mean variance
    for penalty in penalties:
        W, _, _ = positive_solve(gram, penalty * size, right)
        yield W, mean_y - mean_h @ W
