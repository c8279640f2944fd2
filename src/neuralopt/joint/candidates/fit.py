"""Fit all candidates and choose among them."""

from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean
from neuralopt.joint.candidates.choosing import Verdict, choose, paired
from neuralopt.joint.candidates.covering import beyond_residuals, cover, credible, leaning, neighbourhoods
from neuralopt.joint.candidates.fitted import Fitted, fit_form, honest
from neuralopt.joint.candidates.forms import FORMS, Views
from neuralopt.joint.candidates.outlying import outlying
from neuralopt.joint.candidates.selection import Selection, Table
from neuralopt.joint.candidates.stacking import mixed
from neuralopt.joint.candidates.wording import sentences
from neuralopt.joint.threads import one_thread
from neuralopt.readout.checks import check_rows
from neuralopt.storage import Replay

FINALS = ("stack", "select")
_NEAR = 2.0  # error of what may be in a mixture, in units of the least
_BLIND = ("pooled", "real only")  # what is mixed where rows left out judge nothing; the first stands alone
_KNOWING = ("simulator", "pooled")  # what has seen classes that no real row has
_PLAIN = ("simulator", "real only")  # what a mixture must beat
_MOST = 1000  # real rows that are fitted: kernels cost the cube of them, and more add little


@one_thread
def fit_candidates(
    base: Any,
    X_sim: Any,
    y_sim: Any,
    X_real: Any,
    y_real: Any,
    *,
    final: str = "stack",
    weights: Any = None,
    seed: int = 0,
    outliers: bool = True,
    classes: bool = False,
    deep: Any = None,
    replay: Replay | None = None,
) -> Selection:
    """Fit models from the simulator alone to the real rows alone and choose by leave-one-out.

    Parameters
    ----------
    base : object
        The simulator's network: ``predict(X)`` of shape (n, k), ``features(X)`` of shape (n, m); with one
        output it may have ``tangents(X)`` of shape (n, p), the derivatives of its value in all its weights:
        then fine-tuning (to first order) is among the candidates.
    X_sim, y_sim : array of shapes (n_sim, d) and (n_sim, k)
        Simulated rows, columns scaled to about one; the targets are only looked at for their shape.
    X_real, y_real : array of shapes (n, d) and (n, k)
        Real rows in the same scales. For classification the targets are 0 and 1 for each class.
    final : {"stack", "select"}, default "stack"
        A mixture, with weights >= 0, of those with at most twice the least error, or the chosen candidate
        alone. Where the choice falls on the real rows alone, it stands by itself in either case.
    weights : array of shape (n,), >= 0, optional
        Of the real rows; ones by default.
    seed : int, default 0
        Of the folds.
    outliers : bool, default True
        Whether to leave out rows that no candidate can explain and that spoil the fit of the others. Never
        for classes: a label is one of a few values, and a rare one is no error.
    classes : bool, default False
        Whether the targets are ones and zeros of classes. A row that alone has its class judges no candidate:
        left out, it leaves the class out. Where most rows are such, nothing can be chosen, and simulated and
        real rows count alike: the mixture is half "pooled", half "real only".
    deep : object, optional
        A network of the same simulator with more layers, and with tangents: fine-tuning is done on it. Its
        tangents bend where the simulator bends; those of one hidden layer are as coarse as its units.
    replay : Replay, optional
        Of a fit that may be killed: candidates that were fitted are kept.

    Returns
    -------
    Selection
        The table of candidates, the choice in words, predictions and intervals.

    Raises
    ------
    DataError
        For rows that cannot be used: none, lengths or widths that differ, values that are not finite.
    InvalidArgument
        For an unknown final, or weights that break their law.

    Notes
    -----
    All candidates but the bare simulator are one form of regression: a few free trends (a shift, the
    simulator's value) plus a residual with a covariance. All residuals of rows left out are closed form. The
    covariance's parameters are learnt by restricted likelihood, for the table without the row in question.

    Where simulated rows lie far from all real ones, residuals of rows left out with their neighbourhood count
    by the share of such rows, both in units of the least; and if the simulator is credible only candidates
    that lean on it are in the choice.

    With more than a thousand real rows the candidates are fitted to a thousand of them, drawn at random,
    and this is said; the others are predicted unseen.

    References
    ----------
    M. C. Kennedy and A. O'Hagan, 2000, Biometrika 87(1) (scaled simulator plus residual process);
    O. Dubrule, 1983, Mathematical Geology 15(6) (rows left out with free trends);
    P. Perdikaris et al., 2017, Proc. R. Soc. A 473 (nonlinear function of inputs and simulator).
    """
    if final not in FINALS:
        near = did_you_mean(str(final), FINALS)
        raise InvalidArgument(f"final must be {' or '.join(map(repr, FINALS))}, got {final!r}.{near}")
    simulated = check_rows(X_sim, y_sim, bias=False)
    real = check_rows(X_real, y_real, weights, bias=False)
    if (simulated.H.shape[1], simulated.Y.shape[1]) != (real.H.shape[1], real.Y.shape[1]):
        raise DataError(
            "Simulated and real rows must have the same columns, got X of width "
            f"{simulated.H.shape[1]} and {real.H.shape[1]}, y of width {simulated.Y.shape[1]} and "
            f"{real.Y.shape[1]}."
        )
    views, replay = Views(base, simulated.H, deep), replay or Replay()
    counted = np.flatnonzero(real.weights > 0)
    spare = np.random.default_rng(seed).permutation(counted)[_MOST:]
    counted = np.setdiff1d(counted, spare)
    everything = views.see(real.H)
    given = everything.take(counted), real.Y[counted], real.weights[counted]
    fitted = _fit(*given, seed, replay)
    out = outlying(fitted, *given, seed, replay) if outliers else np.zeros(len(counted), bool)
    if out.any():
        counted = counted[~out]
        fitted = _fit(everything.take(counted), real.Y[counted], real.weights[counted], seed, replay)
    fitted = [honest(f, seed, replay) for f in fitted]
    seen, Y, s = everything.take(counted), real.Y[counted], real.weights[counted]
    residuals = np.stack([f.residuals for f in fitted])
    squares, beyond, among = np.sum(residuals**2, axis=2), None, np.ones(len(fitted), bool)
    found = cover(simulated.H, seen.X, seed)
    if found.beyond > 0:
        blocks = neighbourhoods(seen.X, found.gap)
        beyond = np.sum(np.stack([beyond_residuals(f, blocks) for f in fitted]) ** 2, axis=2)
        if credible(seen.f, Y, views.f_scale):
            among = np.array([leaning(f) for f in fitted])
        # each in units of the least: errors far from all rows are larger by themselves
        near, far = (losses / _least(losses[among], s) for losses in (squares, beyond))
        squares = (1 - found.beyond) * near + found.beyond * far
    judges = s * _accompanied(Y) if classes else s
    blind = judges.sum() < 0.5 * s.sum()
    forms = [f.form for f in fitted]
    if classes and not Y.any(axis=0).all():
        among = among & np.array([form.name in _KNOWING for form in forms])
    ranks = np.array([form.complexity for form in forms])
    verdict = choose(squares, ranks, s if blind else judges, among, classes)
    near = among & (verdict.errors <= _NEAR * verdict.errors[verdict.best])
    if blind and among.all():
        verdict = verdict._replace(chosen=[form.name for form in forms].index(_BLIND[0]))
        near = np.array([form.name in _BLIND for form in forms])
    if final == "select" or not forms[verdict.chosen].simulated:
        near = np.arange(len(fitted)) == verdict.chosen
    mix = np.zeros(len(fitted))
    mix[near], left_out = _even(residuals[near]) if blind else mixed(residuals[near], judges)
    if near.sum() > 1 and not blind:
        alone = _unbeaten(left_out, residuals, forms, judges, among)
        if alone is not None:
            mix, left_out = np.eye(len(fitted))[alone], residuals[alone]
    verdict = verdict._replace(chosen=int(np.argmax(mix)))
    table = _table(fitted, np.sum(residuals**2, axis=2), beyond, verdict, mix, Y, s)
    used = real.weights.copy()
    used[np.setdiff1d(np.arange(len(used)), np.union1d(counted, spare))] = 0
    losses = np.sum(residuals**2, axis=2), np.sum(left_out**2, axis=1)
    words = sentences(table, fitted, losses, verdict, seen, Y, s, found, used == 0, not among.all())
    if classes and not Y.any(axis=0).all():
        lacking = int(np.sum(~Y.any(axis=0)))
        words += (
            f"No real row has {'one' if lacking == 1 else lacking} of the {Y.shape[1]} classes: the choice "
            "is among models that have seen all of them in simulated rows.",
        )
    elif blind:
        words = (
            "Most real rows are the only ones of their class: leaving one out leaves its class out, and "
            f"nothing can be chosen by that. Simulated and real rows count alike ({table.made_of}).",
            *(words[1:] if among.all() else words),
        )
    if len(spare):
        words += (f"The candidates were fitted to {len(counted)} of the {len(used)} real rows.",)
    every, spread = (
        np.sum([w * part(f, everything) for w, f in zip(mix, fitted, strict=True) if w > 0], axis=0)
        for part in (lambda f, rows: real.Y - f.predict(rows), Fitted.deviations)
    )
    every[counted] = left_out
    spread[counted] = np.einsum("c,cnk->nk", mix, [f.deviations_left_out() for f in fitted])
    return Selection(table, table.chosen, words, every, spread, used, tuple(f.lean() for f in fitted), views)


def _accompanied(Y: np.ndarray) -> np.ndarray:
    """Return which rows are not the only ones of their class, for targets of ones and zeros."""
    return (Y.sum(axis=0)[Y.argmax(axis=1)] > 1).astype(float)


def _unbeaten(
    mixture: np.ndarray,
    residuals: np.ndarray,
    forms: list[Any],
    weights: np.ndarray,
    among: np.ndarray,
) -> int | None:
    """Return the plain candidate that a mixture does not beat on rows its weights have not seen, or None.

    Where models differ by less than the noise of the rows, twelve weights follow the noise.
    """
    plain = [i for i, form in enumerate(forms) if among[i] and form.name in _PLAIN]
    if not plain:
        return None
    errors = [float(weights @ np.sqrt(np.sum(residuals[i] ** 2, axis=1))) for i in plain]
    least = int(np.argmin(errors))
    return plain[least] if errors[least] <= weights @ np.sqrt(np.sum(mixture**2, axis=1)) else None


def _even(residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return equal weights and the residuals of that mixture."""
    return np.full(len(residuals), 1 / len(residuals)), residuals.mean(axis=0)


def _fit(seen: Any, Y: np.ndarray, weights: np.ndarray, seed: int, replay: Replay) -> list[Fitted]:
    """Fit every candidate whose trends can be found without one row, with a row to spare."""
    return [
        fit_form(form, seen, Y, weights, seed, replay)
        for form in FORMS
        if (form.features != "tangents" or _movable(form, seen))
        and (form.free == 0 or len(Y) >= form.free + 2)
    ]


def _movable(form: Any, seen: Any) -> bool:
    """Return whether the network that a form moves the weights of is there, with its tangents."""
    network = seen.deep if form.deep else seen
    return network is not None and network.tangents is not None


def _least(squares: np.ndarray, weights: np.ndarray) -> float:
    """Return the least mean square of any candidate."""
    return max(float(np.min(squares @ weights)) / weights.sum(), 1e-300)


def _table(
    fitted: list[Fitted],
    squares: np.ndarray,
    beyond: np.ndarray | None,
    verdict: Verdict,
    mix: np.ndarray,
    Y: np.ndarray,
    weights: np.ndarray,
) -> Table:
    share = weights / weights.sum()
    spread = float(np.sqrt(np.sum(share @ (Y - share @ Y) ** 2)))
    spread = spread if spread > 0 else 1.0
    errors, lengths = np.sqrt(squares @ share), np.sqrt(squares) @ share
    deviations = paired(squares, share)[1]
    names = tuple(f.form.name for f in fitted)
    return Table(
        names,
        errors / spread,
        lengths / spread,
        deviations / np.maximum(2 * errors, 1e-300) / spread,
        np.full(len(names), np.nan) if beyond is None else np.sqrt(beyond @ share) / spread,
        np.array([f.form.complexity for f in fitted]),
        names[verdict.chosen],
        mix,
    )
