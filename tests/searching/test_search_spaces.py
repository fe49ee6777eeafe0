"""The spaces that come with the package: every point a network, and the networks that they are around among them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgewise.adapting import Spaces
from edgewise.costs import count
from edgewise.graph.ops import Convolution
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.searching import Option, Space
from edgewise.searching.spaces import (
    MNASNET,
    MOBILENET_V3,
    MOBILENET_V3_EARLY,
    MOBILENET_V3_REGULAR,
    SHUFFLENET_V2,
    SPACES,
    scaled,
)


@pytest.fixture(params=SPACES.values(), ids=list(SPACES))
def space(request: pytest.FixtureRequest) -> Space:
    return request.param


def test_any_point_is_a_network_that_can_be_saved_adapted_and_run(space: Space) -> None:
    random, given = np.random.default_rng(0), space.given(size=64, classes=5)
    architectures = [given.architecture(given.sample(random)) for _ in range(20)]
    for architecture in architectures:
        assert Architecture.from_json(architecture.to_json()) == architecture
        assert Spaces(architecture).leading
    network = Network(architectures[0], seed=0).eval()
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 5)


def test_a_block_of_mnasnets_space_has_the_forms_that_the_paper_counts() -> None:
    assert MNASNET.size == 432**6


def at(space: Space, chosen: dict[str, Option]) -> Architecture:
    """The network with the same options in every block."""
    return space.architecture(
        space.point({choice.name: chosen[choice.name.rstrip("0123456789")] for choice in space.choices})
    )


@pytest.mark.parametrize(
    ("space", "name", "apart"),
    [
        (MNASNET, "mobilenet_v2", 0.0),
        (SHUFFLENET_V2, "shufflenet_v2_torchvision", 0.02),  # halves are multiples of 8: 112 channels for 116
        (MOBILENET_V3, "mobilenet_v3_large", 0.03),  # one expansion for a whole stage
        (MOBILENET_V3_EARLY, "mobilenet_v3_small", 0.03),
        (MOBILENET_V3_REGULAR, "mobilenet_v3_small", 0.03),
    ],
)
def test_the_network_that_a_space_is_around(space: Space, name: str, apart: float) -> None:
    assert space.around is not None
    made, known = count(space.architecture(space.point(space.around))), count(find(name))
    assert abs(made.multiply_adds / known.multiply_adds - 1) <= apart
    assert abs(made.parameters / known.parameters - 1) <= apart


def test_mobilenet_v3s_stages_are_its_own() -> None:
    chosen: dict[str, Option] = {"expansion": 6, "kernel": 5, "squeeze": True, "filters": 1.0, "layers": 0}
    chosen["hidden"] = 1.0
    for space, name in ((MOBILENET_V3, "mobilenet_v3_large"), (MOBILENET_V3_EARLY, "mobilenet_v3_small")):
        made, known = at(space, chosen), find(name)
        assert made.shapes[:-2] == known.shapes[:-2]
        assert made.rows[1] == known.rows[1]


def test_a_space_with_regular_convolutions_holds_the_one_without() -> None:
    around = dict(MOBILENET_V3_EARLY.around or {})
    same = MOBILENET_V3_REGULAR.point({**around, "first": "separable"})
    plain = MOBILENET_V3_EARLY.architecture(MOBILENET_V3_EARLY.point(around))
    assert MOBILENET_V3_REGULAR.architecture(same).rows == plain.rows
    never = {name: 0 for name in around if name.startswith("expansion")}
    regular = MOBILENET_V3_REGULAR.architecture(MOBILENET_V3_REGULAR.point({**around, **never, "first": "conv"}))
    assert all(node.op.groups == 1 for node in regular.graph.nodes if isinstance(node.op, Convolution))
    assert regular.shapes[:-2] == plain.shapes[:-2]


def test_widths_and_resolutions_of_any_network() -> None:
    space = scaled("mobilenet_v1", widths=(0.5, 1.0), sizes=(224, 128))
    assert space.size == 4
    half = space.architecture(space.point({"width": 0.5, "size": 128}))
    assert count(half).multiply_adds == count(find("mobilenet_v1_0.5").with_input(128)).multiply_adds
