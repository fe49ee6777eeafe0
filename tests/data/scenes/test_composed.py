"""Scenes of the built-in digits."""

from __future__ import annotations

import numpy as np

from edgewise.data.assemble import Options
from edgewise.data.scenes import BoxAnnotations, MaskAnnotations
from edgewise.data.scenes.composed import COUNTS, MOST, SIZE, open_scenes


def test_boxes_and_masks_are_of_the_same_scenes() -> None:
    boxes, masks = (open_scenes(task, Options()) for task in ("detect", "segment"))
    assert boxes.classes == masks.classes[1:] == tuple("0123456789")
    assert {name: len(split) for name, split in boxes.splits.items()} == COUNTS
    for name, split in boxes.splits.items():
        found, others = split.annotations, masks.splits[name].annotations
        assert isinstance(found, BoxAnnotations)
        assert isinstance(others, MaskAnnotations)
        for index in range(0, len(split), 40):
            image, mask, things = split.load(index), others.load(index), found.images[index]
            assert image.shape == (SIZE, SIZE, 3)
            np.testing.assert_array_equal(image, masks.splits[name].load(index))
            assert 1 <= len(things) <= MOST
            inked = np.zeros_like(mask, dtype=bool)
            for (left, top, right, bottom), label in zip(things.boxes.astype(int), things.labels, strict=True):
                of_digit = mask[top:bottom, left:right] == 1 + label
                assert of_digit.any(0).all() or of_digit.any(1).any()
                assert of_digit[:, [0, -1]].any(0).all()  # the box ends where the ink does
                assert of_digit[[0, -1]].any(1).all()
                inked[top:bottom, left:right] |= of_digit
            assert not mask[~inked].any()


def test_scenes_depend_on_the_seed_alone() -> None:
    first, again, other = (open_scenes("detect", Options(seed=seed, only="val")) for seed in (0, 0, 1))
    assert set(first.splits) == {"val"}
    pixels = [np.stack([one.splits["val"].load(index) for index in range(9)]) for one in (first, again, other)]
    np.testing.assert_array_equal(pixels[0], pixels[1])
    assert (pixels[0] != pixels[2]).any()
