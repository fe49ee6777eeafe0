from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from pictures import noise
from PIL import Image
from torchvision.transforms import InterpolationMode, v2

from edgewise.data import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from edgewise.errors import EdgewiseError


@pytest.mark.parametrize(("high", "wide"), [(48, 64), (64, 48), (33, 97), (20, 21), (32, 32), (31, 200)])
@pytest.mark.parametrize("crop", [1.0, 0.875])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_the_pixels_are_those_of_torchvisions_resize_and_centre_crop(high, wide, crop, interpolation):
    preprocessing = Preprocessing(28, 28, IMAGENET_MEAN, IMAGENET_STD, crop, interpolation)
    image = noise(0, high, wide)
    reference = v2.Compose(
        [
            v2.Resize(round(28 / crop), InterpolationMode(interpolation)),
            v2.CenterCrop(28),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(list(IMAGENET_MEAN), list(IMAGENET_STD)),
        ]
    )
    expected = reference(Image.fromarray(image)).numpy()
    made = preprocessing.apply(image)
    assert made.dtype == np.float32
    assert made.flags.c_contiguous
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-6)


def test_an_image_of_the_right_size_is_left_as_it_is():
    image = noise(1, 32, 48)
    assert Preprocessing(32, 48, IMAGENET_MEAN, IMAGENET_STD, crop=0.5).resized(image) is image


@pytest.mark.parametrize(("high", "wide"), [(10, 100), (100, 10), (50, 50), (24, 40), (7, 3)])
@pytest.mark.parametrize(("height", "width"), [(24, 40), (40, 24), (1, 9)])
def test_oblong_networks_get_their_size(high, wide, height, width):
    made = Preprocessing(height, width, (0, 0, 0), (1, 1, 1), crop=0.9).resized(noise(2, high, wide))
    assert made.shape == (height, width, 3)


def test_normalisation_by_hand():
    image = np.full((1, 1, 3), (0, 51, 255), np.uint8)
    made = Preprocessing(1, 1, (0.0, 0.1, 0.5), (1.0, 0.5, 0.25)).apply(image)
    np.testing.assert_allclose(made[:, 0, 0], [0, 0.2, 2.0], atol=1e-6)


def test_json_round_trip():
    preprocessing = Preprocessing(224, 192, IMAGENET_MEAN, IMAGENET_STD, 0.875, "bicubic")
    assert Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json()))) == preprocessing


@pytest.mark.parametrize(
    "change",
    [{"height": "tall"}, {"mean": [1, 2]}, {"std": [0, 1, 1]}, {"crop": 1.5}, {"interpolation": "x"}, {"colour": 1}],
)
def test_what_cannot_be_read_is_an_error(change):
    data = Preprocessing(8, 8, IMAGENET_MEAN, IMAGENET_STD).to_json()
    with pytest.raises(EdgewiseError):
        Preprocessing.from_json(data | change)


def test_a_missing_field_is_an_error():
    data = Preprocessing(8, 8, IMAGENET_MEAN, IMAGENET_STD).to_json()
    del data["mean"]
    with pytest.raises(EdgewiseError, match="mean"):
        Preprocessing.from_json(data)
