"""ShuffleNet (Zhang et al., 2017): how many groups, and whether channels are shuffled."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.papers import find
from edgewise.studies.study import Claim, Study, Variant, plain

_GROUPS = (1, 2, 3, 4, 8)


def _groups() -> Mapping[str, Variant]:
    """At the paper's quarter width, where groups matter most; all cost about the same."""
    return plain({f"g={groups}": find(f"shufflenet_v1_g{groups}_0.25") for groups in _GROUPS})


def _shuffle() -> Mapping[str, Variant]:
    found = {}
    for groups in (3, 8):
        name = f"shufflenet_v1_g{groups}_0.25"
        found |= {f"g={groups}": find(name), f"g={groups}, no shuffle": find(f"{name}_no_shuffle")}
    return plain(found)


STUDIES = (
    Study(
        "shufflenet_groups",
        "At equal cost, do more groups, and so more channels, help?",
        "ShuffleNet, Table 2: at 0.25×, errors of 57.1, 56.8, 55.0, 54.2 and 52.7% for 1, 2, 3, 4 and 8 groups",
        _groups,
        (
            Claim("3 groups are better than 1", "g=3", "g=1"),
            Claim("8 groups are better than 1", "g=8", "g=1"),
            Claim("8 groups are better than 3 in the smallest network", "g=8", "g=3"),
        ),
        width=1.0,
    ),
    Study(
        "shuffle",
        "Does it matter that channels are shuffled?",
        "ShuffleNet, Table 3",
        _shuffle,
        (
            Claim("the shuffle helps with 3 groups", "g=3", "g=3, no shuffle"),
            Claim("the shuffle helps with 8 groups", "g=8", "g=8, no shuffle"),
        ),
        width=1.0,
    ),
)
