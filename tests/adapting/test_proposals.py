"""What a step could be: widths at the quantum, as wide as the latency allows, and several together where none does."""

from __future__ import annotations

import numpy as np

from edgewise.adapting.proposals import Proposals
from edgewise.adapting.spaces import Spaces
from edgewise.costs import count
from edgewise.papers import Architecture, find


def megas(architecture: Architecture) -> float:
    """A device on which a million multiply-adds take a millisecond."""
    return count(architecture).multiply_adds / 1e6


def proposals_of(name: str, quantum: int) -> tuple[Spaces, Proposals]:
    spaces = Spaces(find(name).with_classes(10).with_input(32))
    return spaces, Proposals(spaces, np.random.default_rng(0).random(len(spaces.labels.fixed)), megas, quantum)


def test_every_proposal_is_fast_enough_aligned_and_as_wide_as_it_may_be() -> None:
    spaces, proposals = proposals_of("mobilenet_v2_0.5", 8)
    now = megas(spaces.architecture)
    found = proposals.below(0.98 * now)
    assert len(found) >= 15
    for one in found:
        ((name, width),) = one.widths.items()
        assert one.ms == megas(one.architecture) <= 0.98 * now
        assert width % 8 == 0
        assert width < spaces[name].width
        wider = width + 8
        if wider < spaces[name].width:
            assert proposals._proposal(name, {name: wider}).ms > 0.98 * now  # type: ignore[union-attr]


def test_what_no_space_can_do_alone_several_do() -> None:
    spaces, proposals = proposals_of("mobilenet_v2_0.5", 8)
    now = megas(spaces.architecture)
    found = proposals.below(0.3 * now)
    assert found
    assert all(one.ms <= 0.3 * now and len(one.widths) > 1 for one in found)


def test_where_nothing_can_do_it_there_is_nothing() -> None:
    spaces, proposals = proposals_of("mobilenet_v2_0.5", 8)
    assert proposals.below(0.2 * megas(spaces.architecture))
    assert proposals.below(0.005 * megas(spaces.architecture)) == []


def test_groups_are_kept_equal() -> None:
    spaces, proposals = proposals_of("shufflenet_v1_g3_0.5", 4)
    found = proposals.below(0.98 * megas(spaces.architecture))
    assert found
    assert all(
        width % 12 == 0
        for one in found
        for width in one.widths.values()
        if spaces.partitions([spaces[next(iter(one.widths))]])
    )
