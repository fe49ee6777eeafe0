from __future__ import annotations

import numpy as np
import pytest

from edgewise.data.randomness import Purpose, permutation, philox, uniform


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0,) * 4, (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_its_authors_known_answers(counter, key, expected):
    assert philox(np.array([counter], np.uint64), key)[0].tolist() == list(expected)


def test_a_sample_keeps_its_numbers_in_any_company():
    alone = uniform(3, Purpose.AUGMENTATION, 5, np.array([17]), 9)
    together = uniform(3, Purpose.AUGMENTATION, 5, np.arange(100), 9)
    np.testing.assert_array_equal(alone[0], together[17])
    assert together.shape == (100, 9)


@pytest.mark.parametrize("other", [(4, Purpose.AUGMENTATION, 5), (3, Purpose.ORDER, 5), (3, Purpose.AUGMENTATION, 6)])
def test_seed_purpose_and_epoch_each_matter(other):
    indices = np.arange(50)
    assert not np.intersect1d(
        uniform(3, Purpose.AUGMENTATION, 5, indices, 4), uniform(other[0], other[1], other[2], indices, 4)
    ).size


def test_the_numbers_are_uniform():
    values = uniform(0, Purpose.AUGMENTATION, 0, np.arange(20_000), 5)
    assert values.min() >= 0
    assert values.max() < 1
    assert np.abs(values.mean(0) - 0.5).max() < 0.01
    assert np.abs(np.corrcoef(values.T) - np.eye(5)).max() < 0.03


def test_permutation():
    order = permutation(0, Purpose.ORDER, 0, 1000)
    assert sorted(order.tolist()) == list(range(1000))
    assert order.tolist() != permutation(1, Purpose.ORDER, 0, 1000).tolist()
    assert permutation(2**40, Purpose.ORDER, 0, 9).tolist() != permutation(2**41, Purpose.ORDER, 0, 9).tolist()
