"""The output layer in closed form: ridge on the last hidden layer's outputs."""

import numpy as np

from neuralopt.readout.positive import positive_solve

_SHARE = 0.6  # the penalty for each feature, over the features' mean variance


def ridge_readout(H: np.ndarray, Y: np.ndarray, share: float = _SHARE) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (m, k) and biases (k,) of the ridge readout; the biases are free of the penalty.

    Parameters
    ----------
    H : array of shape (n, m)
        Outputs of the last hidden layer.
    Y : array of shape (n, k)
        Targets.
    share : float > 0
        The penalty over the number of features and their mean variance.
    """
    mean_h, mean_y = H.mean(axis=0), Y.mean(axis=0)
    centred = H - mean_h
    penalty = share * float(np.square(centred).mean()) * H.shape[1] or 1.0
    W, _, _ = positive_solve(centred.T @ centred, penalty, centred.T @ (Y - mean_y))
    return W, mean_y - mean_h @ W
