"""Latencies of a space's networks: which are timed into a table, and each measured once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import tiny_space
from toy import TOY

from edgewise.costs import count
from edgewise.devices.prediction.table import tables_of
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.profiling.gauge import Expecting
from edgewise.searching import Choice, Space
from edgewise.searching.latencies import FewNetworks, MeasuredLatencies, samples
from predicted_device import device


class Counting(Expecting):
    """A device that is here and counts what is measured."""

    here = True

    def __init__(self) -> None:
        super().__init__(tables_of(device())[0])
        self.asked: list[int] = []

    def measured(self, architectures: Sequence[Architecture]) -> list[float]:
        self.asked.append(len(architectures))
        return super().measured(architectures)


def test_every_network_is_measured_once_over_all_calls(tmp_path: Path) -> None:
    networks = samples(tiny_space.TINY, 6)
    gauge = Counting()
    first = MeasuredLatencies(gauge, tmp_path / "measured.json")(networks[:4])
    assert first == [gauge.expected(one) for one in networks[:4]]
    again = MeasuredLatencies(gauge, tmp_path / "measured.json")
    assert again(networks[:4]) == first
    assert again([networks[5], networks[0]])[1] == first[0]
    assert gauge.asked == [4, 1]
    (tmp_path / "measured.json").write_text("{")
    with pytest.raises(EdgewiseError, match=r"cannot be used .* delete it to measure again"):
        MeasuredLatencies(gauge, tmp_path / "measured.json")


def test_samples_are_from_everywhere_between_few_and_many_multiply_adds() -> None:
    made = samples(TOY, 9)
    sizes = [count(one).multiply_adds for one in made]
    assert len({one.digest for one in made}) == len(made) == 9
    assert sorted(sizes)[4] == sizes[0]  # the middle one first
    whole = [count(TOY.architecture(point)).multiply_adds for point in TOY.points() if point[:2] != (0, 2)]
    assert min(sizes) < 1.5 * min(whole)
    assert max(sizes) > 0.8 * max(whole)
    assert samples(TOY, 9) == made


def test_a_space_without_networks_is_told() -> None:
    def build(chosen: object) -> Architecture:
        raise EdgewiseError("none")

    with pytest.raises(EdgewiseError, match="hardly any point of the space empty is a network"):
        samples(Space("empty", (Choice("one", (1, 2)),), build))


def test_of_few_networks_what_was_measured_is_expected(tmp_path: Path) -> None:
    gauge, networks = Counting(), samples(tiny_space.TINY, 4)
    few = FewNetworks(gauge, networks[:3], tmp_path / "networks.json")
    assert few.expected(networks[1]) == gauge.expected(networks[1])
    assert few.expected(networks[0]) == gauge.expected(networks[0])
    assert gauge.asked == [3]  # side by side
    assert few.expected(networks[3]) == gauge.expected(networks[3])
    again = FewNetworks(gauge, networks[:3], tmp_path / "networks.json")
    assert again.expected(networks[2]) == gauge.expected(networks[2])
    assert gauge.asked == [3, 1]
