from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import noise

from edgewise.data.augmentation import FLIP, LEFT, TOP, Augmentation, crop_box, flipped, shifted
from edgewise.errors import EdgewiseError

unit = st.floats(0, 1, exclude_max=True)


def draws(**values: float) -> np.ndarray:
    columns = {"top": TOP, "left": LEFT, "flip": FLIP}
    row = np.full((1, 9), 0.75)
    for name, value in values.items():
        row[0, columns[name]] = value
    return row


def test_shifting_by_hand():
    image = noise(0, 6, 7)[None]
    fill = np.array([1, 2, 3], np.uint8)
    np.testing.assert_array_equal(shifted(image, draws(top=0.5, left=0.5), 2, fill), image)
    moved = shifted(image, draws(top=0.0, left=0.99), 2, fill)
    np.testing.assert_array_equal(moved[0, 2:, :-2], image[0, :-2, 2:])
    assert (moved[0, :2] == fill).all()
    assert (moved[0, :, -2:] == fill).all()


def test_flipping_by_hand():
    image = noise(0)[None]
    np.testing.assert_array_equal(flipped(image, draws(flip=0.4)), image[:, :, ::-1])
    np.testing.assert_array_equal(flipped(image, draws(flip=0.6)), image)


@given(st.integers(1, 500), st.integers(1, 500), st.lists(unit, min_size=9, max_size=9))
def test_a_crop_lies_in_the_image(high, wide, row):
    top, left, box_high, box_wide = crop_box(high, wide, np.array(row), (0.08, 1.0))
    assert 0 <= top <= top + box_high <= high
    assert 0 <= left <= left + box_wide <= wide
    assert box_high >= 1
    assert box_wide >= 1


def test_crops_have_the_areas_and_shapes_asked_for():
    rows = np.random.default_rng(0).random((2000, 9))
    boxes = np.array([crop_box(1000, 1000, row, (0.25, 0.5)) for row in rows])
    areas = boxes[:, 2] * boxes[:, 3] / 1e6
    assert 0.249 < areas.min() < 0.27
    assert 0.48 < areas.max() < 0.501
    shapes = boxes[:, 3] / boxes[:, 2]
    assert 0.745 < shapes.min() < 0.78
    assert 1.28 < shapes.max() < 1.338


@pytest.mark.parametrize(
    "field", [{"crop": "random"}, {"rand_augment": 31}, {"rand_augment": -1}, {"pad": -1}, {"scale": (0.5, 0.2)}]
)
def test_impossible_augmentations(field):
    with pytest.raises(EdgewiseError):
        Augmentation(**field)
