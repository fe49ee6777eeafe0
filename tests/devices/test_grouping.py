from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgewise.devices import groups


def _names(latencies):
    return [[item.name for item in group] for group in groups(latencies)]


def test_groups_come_fastest_first_and_overlap_is_not_chained(latency):
    chain = [latency("c", 3.5, 5.5), latency("b", 2.5, 4), latency("a", 1, 3)]
    assert _names(chain) == [["a", "b"], ["c"]]


def test_members_are_by_name_not_by_speed(latency):
    assert _names([latency("z", 1, 3), latency("m", 1.5, 3.5), latency("a", 2, 4)]) == [["a", "m", "z"]]


def test_a_wide_interval_joins_the_fastest_it_cannot_be_told_from(latency):
    assert _names([latency("fast", 1, 2), latency("slow", 3, 4), latency("vague", 1.5, 9)]) == [
        ["fast", "vague"],
        ["slow"],
    ]


def test_touching_intervals_overlap_and_nothing_gives_nothing(latency):
    assert _names([latency("a", 1, 2), latency("b", 2, 3)]) == [["a", "b"]]
    assert groups([]) == []


_INTERVALS = st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 50)), max_size=12)


@given(_INTERVALS)
def test_everyone_is_in_one_group_and_overlaps_its_fastest(latency, intervals):
    items = [latency(f"m{i}", low, low + width) for i, (low, width) in enumerate(intervals)]
    found = groups(items)
    assert sorted(item.name for group in found for item in group) == sorted(item.name for item in items)
    fastest = [min(group, key=lambda item: (item.median_ms, item.name)) for group in found]
    assert all(item.overlaps(first) for group, first in zip(found, fastest, strict=True) for item in group)
    assert [item.median_ms for item in fastest] == sorted(item.median_ms for item in fastest)
    assert not any(fastest[i].overlaps(fastest[j]) for i in range(len(fastest)) for j in range(i))
