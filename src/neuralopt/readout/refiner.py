"""Refit the output layer of a trained network in closed form."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.readout.checks import check_lambda, check_rows
from neuralopt.readout.choice import CRITERIA, choose
from neuralopt.readout.path import ridge_path
from neuralopt.readout.ridge import solve
from neuralopt.readout.robust import TUNING, robust_fit

_PRIORS = ("zero", "current")


class Refinement(NamedTuple):
    """What a refit of the output layer did."""

    reg_lambda: float  # the penalty used
    error_before: float  # RMSE on the rows of the network as it came
    loo_after: float  # leave-one-out RMSE of the new layer; nan with a single row
    error_after: float  # RMSE on the rows of the new layer
    dof: float  # effective degrees of freedom, the bias counted; nan with a single row
    edge: bool  # whether lambda is at the edge of its grid
    message: str  # what to do about that, or ""
    weights: np.ndarray  # (n,), of the rows, with the robust ones


class LinearRegressionRefiner:
    """Solves the output layer of a network on real rows, hidden layers as they are.

    Parameters
    ----------
    reg_lambda : float >= 0, "loo" or "gcv", default 0.1
        Penalty on the layer's weights, in units of the sum of squares; or how to choose it: by
        leave-one-out or by generalised cross-validation.
    prior : {"zero", "current"}, default "zero"
        Where the penalty pulls the weights: to zero, or to those the network has.
    robust : {"huber", "tukey"}, optional
        Robust weights of the rows, see `robust_fit`; a fixed ``reg_lambda`` must then be > 0.
    lambdas : sequence of float > 0, optional
        The grid to choose from; one of 40 values from the features' spectrum by default.
    in_place : bool, default True
        Change the network given, as its ``backward`` does; otherwise return a changed copy.

    Attributes
    ----------
    report_ : Refinement
        Of the last refit: lambda, errors before and after, effective degrees of freedom.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.models import NeuralNetwork
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> net = NeuralNetwork(1, 8, 1)
    >>> refiner = LinearRegressionRefiner(reg_lambda="loo")
    >>> net = refiner.refine_readout_layer(net, X, np.sin(3 * X))
    >>> refiner.report_.loo_after < 0.05 * refiner.report_.error_before
    True
    """

    def __init__(
        self,
        reg_lambda: float | str = 0.1,
        *,
        prior: str = "zero",
        robust: str | None = None,
        lambdas: Any = None,
        in_place: bool = True,
    ) -> None:
        if isinstance(reg_lambda, str):
            if reg_lambda not in CRITERIA:
                raise InvalidArgument(
                    f"reg_lambda must be a number >= 0, 'loo' or 'gcv', got {reg_lambda!r}."
                    f"{did_you_mean(reg_lambda, CRITERIA)}"
                )
        elif check_lambda("reg_lambda", reg_lambda) == 0 and robust:
            raise InvalidArgument("reg_lambda must be > 0 with robust weights, got 0.")
        if prior not in _PRIORS:
            raise InvalidArgument(f"prior must be 'zero' or 'current', got {prior!r}.")
        if robust is not None and robust not in TUNING:
            raise InvalidArgument(f"robust must be 'huber', 'tukey' or None, got {robust!r}.")
        self.reg_lambda = reg_lambda
        self.prior = prior
        self.robust = robust
        self.lambdas = lambdas
        self.in_place = in_place

    def refine_readout_layer(self, net: Any, X_real: Any, y_real: Any, weights: Any = None) -> Any:
        """Solve the network's output layer on the given rows.

        Parameters
        ----------
        net : neuralopt.models.Network
            With an output layer that is linear (``output_activation="identity"``). Anything that has
            ``mlp.output_activation``, ``params``, ``hidden(X)`` and ``with_params(params)`` will do.
        X_real : array of shape (n, input size)
            Inputs.
        y_real : array of shape (n, output size) or (n,)
            Measured outputs.
        weights : array of shape (n,), >= 0, optional
            Of the rows; ones by default.

        Returns
        -------
        Network
            ``net`` itself, or a copy when ``in_place`` is False; with new weights and bias of the last layer
            in the dtype of the network.

        Raises
        ------
        InvalidArgument
            For an output layer that is not linear, or weights that break their law.
        DataError
            For rows that cannot be used, see `solve`; for "loo" and "gcv" there must be two.
        """
        output = net.mlp.output_activation
        if output != "identity":
            raise InvalidArgument(
                f"refine_readout_layer needs a linear output layer, this network's output_activation is "
                f"{output!r}. Build it with output_activation='identity'."
            )
        *below, (W, b) = net.params
        H = np.asarray(net.hidden(X_real))
        prior = W if self.prior == "current" else None
        rows = check_rows(H, y_real, weights, prior)
        if rows.Y.shape[1] != W.shape[1]:
            raise InvalidArgument(f"y_real must have shape ({len(H)}, {W.shape[1]}), got {np.shape(y_real)}.")
        before = _rmse(rows.Y - (H @ W + b), rows.weights)
        readout, self.report_ = self._solve(H, rows, prior, before)
        layer = (readout.weights.astype(W.dtype), readout.bias.astype(b.dtype))
        if not self.in_place:
            return net.with_params([*below, layer])
        net.params = [*below, layer]
        return net

    def _solve(self, H: np.ndarray, rows: Any, prior: Any, before: float) -> tuple[Any, Refinement]:
        fixed = not isinstance(self.reg_lambda, str)
        weights = rows.weights
        if fixed and not self.robust and (self.reg_lambda == 0 or np.sum(weights > 0) < 2):
            readout = solve(H, rows.Y, float(self.reg_lambda), weights, prior)
            after = _rmse(rows.Y - readout.predict(H), weights)
            return readout, Refinement(readout.reg_lambda, before, np.nan, after, np.nan, False, "", weights)
        lambdas = [self.reg_lambda] if fixed else self.lambdas
        criterion = "loo" if fixed else str(self.reg_lambda)
        if self.robust:
            fit = robust_fit(
                H, rows.Y, lambdas, self.robust, weights=weights, prior=prior, criterion=criterion
            )
            weights, choice = fit.weights, fit.choice
        else:
            choice = choose(ridge_path(H, rows.Y, lambdas, weights, prior), criterion)
        return choice.readout, Refinement(
            choice.reg_lambda,
            before,
            _rmse(choice.residuals, weights),
            _rmse(rows.Y - choice.readout.predict(H), weights),
            choice.dof,
            choice.edge,
            choice.message,
            weights,
        )


def _rmse(residuals: np.ndarray, weights: np.ndarray) -> float:
    """Return the root of the weighted mean square, over rows and outputs."""
    return float(np.sqrt(np.average(np.mean(residuals**2, axis=1), weights=weights)))
