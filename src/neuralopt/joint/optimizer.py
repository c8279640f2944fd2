"""``JointOptimizer``: one model from many simulated and few real rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, refuse_unknown
from neuralopt.core.scalars import check_count
from neuralopt.core.validation import check_resume
from neuralopt.core.versions import versions
from neuralopt.engine import History
from neuralopt.engine.identity import fingerprint
from neuralopt.joint.checks import check_told, names_of, warn_about, warn_about_targets
from neuralopt.joint.companion import companion
from neuralopt.joint.fitting import FEWEST
from neuralopt.joint.restart import rows_of
from neuralopt.joint.scaling import joint_scale
from neuralopt.joint.settings import check_settings
from neuralopt.joint.shift import shift_report
from neuralopt.joint.threads import one_thread
from neuralopt.joint.trained import Trained
from neuralopt.joint.training import Real, train_base
from neuralopt.storage import Checkpoint, Replay

_PASSED = (
    "mode",
    "optimizer",
    "learning_rate",
    "reg_lambda",
    "seed",
    "task",
    "activation",
    "loss",
    "loss_weights",
    "refit_every",
)


class JointOptimizer(Trained):
    """Train one model on many simulated and few real rows, and learn whether the simulator helped.

    A network learns the simulator. Then candidates from the simulator alone to the real rows alone are
    fitted, and leaving out one real row after the other tells which to take: see ``candidates_``.

    Parameters
    ----------
    input_dim : int >= 1
        Columns of X.
    hidden_dim : int >= 1 or sequence of int, default 64
        Units of the hidden layer, or of each of several.
    output_dim : int >= 1, default 1
        Columns of y, or the number of classes.
    learning_rate : float > 0 or schedule, default 0.01
        Of optimizers given by name. L-BFGS searches along its line instead.
    reg_lambda : float >= 0, "loo" or "gcv", default "loo"
        Penalty of the ridge on the real rows, in units of the sum of squares of scaled targets, or how to
        choose it; in the alternating mode also that of the readout's refits. The candidates choose theirs
        by leave-one-out.
    mode : {"variable_projection", "alternating", "implicit"}, default "variable_projection"
        ``"variable_projection"``: the features learn the supervised loss with the readout always at its
        optimum; the alignment term is minimised by the heads on the real rows alone, so that the simulator
        is kept as it is. ``"alternating"``: mini-batch descent on all weights on both terms, the readout
        solved every ``refit_every`` epochs. ``"implicit"``: features go on to serve the simulated rows and
        the leave-one-out error of the real ones, differentiated through both solutions; the errors in
        ``candidates_`` are then somewhat too small, for the features have seen the real rows.
    final : {"stack", "select"}, default "stack"
        Mix the candidates that are hardly worse than the best, or take one.
    optimizer : str, Transform or None, default None
        None is L-BFGS, in the alternating mode Adam.
    loss : str, Loss or callable, default "squared_error"
        Supervised loss of the alternating mode.
    loss_weights : sequence of two or three floats, default (10, 1)
        Of the supervised and the alignment term; in the implicit mode a third is that of the neighbours.
    k_neighbors : int >= 1, default 5
        Real rows that speak for a simulated one; at most as many as there are.
    metric : str, default "euclidean"
        Of similarity, see `SimilarityLookup`.
    refit_every : int >= 1, default 5
        Epochs between two solutions of the readout in the alternating mode.
    robust : {"auto", "huber", "tukey"} or None, default "auto"
        What keeps outliers among the real rows from spoiling the fit. ``"auto"`` leaves rows out that no
        candidate can explain and that spoil all others, and says so; it leaves classes alone. Huber's and
        Tukey's weights are those of the readout's residuals.
    task : {"regression", "classification"}, default "regression"
        Kind of targets.
    activation : str, default "tanh"
        Of the hidden layers.
    deep : bool, default True
        Whether a second network of the simulator is trained, of three layers of 32 units, for fine-tuning. It
        does not look at ``hidden_dim``, ``activation``, ``mode`` and ``optimizer``; see ``deep_``.
    seed : int >= 0, default 0
        The same seed gives the same model.

    Attributes
    ----------
    candidates_ : Table
        Candidates with their leave-one-out errors; prints. None with fewer than three real rows.
    selection_ : Selection or None
        The choice, its residuals, its words.
    alignment_error_ : float
        Leave-one-out RMSE of the final model on the real rows over the standard deviation of their targets.
    history_ : History
        One row per epoch: loss, alignment_error (of the prior-centred ridge; looked at in every fifth
        epoch), supervised_loss, ridge_lambda, dof, learning_rate, epoch_time.
    shift_ : ShiftReport or None
        How differently simulated and real inputs are distributed.
    converged_ : bool
        Whether training settled and the model predicts real rows left out better than their mean.
    messages_ : list of str
        What a reader should know, with figures.
    base_ : Base
        The simulator's network, in scaled units.
    deep_ : Base or None
        A second network of the simulator, of three layers of 32 units: the candidates that move all weights
        start from it. None without ``deep``, for classes, with fewer than three real rows, and where
        ``hidden_dim`` names as many layers.
    lookup_ : SimilarityLookup or None
        Over the scaled real rows.
    real_weights_ : array of shape (n_real,)
        Weights of the real rows.
    classes_ : array of shape (output_dim,)
        Labels, for classification.

    Examples
    --------
    >>> from neuralopt.datasets import make_pair
    >>> pair = make_pair("currin", n_sim=200, n_real=12)
    >>> joint = JointOptimizer(input_dim=2, hidden_dim=16, output_dim=1)
    >>> history = joint.fit(pair.X_sim, pair.y_sim, pair.X_real, pair.y_real, epochs=100)
    >>> error = joint.predict(pair.X_test) - pair.y_test
    >>> bool(error.std() < 0.2 * pair.y_test.std())
    True
    """

    @refuse_unknown
    def __init__(
        self,
        input_dim: int,
        hidden_dim: int | Sequence[int] = 64,
        output_dim: int = 1,
        learning_rate: Any = 0.01,
        reg_lambda: float | str = "loo",
        *,
        mode: str = "variable_projection",
        final: str = "stack",
        optimizer: Any = None,
        loss: Any = "squared_error",
        loss_weights: Sequence[float] = (10.0, 1.0),
        k_neighbors: int = 5,
        metric: str = "euclidean",
        refit_every: int = 5,
        robust: str | None = "auto",
        task: str = "regression",
        activation: str = "tanh",
        deep: bool = True,
        seed: int = 0,
    ) -> None:
        self.settings = check_settings(
            {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        )

    @one_thread
    def fit(
        self,
        X_sim: Any,
        y_sim: Any,
        X_real: Any = None,
        y_real: Any = None,
        epochs: int = 1000,
        batch_size: int | str = 32,
        *,
        checkpoint: str | Path | None = None,
        checkpoint_every: float = 10.0,
        checkpoint_keep: int = 2,
        resume: bool = False,
    ) -> History:
        """Train on simulated and real rows.

        Parameters
        ----------
        X_sim : array-like of shape (n_sim, input_dim)
            Simulated inputs, in any unit.
        y_sim : array-like of shape (n_sim,) or (n_sim, output_dim)
            Simulated outputs, or labels.
        X_real, y_real : array-like, optional
            The measurements, in the same columns and units. Fewer than three leave the simulator as it is.
        epochs : int >= 1, default 1000
            Passes over the simulated rows; steps of L-BFGS.
        batch_size : int >= 1 or "full", default 32
            Rows of a step in the alternating mode; the other modes see all rows at once.
        checkpoint : path, optional
            File that the fit is kept in; written every ``checkpoint_every`` seconds, at the end, by Ctrl-C.
        checkpoint_every : float, default 10
            Seconds.
        checkpoint_keep : int >= 1, default 2
            Files that are kept, as for `train`.
        resume : bool, default False
            Go on from an existing checkpoint: what had ended is not computed anew. The model equals that of
            an uninterrupted fit, bit for bit, on the same machine with the same versions and the same NPROC.

        Returns
        -------
        History
            One row per epoch.

        Raises
        ------
        DataError, InvalidArgument
            For rows or numbers that cannot be used, or the checkpoint of another fit.
        StorageError
            For a checkpoint that is damaged or cannot be written.
        """
        check_resume(checkpoint, resume)
        epochs = check_count("epochs", epochs)
        if not isinstance(batch_size, str) or batch_size != "full":
            batch_size = check_count("batch_size", batch_size)
        s = self.settings
        self.columns_ = names_of(X_sim)
        (X, y), (X_r, y_r) = self._pair(X_sim, y_sim, "sim"), self._pair(X_real, y_real, "real")
        given = (
            {} if checkpoint is None else {"simulated_rows": rows_of(X, y), "real_rows": rows_of(X_r, y_r)}
        )
        if len(X) < 2:
            raise DataError(f"X_sim must have at least two rows, got {len(X)}.")
        self._one_column = np.ndim(y_sim) == 1
        self.messages_ = []
        self.shift_ = shift_report(X, X_r, tuple(self.columns_ or ())) if len(X_r) else None
        self._check_scale()
        self.scale_ = joint_scale(X, X_r, constant=np.inf)
        self._set_targets(y, y_r)
        y, Y_r = self._scaled(y), self._columns(self._scaled(y_r))
        Y = self._columns(y)
        if s["task"] == "regression":
            check_told(Y)
            warn_about_targets(Y, Y_r)
        warn_about(X, X_r, Y_r, self.columns_)
        X, X_r = self.scale_.apply(X), self.scale_.apply(X_r)
        self._kept = {"X_sim": X, "Y_sim": Y, "X_real": X_r, "Y_real": Y_r}
        self._look()
        real = None if self.lookup_ is None else Real(X_r, Y_r, np.ones(len(X_r)), self.lookup_)
        keeper = None
        if checkpoint is not None:
            identity = fingerprint(
                **s,
                epochs=epochs,
                batch_size=batch_size,
                **given,
            )
            keeper = Checkpoint(
                checkpoint,
                "joint",
                identity,
                every=checkpoint_every,
                keep=checkpoint_keep,
                resume=resume,
                facts=versions("scipy"),
            )
        with Replay(keeper) as replay:
            trained = train_base(
                X,
                y,
                hidden=s["hidden_dim"],
                epochs=epochs,
                batch_size=batch_size,
                real=real,
                outputs=s["output_dim"],
                replay=replay,
                **{name: s[name] for name in _PASSED},
            )
            self.base_, self.history_, self.settled_ = trained[0].blind(X), *trained[1:]
            tuned = s["deep"] and s["task"] == "regression" and len(X_r) >= FEWEST
            deep = companion(X, Y, s["hidden_dim"], epochs, s["seed"], replay) if tuned else None
            self.deep_ = deep and deep.blind(X)
            self._begin_online(X, Y, X_r, Y_r)
            self._weigh()
            self._select(replay)
        return self.history_
