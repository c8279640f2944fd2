"""Masks by name, by dimensions and by exclusion."""

import re

import numpy as np
import pytest

from neuralopt.core.errors import InvalidArgument
from neuralopt.transforms import L2Decay, by_name, by_ndim, excluding
from neuralopt.transforms.masks import check_mask, selected

PARAMS = {
    "head": {"W": np.ones((2, 2)), "b": np.ones(2)},
    "norm": {"scale": np.ones(2)},
    "stem": {"W": np.ones((2, 2, 1, 3)), "b": np.ones(3), "gain": np.ones(())},
}


def names(mask):
    return [f"{a}/{b}" for a, part in selected(mask, PARAMS).items() for b, use in part.items() if use]


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("matrices", ["head/W", "stem/W"]),
        ("all", ["head/W", "head/b", "norm/scale", "stem/W", "stem/b", "stem/gain"]),
        (by_name("head/*"), ["head/W", "head/b"]),
        (by_name("*/b", "norm*"), ["head/b", "norm/scale", "stem/b"]),
        (by_name("HEAD/*"), []),
        (by_name("W"), []),
        (by_name("?ead/[Wb]"), ["head/W", "head/b"]),
        (by_ndim(0, 0), ["stem/gain"]),
        (by_ndim(1, 2), ["head/W", "head/b", "norm/scale", "stem/b"]),
        (by_ndim(4), ["stem/W"]),
        (excluding("head/*"), ["norm/scale", "stem/W", "stem/b", "stem/gain"]),
        (excluding("head/*", mask="matrices"), ["stem/W"]),
        (excluding("*/b", mask=by_name("head/*", "stem/*")), ["head/W", "stem/W", "stem/gain"]),
        (excluding("stem/*", mask=lambda name, leaf: leaf.ndim == 1), ["head/b", "norm/scale"]),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", repr(value)),
)
def test_what_is_selected(mask, expected):
    check_mask(mask)
    assert names(mask) == expected


@pytest.mark.parametrize(
    "make", [lambda: by_name("a*"), lambda: by_ndim(1, 2), lambda: excluding("a", mask="matrices")]
)
def test_masks_made_alike_are_equal_so_that_nothing_compiles_anew(make):
    assert make() == make()
    assert hash(L2Decay(mask=make())) == hash(L2Decay(mask=make()))
    assert make() != by_name("b")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: by_name(), "by_name takes one pattern or more, as by_name('*/W', 'head/*'), got ()."),
        (lambda: excluding(), "by_name takes one pattern or more"),
        (lambda: by_name(3), "by_name takes one pattern or more, as by_name('*/W', 'head/*'), got (3,)."),
        (lambda: by_ndim(-1), "by_ndim: low must be a whole number >= 0, got -1."),
        (lambda: by_ndim(2, 1), "by_ndim: high must be a whole number >= 2, got 1."),
        (lambda: excluding("a", mask="al"), "got 'al'. Did you mean 'all'?"),
        (
            lambda: L2Decay(mask="head/*"),
            "a mask must be one of 'matrices', 'all' or a function of (name, array), got 'head/*'. "
            "For names of parameters: transforms.by_name('layer/*').",
        ),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(InvalidArgument, match=re.escape(text)):
        make()
