"""The table of weight decay."""

import math
import re
import textwrap

import numpy as np
import optax
import pytest

from neuralopt.core.errors import InvalidArgument
from neuralopt.optimizers import SGD, Adam, AdamW, Muon, NAdamW, from_optax
from neuralopt.schedules import Cosine
from neuralopt.transforms import (
    EMA,
    MARS,
    Accumulate,
    ClipByValue,
    DecoupledDecay,
    FiniteGuard,
    L2Decay,
    chain,
    decay_policy,
    excluding,
    partition,
)

PARAMS = {"W": np.ones((3, 2)), "b": np.ones(2), "gain": np.ones(())}


def columns(opt, *names, **given):
    rows = decay_policy(opt, PARAMS, **given).rows
    return [tuple(getattr(row, name) for name in names) for row in rows]


def test_it_prints_as_a_table():
    expected = """\
        parameter  shape  decay  kind       by     why
        W          3x2    0.01   decoupled  AdamW  matrix
        b          2      0      decoupled  AdamW  bias or norm scale: excluded
        gain       ()     0      decoupled  AdamW  bias or norm scale: excluded"""
    policy = decay_policy(AdamW(), PARAMS)
    assert str(policy) == textwrap.dedent(expected)
    assert repr(policy) == str(policy)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda opt: opt,
        lambda opt: chain(ClipByValue(1.0), opt),
        lambda opt: FiniteGuard(EMA(Accumulate(chain(MARS(mask="all"), opt)))),
    ],
)
@pytest.mark.parametrize(
    ("opt", "kind"),
    [
        (AdamW(weight_decay=0.2), "decoupled"),
        (NAdamW(weight_decay=0.2), "decoupled"),
        (DecoupledDecay(Adam(), 0.2), "decoupled"),
        (chain(L2Decay(0.2), SGD()), "L2"),
    ],
    ids=["AdamW", "NAdamW", "DecoupledDecay", "L2Decay"],
)
def test_a_decay_is_found_however_deep(wrap, opt, kind):
    found = columns(wrap(opt), "parameter", "decay", "kind")
    assert found == [("W", 0.2, kind), ("b", 0.0, kind), ("gain", 0.0, kind)]


@pytest.mark.parametrize(
    ("opt", "expected"),
    [
        (AdamW(mask="all"), [(0.01, "all")] * 3),
        (
            AdamW(mask=excluding("b")),
            [(0.01, "mask"), (0.0, "mask: excluded"), (0.01, "mask")],
        ),
        (AdamW(weight_decay=0.0, mask="all"), [(0.0, "weight_decay is 0")] * 3),
        (Adam(), [(0.0, "no weight decay")] * 3),
    ],
)
def test_it_says_why(opt, expected):
    assert columns(opt, "decay", "why") == expected


def test_two_decays_are_two_rows_for_each_parameter():
    opt = DecoupledDecay(chain(L2Decay(0.1, mask="all"), SGD()), 0.2)
    assert columns(opt, "parameter", "decay", "by")[:4] == [
        ("W", 0.2, "DecoupledDecay"),
        ("W", 0.1, "L2Decay"),
        ("b", 0.0, "DecoupledDecay"),
        ("b", 0.1, "L2Decay"),
    ]


def test_scheduled_and_swept_decays():
    opt = AdamW(weight_decay=Cosine(0.2, 4))
    assert columns(opt, "decay")[0] == (0.2,)
    assert columns(opt, "decay", step=2)[0] == (pytest.approx(0.1),)
    swept = decay_policy(AdamW(weight_decay=np.array([0.1, 0.3])), PARAMS)
    assert swept.rows[0].decay == (0.1, 0.3)
    assert "W          3x2    0.1 0.3  decoupled" in str(swept)


@pytest.mark.parametrize("opt", [from_optax(optax.adamw, learning_rate=0.1), from_optax(optax.adamw(0.1))])
def test_of_optax_it_says_that_it_cannot_tell(opt):
    found = columns(chain(ClipByValue(1.0), opt), "decay", "kind", "why")
    assert [row[1:] for row in found] == [("unknown", "decays, if at all, by rules of its own")] * 3
    assert all(math.isnan(row[0]) for row in found)


def test_the_frame_holds_the_rows():
    policy = decay_policy(AdamW(), PARAMS)
    frame = policy.frame()
    assert list(frame.columns) == ["parameter", "shape", "decay", "kind", "by", "why"]
    assert [tuple(row) for row in frame.itertuples(index=False)] == [tuple(row) for row in policy.rows]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: decay_policy(optax.adamw(0.1), PARAMS),
            "decay_policy takes an optimizer or transform of neuralopt",
        ),
        (lambda: decay_policy(AdamW(), {}), "params must hold at least one array"),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        make()


def test_a_group_tells_of_its_own_parameters_only():
    opt = partition(
        AdamW(weight_decay=0.2), small=(lambda name, leaf: name == "W", chain(L2Decay(0.3), SGD()))
    )
    assert columns(opt, "parameter", "decay", "by") == [
        ("W", 0.3, "L2Decay"),
        ("b", 0.0, "AdamW"),
        ("gain", 0.0, "AdamW"),
    ]


def test_the_mask_of_muon_is_about_who_trains_and_not_about_decay():
    opt = Muon(weight_decay=0.1, mask=lambda name, leaf: False)
    assert columns(opt, "parameter", "decay") == [("W", 0.1), ("b", 0.0), ("gain", 0.0)]
