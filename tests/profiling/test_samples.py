"""A sample of the zoo: every scalable network, spread, and the same every time."""

from __future__ import annotations

from math import log

import pytest

from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture, families
from edgewise.papers.ladders import ladders
from edgewise.profiling.samples import zoo_sample

BASES = sorted(base for family in families() for base in family.scalable)


def by_base(sample: list[Architecture]) -> dict[str, list[Architecture]]:
    """By the longest name of a scalable network that the name of each begins with."""
    found: dict[str, list[Architecture]] = {}
    for one in sample:
        base = max((base for base in BASES if one.name.startswith(base)), key=len)
        found.setdefault(base, []).append(one)
    return found


@pytest.fixture(scope="module")
def sample() -> list[Architecture]:
    return zoo_sample(224, 1000, 50)


def test_every_scalable_network_has_its_share(sample: list[Architecture]) -> None:
    assert len({one.digest for one in sample}) == 50
    assert {one.classes for one in sample} == {1000}
    assert by_base(sample).keys() == set(BASES)
    assert {len(some) for some in by_base(sample).values()} <= {50 // len(BASES), 50 // len(BASES) + 1}


def test_multiply_adds_are_spread_from_small_to_large() -> None:
    for base, some in by_base(zoo_sample(224, 1000, 5 * len(BASES), largest_bytes=2**40)).items():
        amounts = sorted(log(count(one).multiply_adds) for one in some)
        grid = sorted(
            log(count(one).multiply_adds)
            for ladder in ladders(224, 1000)
            if ladder.base == base
            for width in (0.25, 2.0)
            if (one := ladder(width)) is not None
        )
        steps = [(amount - grid[0]) / (grid[-1] - grid[0]) * 5 for amount in amounts]
        assert all(part - 0.5 < step < part + 1.5 for part, step in enumerate(steps)), (base, steps)


def test_several_input_sizes_take_part(sample: list[Architecture]) -> None:
    assert {one.input[1] for one in sample} == {224, 192, 160, 128}


def test_the_seed_decides() -> None:
    assert zoo_sample(32, 10, 20, 1) == zoo_sample(32, 10, 20, 1)
    assert zoo_sample(32, 10, 20, 1) != zoo_sample(32, 10, 20, 2)


def test_large_networks_are_left_out() -> None:
    sample = zoo_sample(32, 10, 10, largest_bytes=2**20)
    assert len(sample) == 10
    assert max(4 * count(one).parameters for one in sample) <= 2**20


def test_a_sample_is_no_larger_than_the_zoo() -> None:
    everything = zoo_sample(32, 10, 100_000)
    assert len({one.digest for one in everything}) == len(everything) < 1000


def test_few_networks_are_of_different_kinds() -> None:
    assert {len(some) for some in by_base(zoo_sample(32, 10, 6)).values()} == {1}


def test_what_no_network_fits() -> None:
    with pytest.raises(EdgewiseError, match="at least one network"):
        zoo_sample(32, 10, 0)
    with pytest.raises(EdgewiseError, match="no network of the zoo fits images of 32×32 pixels"):
        zoo_sample(32, 10, 8, largest_bytes=1)
