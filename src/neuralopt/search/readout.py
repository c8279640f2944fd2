"""The output layer in closed form: ridge on the last hidden layer's outputs."""

from collections.abc import Iterator

import numpy as np

from neuralopt.readout.positive import positive_solve

_SHARES = (1.0, 0.1, 0.01, 1e-4)  # of the first penalty, tried in turn


def ridge_readouts(H: np.ndarray, Y: np.ndarray, freedom: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield weights (m, k) and biases (k,) of ridge readouts, each with a smaller penalty than the last.

    Parameters
    ----------
    H : array of shape (n, m)
        Outputs of the last hidden layer.
    Y : array of shape (n, k)
        Targets; the biases are free of the penalty.
    freedom : float > 0
        Searched weights for each row. Features that were searched fit the rows by more than their number
        tells, so the penalty grows with it.
    """
    mean_h, mean_y = H.mean(axis=0), Y.mean(axis=0)
    centred = H - mean_h
    gram, right = centred.T @ centred, centred.T @ (Y - mean_y)
    size = float(np.trace(gram)) / len(H) or 1.0  # features times mean variance
    first = 2 * min(freedom, freedom**3) * size
    for share in _SHARES:
        W, _, _ = positive_solve(gram, share * first, right)
        yield W, mean_y - mean_h @ W
