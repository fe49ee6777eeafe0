"""Random narrower versions of a network."""

from __future__ import annotations

from edgewise.adapting.spaces import Spaces
from edgewise.adapting.versions import random_versions
from edgewise.costs import count
from edgewise.papers import find

SEED = find("mobilenet_v2_0.5").with_classes(10).with_input(32)


def test_random_versions_are_narrower_aligned_and_different() -> None:
    versions = random_versions(SEED, 8, 12)
    assert len({one.digest for one in versions}) == 12
    assert all(count(one).multiply_adds < count(SEED).multiply_adds for one in versions)
    for one in versions:
        assert all(space.width % 8 == 0 for space in Spaces(one).leading)
    assert random_versions(SEED, 8, 12) == versions
