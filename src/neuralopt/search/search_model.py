"""``SearchModel``: a network trained by exact and grid line searches over its weights."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import refuse_unknown
from neuralopt.core.scalars import check_count
from neuralopt.core.validation import check_resume
from neuralopt.engine import History
from neuralopt.search.base import SearchedModel
from neuralopt.search.ledger import Held
from neuralopt.search.restart import Keeping
from neuralopt.search.run import Run
from neuralopt.search.settings import Settings, check_budget, check_settings
from neuralopt.search.targets import Targets, read_inputs, read_targets
from neuralopt.search.watching import watching


class SearchModel(SearchedModel):
    r"""A multi-layer perceptron trained without gradients: each weight in turn is set to its best value.

    Only forward passes are made, and only what a weight can change is computed anew. For step and sign
    units a row knows two losses, on and off, so that with :math:`c_n = L_n(\mathrm{on}) - L_n(\mathrm{off})`
    the loss along any direction of a unit's incoming weights is

    .. math:: L(t) = L_\mathrm{off} + \sum_n c_n\,1[z_n + t a_n \ge 0],

    a prefix sum over the sorted breakpoints :math:`-z_n / a_n`: the minimum over all real t is exact, at
    any depth and for any loss that is a mean over the rows, and for F1. A relu unit before the output
    under squared error is piecewise quadratic and exact as well. Other units are searched coarse to fine,
    then by Brent's method. The output layer under squared error is solved by ridge. A change is accepted
    only where it lowers the loss, and what is returned is the best that was seen.

    A sweep that hardly lowers the loss is followed by a kick: a few units are drawn anew, and the search
    goes on from the best.

    Parameters
    ----------
    input_size : int >= 1
        Width of the input.
    hidden_sizes : sequence of int >= 1
        Units of the hidden layers; empty for a linear model.
    output_size : int >= 1
        Width of the output; for classes their number, or 1 where there are two.
    weight_range, bias_range : (float, float), default (-5, 5)
        Where searched weights and biases may be; levels and a ridge readout are free of it. A range with
        zero inside binds an on/off unit to nothing, whose weights are scaled into it.
    weight_range_size, bias_range_size : int >= 2, default 100
        Values of the ranges that ``line="grid"`` tries.
    line : {"auto", "grid", "exact", "brent"}, default "auto"
        How one weight is searched; "auto" is exact where that is possible and else coarse to fine with
        Brent. ``choice`` tells what was chosen.
    order : {"cyclic", "random", "greedy"}, default "cyclic"
        Of units and weights; "greedy" takes the weights of an on/off unit by what each alone would gain.
    directions : sequence of {"weights", "least_squares", "random"}, optional
        Of an on/off unit: each weight; all weights toward the side that each row should be on, rows
        weighted by :math:`|c_n|`; drawn at random. All three by default.
    loss : str or callable, default "squared_error"
        "squared_error", "cross_entropy", "hinge", "01", "f1", "auc", or ``loss(prediction, y)`` that returns
        one value for each row, or one number for the whole set; lower is better. Of "f1" and "auc" it is 1
        less the score. The prediction has shape (n, output_size); y arrives as whole numbers of shape (n,)
        where it was given so, else as floats of shape (n, output_size).
    activation : str, default "tanh"
        Of the hidden layers: step, sign, tanh, relu, gelu, sigmoid or identity.
    levels : sequence of float, optional
        The values that weights may have; biases stay real. The output layer is then searched as well,
        unless ``readout="ridge"`` is given.
    restarts : int >= 0, default 0
        Further starts from new weights, the best of which is kept; a budget is shared among them.
    readout : {"ridge", "search"}, optional
        The output layer: solved by ridge (under other losses than squared error tried first, then
        searched), or searched like the others. Ridge by default, search with ``levels``.
    budget_s : float > 0, optional
        Seconds for one call of ``search``.
    tolerance : float >= 0, optional
        End a start when a sweep lowers the loss by no more than this, instead of kicking.
    seed : int >= 0, default 0
        Of all that is drawn. Without a budget the same seed gives the same result.

    Attributes
    ----------
    mlp : MLP
    params : list of (W, b)
    history : History
    status : Status
    choice : dict of str
        The line search of each layer, and whether the loops were compiled.

    Notes
    -----
    With numba (``pip install "neuralopt[search]"``) the loops over on/off units are compiled, at the first
    search on a machine for some seconds; under a budget NumPy works until they are there. On smooth
    networks gradients win: compare with `GradientModel`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]); y = np.array([0, 1, 1, 0])
    >>> model = SearchModel(2, [4], 1, activation="step", loss="01")
    >>> history = model.search(X, y, max_iterations=30)
    >>> float(history["loss"][-1]), model.predict(X).tolist()
    (0.0, [0, 1, 1, 0])
    """

    @refuse_unknown
    def __init__(
        self,
        input_size: int,
        hidden_sizes: Sequence[int],
        output_size: int,
        weight_range: Sequence[float] = (-5.0, 5.0),
        bias_range: Sequence[float] = (-5.0, 5.0),
        weight_range_size: int = 100,
        bias_range_size: int = 100,
        *,
        line: str = "auto",
        order: str = "cyclic",
        directions: Sequence[str] | str | None = None,
        loss: Any = "squared_error",
        activation: str = "tanh",
        levels: Sequence[float] | None = None,
        restarts: int = 0,
        readout: str | None = None,
        budget_s: float | None = None,
        tolerance: float | None = None,
        seed: int = 0,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        self.settings = check_settings(given)
        self._begin(self.settings.mlp, given)

    def search(
        self,
        X: Any,
        y: Any,
        max_iterations: int = 30,
        *,
        budget_s: float | None = None,
        validation: tuple[Any, Any] | None = None,
        verbose: bool = False,
        checkpoint: str | Path | None = None,
        checkpoint_every: float = 10.0,
        checkpoint_keep: int = 2,
        resume: bool = False,
    ) -> History:
        """Search, or go on searching from the parameters that there are.

        Parameters
        ----------
        X : array of shape (n, input_size)
            Inputs.
        y : array of shape (n,) or (n, output_size)
            Real targets; or labels of shape (n,), which losses of classes need and which squared error
            codes as one output for each class.
        max_iterations : int >= 1, default 30
            Sweeps of each start at most.
        budget_s : float > 0, optional
            Seconds, in place of the constructor's.
        validation : (X, y), optional
            Rows that are not searched. After every sweep the loss on them is measured, and the parameters
            are in the end those of the lowest.
        verbose : bool, default False
            Show sweeps, loss, accepted moves and the time left.
        checkpoint : path, optional
            File that the search is kept in, sweep by sweep; written every ``checkpoint_every`` seconds and at
            the end.
        checkpoint_every : float, default 10
            Seconds.
        checkpoint_keep : int >= 1, default 2
            Files that are kept, as for `train`.
        resume : bool, default False
            Go on from an existing checkpoint. Without a budget the result equals that of an uninterrupted
            search, bit for bit; of a budget the rest is left.

        Returns
        -------
        History
            ``loss``, the best so far, ``seconds`` and ``accepted`` moves, one value for each sweep; with a
            budget also one for each tenth of it that passes within a sweep. With validation rows also
            ``validation_loss``.

        Raises
        ------
        DataError
            For NaN or infinity, other widths, labels that the loss does not take, losses that return NaN.
        InvalidArgument
            For a line search that does not fit the network, or the checkpoint of another search.
        StorageError
            For a checkpoint that is damaged or cannot be written.
        """
        check_resume(checkpoint, resume)
        sweeps = check_count("max_iterations", max_iterations)
        settings = self.settings
        if budget_s is not None:
            settings = dataclasses.replace(settings, budget_s=check_budget(budget_s))
        X = read_inputs(X, self.mlp.layer_sizes[0])
        targets, held = self._targets(X, y, settings, validation)
        begin = self._origin(resume)
        # each start has so many sweeps: with several of them another number is another search
        starts = {"max_iterations": sweeps} if settings.restarts else {}
        rows = X, targets.y, () if held is None else held.rows
        keeping = Keeping(checkpoint, checkpoint_every, checkpoint_keep, resume)
        slot = keeping.checkpoint("search", settings, rows, begin, **starts)
        with watching("search", sweeps * (1 + settings.restarts), verbose) as watch:
            found = Run(settings, X, targets, begin, watch, held, slot).go(sweeps)
        self._begun_at = begin, found.params
        self._take(found.params, found.history, found.status, targets.classes, targets.one_column)
        self.choice = found.choice
        return self.history

    def _targets(
        self, X: Any, y: Any, settings: Settings, validation: tuple[Any, Any] | None
    ) -> tuple[Targets, Held | None]:
        """Return the targets of a search, and the rows held out, coded alike."""
        outputs = self.mlp.layer_sizes[-1]
        if validation is None:
            return read_targets(y, len(X), outputs, settings.loss), None
        beside = read_inputs(validation[0], self.mlp.layer_sizes[0])
        both = np.concatenate([np.asarray(y), np.asarray(validation[1])])
        every = read_targets(both, len(X) + len(beside), outputs, settings.loss)
        n = len(X)
        mine, theirs = (
            dataclasses.replace(every, y=every.y[rows], real=every.real[rows])
            for rows in (slice(n), slice(n, None))
        )
        return mine, Held(settings, beside, theirs)
