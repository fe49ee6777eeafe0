from __future__ import annotations

import numpy as np
import pytest
import torch
from pictures import noise
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from edgewise.data import rand_augment as module
from edgewise.data.rand_augment import DRAWS, rand_augment

FILL = (10, 20, 30)
OPERATIONS = 14


def images(count: int) -> torch.Tensor:
    return torch.stack([torch.from_numpy(noise(index, 16, 16)).permute(2, 0, 1) for index in range(count)])


def test_an_image_changes_alike_alone_and_in_a_batch():
    batch, draws = images(40), np.random.default_rng(0).random((40, DRAWS))
    together = rand_augment(batch, draws, 9, FILL)
    assert together.dtype == torch.uint8
    assert together.shape == batch.shape
    for index in range(40):
        alone = rand_augment(batch[index : index + 1], draws[index : index + 1], 9, FILL)
        torch.testing.assert_close(alone[0], together[index], rtol=0, atol=0)


def test_the_input_is_left_alone():
    batch = images(20)
    before = batch.clone()
    rand_augment(batch, np.random.default_rng(0).random((20, DRAWS)), 9, FILL)
    torch.testing.assert_close(batch, before)


@pytest.mark.parametrize("number", range(OPERATIONS))
@pytest.mark.parametrize("sign", [1, -1])
def test_operations_are_those_of_torchvision(number, sign):
    """The same operation at the same strength through torchvision's own RandAugment."""
    names = list(v2.RandAugment._AUGMENTATION_SPACE)
    reference = v2.RandAugment(fill=list(FILL))
    magnitudes, signed = reference._AUGMENTATION_SPACE[names[number]]
    values = magnitudes(31, 16, 16)
    magnitude = 0.0 if values is None else float(values[12]) * (sign if signed else 1)
    # Its negative translations and shears are ours with the sign turned, and so are its brightness and the like.
    image = images(3)
    expected = reference._apply_image_or_video_transform(
        image, names[number], magnitude, v2.InterpolationMode.NEAREST, reference._fill
    )
    made = module._OPERATIONS[number](image, sign * 12 / 30, [float(each) for each in FILL])
    assert isinstance(expected, torch.Tensor)
    difference = (made.int() - expected.int()).abs()
    assert (difference > 1).float().mean() < 0.02


def test_there_are_as_many_operations_as_in_the_paper():
    assert len(module._OPERATIONS) == OPERATIONS == len(v2.RandAugment._AUGMENTATION_SPACE)


def test_strength_grows_with_the_magnitude():
    image = images(1)
    darker = [module._OPERATIONS[6](image, -magnitude / 30, [0.0] * 3).float().mean() for magnitude in (0, 10, 20, 30)]
    assert darker == sorted(darker, reverse=True)
    torch.testing.assert_close(module._OPERATIONS[6](image, 0.0, [0.0] * 3), functional.adjust_brightness(image, 1.0))
