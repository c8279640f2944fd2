"""Variable projection: the loss of the features when the readout is always at its optimum."""

import dataclasses
from typing import Any

from neuralopt.core.namespace import namespace
from neuralopt.models import Loss
from neuralopt.readout import fit


@dataclasses.dataclass(frozen=True)
class Projected(Loss):
    r"""The squared error that is left when the readout of the features is solved.

    .. math:: L(H) = \min_{W, b} \frac{1}{n k} \left(|Y - H W - b|^2 + \lambda |W|^2\right), \qquad
        \frac{\partial L}{\partial H} = -\frac{2}{n k} E W'

    The gradient is plain backpropagation at the solved readout: by the envelope theorem its own change adds
    nothing, for it minimises the very same loss on the very same rows. As a `Loss` its "predictions" are the
    features; pure array-API code for NumPy and JAX.

    Attributes
    ----------
    penalty : float > 0
        Lambda, in units of the sum of squares.

    References
    ----------
    Golub and Pereyra, 1973, SIAM Journal on Numerical Analysis 10(2).
    """

    penalty: float = 1e-6

    title = "squared error with the readout solved"
    targets = "real"

    def rows(self, prediction: Any, target: Any) -> Any:
        """Return the mean squared error of every row, without the penalty; see `Loss.rows`."""
        _, E = self._solved(prediction, target)
        return namespace(E).mean(E * E, axis=1)

    def row_gradients(self, prediction: Any, target: Any) -> Any:
        """Return ``-2 E W' / k``; see `Loss.row_gradients`."""
        W, E = self._solved(prediction, target)
        return -2 / target.shape[1] * (E @ W.T)

    def value_and_gradient(self, prediction: Any, target: Any, weights: Any = None) -> tuple[Any, Any]:
        """Return the loss with the penalty, and its gradient in the features; all rows count alike."""
        W, E = self._solved(prediction, target)
        xp = namespace(W, E)
        scale = 1 / (target.shape[0] * target.shape[1])
        return scale * (xp.sum(E * E) + self.penalty * xp.sum(W * W)), -2 * scale * (E @ W.T)

    def _solved(self, H: Any, Y: Any) -> tuple[Any, Any]:
        W, b = fit(H, Y, self.penalty)
        return W, Y - H @ W - b[None, :]
