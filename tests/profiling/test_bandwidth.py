"""Plateaus of a memory hierarchy, cache sizes as Linux tells them, and a short real ladder."""

import itertools
from pathlib import Path

import pytest

from edgewise.devices.profile import Level
from edgewise.profiling.bandwidth import cache_sizes, ladder_sizes, measure_bandwidth
from edgewise.profiling.plateaus import levels, plateaus

KIB, MIB = 2**10, 2**20
CACHES = (48 * KIB, 1 * MIB, 32 * MIB)
SPEEDS = (200e9, 120e9, 60e9, 20e9)


def made(noise: float = 0.0) -> list[tuple[int, float, float]]:
    """A ladder whose bandwidth goes over from one level to the next around the caches' sizes."""
    ladder = []
    for index, size in enumerate(ladder_sizes(CACHES, None)):
        inside = next((level for level, cache in enumerate(CACHES) if size <= 0.8 * cache), 3)
        read = SPEEDS[inside] * (1 + noise * (-1) ** index)
        ladder.append((size, read, read / 2))
    return ladder


@pytest.mark.parametrize("noise", [0.0, 0.08])
def test_each_cache_has_its_plateau(noise: float) -> None:
    found = levels(made(noise), CACHES)
    assert [(one.name, one.size_bytes) for one in found] == [
        ("L1", 48 * KIB),
        ("L2", 1 * MIB),
        ("L3", 32 * MIB),
        ("memory", None),
    ]
    for level, speed in zip(found, SPEEDS, strict=True):
        assert level.read_bytes_per_second == pytest.approx(speed, rel=noise + 1e-9)
        assert level.copy_bytes_per_second == pytest.approx(speed / 2, rel=noise + 1e-9)


@pytest.mark.parametrize("noise", [0.0, 0.08])
def test_where_no_size_is_known_levels_are_where_bandwidth_drops(noise: float) -> None:
    found = levels(made(noise), ())
    assert [one.name for one in found] == ["L1", "L2", "L3", "memory"]
    assert [one.read_bytes_per_second for one in found] == pytest.approx(SPEEDS, rel=noise + 1e-9)
    assert {one.size_bytes for one in found} == {None}


def test_a_single_slow_step_is_no_plateau() -> None:
    ladder = [(size, 100.0 if size != 4 else 80.0, 1.0) for size in (1, 2, 4, 8)] + [
        (16, 50.0, 1.0),
        (32, 20.0, 1.0),
        (64, 20.0, 1.0),
    ]
    assert [len(part) for part in plateaus(ladder)] == [4, 2]


def test_a_cache_that_no_buffer_lies_in_is_left_out() -> None:
    found = levels([(64 * KIB, 10.0, 5.0), (128 * KIB, 10.0, 5.0)], (32 * KIB, 1 * MIB))
    assert found == (Level("L2", 1 * MIB, 10.0, 5.0),)


def test_the_ladder_rises_well_beyond_the_last_cache() -> None:
    sizes = ladder_sizes(CACHES, 64 * 2**30)
    assert sizes[0] == 8 * KIB
    assert sizes[-1] >= 4 * CACHES[-1]
    assert all(1.3 <= above / below <= 1.6 for below, above in itertools.pairwise(sizes))
    assert all(size % 8 == 0 for size in sizes)
    assert ladder_sizes((), None)[-1] >= 128 * MIB
    assert ladder_sizes(CACHES, 64 * MIB)[-1] < 16 * MIB


def test_caches_are_read_as_linux_tells_them(tmp_path: Path) -> None:
    told = (("1", "Data", "48K"), ("1", "Instruction", "32K"), ("2", "Unified", "1024K"), ("3", "Unified", "32M"))
    for index, content in enumerate(told):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        for name, text in zip(("level", "type", "size"), content, strict=True):
            (folder / name).write_text(text + "\n")
    (tmp_path / "index4").mkdir()
    assert cache_sizes(tmp_path) == CACHES
    assert cache_sizes(tmp_path / "none") == ()


def test_a_short_real_ladder_is_measured() -> None:
    sizes = (8 * KIB, 12 * KIB, 16 * KIB, 24 * KIB)
    found = measure_bandwidth(0.05, sizes)
    assert tuple(size for size, _, _ in found.ladder) == sizes
    # A byte a nanosecond is what a loop without vector instructions reaches.
    assert all(read > 1e9 and copied > 1e9 for _, read, copied in found.ladder)
    assert found.levels
