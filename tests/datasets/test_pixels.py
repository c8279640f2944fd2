"""Columns of a table as the pixels of an image."""

import numpy as np
import pytest

from neuralopt.core.errors import DataError
from neuralopt.datasets import load_bundled
from neuralopt.datasets.pixels import as_images, layout_of


def test_names_give_rows_and_columns_whatever_their_order():
    frame = load_bundled("digits").drop(columns="digit")
    shuffled = frame.sample(frac=1, axis=1, random_state=0)
    layout = layout_of(list(shuffled.columns))
    assert layout[1] == (8, 8)
    np.testing.assert_array_equal(
        as_images(shuffled.to_numpy()[:5], layout), frame.to_numpy()[:5].reshape(5, 8, 8)
    )


def test_columns_that_were_left_out_stay_zero():
    names = [f"pixel_{r}_{c}" for r in range(5) for c in range(4) if (r, c) not in ((0, 0), (2, 1))]
    images = as_images(np.ones((2, 18)), layout_of(names))
    assert images.shape == (2, 5, 4)
    assert images[0].sum() == 18
    assert images[1, 0, 0] == images[1, 2, 1] == 0


@pytest.mark.parametrize(
    "names",
    [
        [f"pixel{k}" for k in range(16)],  # from 0
        [f"p{k}" for k in range(1, 17)],  # from 1
        [""] * 16,  # an array without names
    ],
)
def test_one_number_or_none_is_a_square_image(names):
    assert layout_of(names) == (tuple(range(16)), (4, 4))


@pytest.mark.parametrize("names", [["a", "b", "c"], [""] * 17, [f"p_{k}_1" for k in range(3)], ["p1"] * 16])
def test_columns_that_are_no_image(names):
    with pytest.raises(DataError, match="are no image"):
        layout_of(names)
