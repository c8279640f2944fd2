"""What cannot be used is refused with the law, the value and the cure."""

import numpy as np
import pytest

from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.readout import choose, comoments, ridge_path, solve, solve_comoments

H, Y = np.arange(12.0).reshape(6, 2) ** 2, np.arange(6.0)[:, None]
SPOILT = H.copy()
SPOILT[2, 1], SPOILT[4, 0] = np.nan, np.inf


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        (
            {"H": H[:5]},
            DataError,
            "H and Y must have the same number of rows, got 5 and 6. Likely cause: features and targets were taken from different sets.",
        ),
        (
            {"H": H[:0], "Y": Y[:0]},
            DataError,
            "A readout needs at least one row, one feature and one target, got H of shape (0, 2) and Y of shape (0, 1).",
        ),
        (
            {"H": H[:, :0]},
            DataError,
            "A readout needs at least one row, one feature and one target, got H of shape (6, 0) and Y of shape (6, 1).",
        ),
        ({"H": H[0]}, DataError, "H must have shape (n, m) and Y (n, k), got (2,) and (6, 1)."),
        (
            {"H": SPOILT},
            DataError,
            "H must be finite, 2 of 12 values are not; the first is nan at row 2, column 1. Fill or drop such rows.",
        ),
        (
            {"Y": np.where(Y == 3, np.inf, Y)},
            DataError,
            "Y must be finite, 1 of 6 values are not; the first is inf at row 3, column 0. Fill or drop such rows.",
        ),
        (
            {"Y": ["a"] * 6},
            DataError,
            "Y must hold numbers only: could not convert string to float: 'a'.",
        ),
        (
            {"weights": [1, 1, -1, 1, 1, 1]},
            InvalidArgument,
            "weights must be finite and >= 0, got -1.0 at row 2.",
        ),
        (
            {"weights": [1, np.nan, 1, 1, 1, 1]},
            InvalidArgument,
            "weights must be finite and >= 0, got nan at row 1.",
        ),
        (
            {"weights": np.zeros(6)},
            InvalidArgument,
            "weights must not all be zero: no row would count.",
        ),
        ({"weights": np.ones(5)}, InvalidArgument, "weights must have shape (6,), got (5,)."),
        (
            {"prior": np.ones((3, 1))},
            InvalidArgument,
            "prior must have the readout's shape (2, 1), got (3, 1).",
        ),
        (
            {"prior": [[np.nan], [0]]},
            InvalidArgument,
            "prior must be finite. Likely cause: the network it comes from diverged.",
        ),
    ],
)
def test_rows(arguments, kind, text):
    for call in (lambda **a: solve(**a, lam=1.0), ridge_path):
        with pytest.raises(kind) as caught:
            call(**{"H": H, "Y": Y, **arguments})
        assert str(caught.value) == text


@pytest.mark.parametrize("lam", [-1.0, np.nan, np.inf, "much", None])
def test_lambda(lam):
    with pytest.raises(InvalidArgument) as caught:
        solve(H, Y, lam)
    assert str(caught.value) == f"lam must be a finite number >= 0, got {lam!r}."


@pytest.mark.parametrize("lambdas", [[], [0.0, 1.0], [1.0, -1.0], [np.nan], [[1.0]]])
def test_lambdas(lambdas):
    with pytest.raises(InvalidArgument) as caught:
        ridge_path(H, Y, lambdas)
    assert str(caught.value) == f"lambdas must be positive finite numbers, got {lambdas!r}."


@pytest.mark.parametrize("weights", [None, [0, 2.0, 0, 0, 0, 0]])
def test_two_rows_are_needed_to_leave_one_out(weights):
    rows = slice(None) if weights else slice(1)
    with pytest.raises(DataError) as caught:
        ridge_path(H[rows], Y[rows], weights=weights)
    assert str(caught.value) == (
        "Leaving one row out needs at least two rows of positive weight, got 1. "
        "Give a number for reg_lambda, or more rows."
    )
    assert np.isfinite(ridge_path(H[:2], Y[:2]).loo).all()


def test_criterion():
    with pytest.raises(InvalidArgument, match=r"criterion must be 'loo' or 'gcv', got 'GVC'\. Did you mean"):
        choose(ridge_path(H, Y), "GVC")


def test_comoments():
    with pytest.raises(DataError, match=r"co-moments must be of at least one row, their weight is 0\.0\."):
        solve_comoments(comoments(H[:0], Y[:0]), 1.0)
    with pytest.raises(DataError, match=r"co-moments must be finite\. Likely cause: NaN in a batch"):
        solve_comoments(comoments(SPOILT[:3], Y[:3]), 1.0)
    with pytest.raises(InvalidArgument, match=r"prior must have the readout's shape \(2, 1\), got \(3,\)"):
        solve_comoments(comoments(H, Y), 1.0, prior=np.ones(3))
