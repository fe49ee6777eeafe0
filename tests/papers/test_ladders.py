"""Ladders: the input sizes, and the networks on them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgewise.papers import find
from edgewise.papers.ladders import SHARES, ladders, sizes


@given(st.integers(16, 1024))
def test_sizes_are_distinct_and_on_the_grid(size: int) -> None:
    largest, *smaller = sizes(size)
    assert largest == size
    assert len(set(smaller)) == len(smaller)
    assert all(0 < one < size for one in smaller)
    assert all(one % (32 if size >= 96 else 8) == 0 for one in smaller)
    assert len(smaller) <= len(SHARES)
    assert all(one >= size / 2 - 16 for one in smaller)


def test_sizes_of_the_papers() -> None:
    assert sizes(224) == [224, 192, 160, 128]


def test_a_ladder_is_climbed_by_width() -> None:
    (ladder,) = [one for one in ladders(224, 7) if (one.base, one.size) == ("mobilenet_v2", 160)]
    half = ladder(0.5)
    assert half is not None
    assert half.name == "mobilenet_v2_0.5@160"
    assert half.digest == find("mobilenet_v2").scaled(0.5).with_classes(7).with_input(160).digest


def test_images_too_small_for_every_network_have_no_ladder() -> None:
    assert list(ladders(1, 10)) == []


def test_a_width_that_does_not_fit_is_none() -> None:
    (ladder,) = [one for one in ladders(224, 10) if (one.base, one.size) == ("mobilenet_v2", 224)]
    assert ladder(100.0) is None
