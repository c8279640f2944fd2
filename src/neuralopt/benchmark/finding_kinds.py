"""What findings say: a code, a title, a cause, a cure and a page."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from neuralopt.joint.candidates.wording import FEW


class Kind(NamedTuple):
    """What all findings of one code say."""

    title: str
    cause: str
    cure: str


KINDS = {
    "NOPT001": Kind(
        "Best learning rate at the edge of the range",
        "The lowest validation loss was reached at the smallest or largest learning rate tried; "
        "a better one may lie beyond.",
        "Run it by itself over a wider range: --optimizers NAME --learning-rates 0.1,1,10.",
    ),
    "NOPT002": Kind(
        "Overfitting",
        "At the chosen learning rate the validation loss ended more than 10 % above its lowest value while "
        "the training loss went on falling: the network learns the training rows by heart.",
        "The ranking uses the epoch of lowest validation loss, so nothing is lost here. For more: fewer "
        "units, weight decay, dropout, or more rows. Elsewhere stop early: neuralopt.EarlyStopping().",
    ),
    "NOPT003": Kind(
        "Some runs diverged",
        "At some of its learning rates, mostly the largest, the loss grew without bound. A learning rate at "
        "which any seed diverged counts as infinitely bad and cannot be chosen.",
        "Nothing to do where a learning rate was chosen: no run diverged at it. "
        "Where all diverged, give smaller ones.",
    ),
    "NOPT004": Kind(
        "The simulator misleads",
        "On real rows left out, the real rows alone do clearly better than everything that uses the "
        "simulator, or the simulator as it is does worse than the mean of the real targets.",
        "Trust the candidates' table, not the simulator: joint training has weighed it. Look for other "
        "units, a swapped column or a domain that the simulator was not made for.",
    ),
    "NOPT005": Kind(
        "Ridge lambda at the edge of its grid",
        "The lowest leave-one-out error of the output layer was reached at the smallest or the largest "
        "lambda tried: the targets have next to no noise, or the features explain nothing beyond the prior.",
        "Look at the figure of the lambda path. At the large end the simulator's features do not help; at "
        "the small end nothing is lost. Give reg_lambda to fix it by hand.",
    ),
    "NOPT006": Kind(
        "Too few real rows to choose by",
        f"With fewer than {FEW} real rows the errors on rows left out are hardly an estimate, and the "
        "choice among candidates rests on them.",
        "Measure more: a dozen or more do well. Place them where the simulator is used.",
    ),
    "NOPT007": Kind(
        "A reference line wins",
        "A linear model or gradient boosting has a better test figure than every network.",
        "Take the reference, or give the networks what they lack: more rows, more epochs, other features.",
    ),
    "NOPT008": Kind(
        "Training stopped while still improving",
        "At the chosen learning rate the validation loss was at its lowest in the last tenth of the epochs "
        "and had fallen there by more than 2 %: the horizon was too short.",
        "Give more epochs: --epochs. Until then the ranking says who is ahead at this horizon, not who "
        "would win.",
    ),
}


def finding(code: str, methods: Sequence[str] = ()) -> dict[str, Any]:
    """Return a finding as the ranking and the records hold it.

    Parameters
    ----------
    code : str
        One of `KINDS`.
    methods : sequence of str
        Labels of the methods concerned.

    Returns
    -------
    dict
        Code, title, cause, cure, methods, and the page that explains it.

    Examples
    --------
    >>> finding("NOPT002", ["Adam"])["page"]
    'docs/findings/NOPT002.md'
    """
    page = f"docs/findings/{code}.md"
    return {"code": code, **KINDS[code]._asdict(), "methods": list(methods), "page": page}
