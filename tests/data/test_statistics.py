"""What images are like: their usual size, and the colours that normalise them."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.data import Split
from edgewise.data.decode import UnreadableError
from edgewise.data.images import StoredImages
from edgewise.data.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from edgewise.data.statistics import Statistics, preprocessing_for, statistics
from edgewise.errors import EdgewiseError


def split_of(*images: np.ndarray) -> Split:
    names = [str(index) for index in range(len(images))]
    return Split("train", StoredImages(list(images), names), np.zeros(len(images), np.int64))


def flat(high: int, wide: int, colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((high, wide, 3), colour, np.uint8)


def test_the_median_short_side_and_the_mean_colour() -> None:
    found = statistics(split_of(flat(10, 40, (255, 0, 51)), flat(50, 20, (255, 0, 51)), flat(30, 30, (255, 0, 51))))
    assert found.short_side == 20
    assert found.mean == (1.0, 0.0, 0.2)
    assert found.std == (0.01, 0.01, 0.01)  # never nothing: it divides


def test_mean_and_deviation_are_those_of_all_pixels() -> None:
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (24, 24, 3), dtype=np.uint8) for _ in range(20)]
    found = statistics(split_of(*images))
    values = np.stack(images).reshape(-1, 3) / 255
    np.testing.assert_allclose(found.mean, values.mean(0), atol=1e-3)
    np.testing.assert_allclose(found.std, values.std(0), atol=1e-3)


def test_of_many_images_some_are_looked_at_from_all_over() -> None:
    dark, bright = flat(8, 8, (0, 0, 0)), flat(8, 8, (255, 255, 255))
    found = statistics(split_of(*[dark] * 1500, *[bright] * 500))
    assert found.mean == pytest.approx((0.25, 0.25, 0.25), abs=0.01)


class Damaged(StoredImages):
    """Images of which only some can be read, as Pillow would say it: with a warning, then an error."""

    readable = 1

    def load(self, index: int) -> np.ndarray:
        warnings.warn("a truncated file", UserWarning, stacklevel=1)
        if index >= self.readable:
            raise UnreadableError("is cut short")
        return super().load(index)


def test_damaged_images_are_left_to_whoever_needs_them() -> None:
    images = Damaged([flat(20, 30, (0, 0, 0))] * 4, list("abcd"))
    split = Split("train", images, np.zeros(4, np.int64))
    assert statistics(split).short_side == 20
    images.readable = 0
    with pytest.raises(EdgewiseError, match="none of the images of the train split can be read"):
        statistics(split)


@pytest.mark.parametrize(
    ("side", "size"),
    [(8, 16), (28, 28), (32, 32), (95, 95), (96, 96), (100, 96), (127, 96), (128, 128), (223, 192), (224, 224)],
)
def test_the_input_that_suits(side: int, size: int) -> None:
    assert Statistics(side, (0, 0, 0), (1, 1, 1)).size == size


@given(st.integers(1, 10_000))
def test_the_input_is_never_larger_than_the_papers(side: int) -> None:
    size = Statistics(side, (0, 0, 0), (1, 1, 1)).size
    assert 16 <= size <= 224
    assert size <= max(16, side)


def test_preprocessing_of_small_images_takes_all_of_them() -> None:
    found = Statistics(32, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    small = preprocessing_for(32, found)
    assert (small.height, small.width, small.crop) == (32, 32, 1.0)
    assert (small.mean, small.std) == (found.mean, found.std)
    large = preprocessing_for(224)
    assert (large.crop, large.mean, large.std) == (0.875, IMAGENET_MEAN, IMAGENET_STD)
