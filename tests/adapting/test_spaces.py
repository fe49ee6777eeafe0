"""Which channels make a space, what follows it, and which of its channels go."""

from __future__ import annotations

import numpy as np
import pytest
from surgeon import tensors_for

from edgewise.adapting import scores
from edgewise.adapting.choose import chosen
from edgewise.adapting.labels import channel_labels
from edgewise.adapting.spaces import Spaces
from edgewise.blocks import BasicBlock, Classifier, ConvBNAct, InvertedResidual, Row
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture, find


def made_of(*rows: Row) -> Architecture:
    return Architecture("tiny", (*rows, Classifier(classes=3)), input=(3, 8, 8))


def test_mobilenet_v2s_spaces_are_those_of_mobilenet_v3s_proposals() -> None:
    """17 expansions (the first depthwise one filters the stem's channels), and the bottlenecks tied by shortcuts."""
    spaces = Spaces(find("mobilenet_v2"))
    widths = {name: space.width for name, space in spaces.by_name.items()}
    assert sum(name.endswith("expand") for name in widths) == 16
    tied = {name: len(space.producers) for name, space in spaces.by_name.items() if len(space.producers) > 1}
    assert sorted((widths[name], many) for name, many in tied.items()) == [(24, 2), (32, 3), (64, 4), (96, 3), (160, 3)]
    assert not any(spaces.labels.fixed[space.labels].any() for space in spaces.by_name.values())


def test_squeezing_follows_by_the_papers_rule() -> None:
    spaces = Spaces(find("mobilenet_v3_large"))
    squeezed = next(space for space in spaces.by_name.values() if space.follows is not None)
    assert (squeezed.name, squeezed.follows, squeezed.width) == ("4.squeeze_excite.squeeze", "4.expand", 24)
    assert spaces.followers({"4.expand": 32}) == {"4.squeeze_excite.squeeze": 8}
    assert spaces.followers({"5.project": 8}) == {}


def test_squeezing_with_a_width_of_its_own_keeps_its_share() -> None:
    architecture = made_of(ConvBNAct(out_channels=8), InvertedResidual(out_channels=8, expanded=16, squeeze=6))
    assert Spaces(architecture).followers({"1.expand": 8}) == {"1.squeeze_excite.squeeze": 3}


def test_channels_that_are_added_are_one() -> None:
    architecture = made_of(ConvBNAct(out_channels=8), BasicBlock(inner=4, out_channels=8))
    spaces = Spaces(architecture)
    graph = architecture.graph
    assert [graph.nodes[index].name for index in spaces["0.conv"].producers] == ["0.conv.conv", "1.second.conv"]


def test_the_lowest_go_first_and_of_equals_the_first() -> None:
    spaces = Spaces(made_of(ConvBNAct(out_channels=4)))
    order = np.zeros(len(spaces.labels.fixed))
    space = spaces["0.conv"]
    order[space.labels] = [2.0, 1.0, 1.0, 3.0]
    assert chosen(spaces, {"0.conv": 3}, order)[space.labels].tolist() == [True, False, True, True]
    assert chosen(spaces, {"0.conv": 2}, order)[space.labels].tolist() == [True, False, False, True]


def test_groups_lose_the_same_number_at_the_least_cost() -> None:
    spaces = Spaces(made_of(ConvBNAct(out_channels=6), ConvBNAct(out_channels=6, groups=2)))
    order = np.ones(len(spaces.labels.fixed))
    space = spaces["0.conv"]
    order[space.labels] = [0.1, 0.2, 0.3, 0.9, 0.8, 0.7]
    assert chosen(spaces, {"0.conv": 4}, order)[space.labels].tolist() == [False, True, True, True, True, False]


def test_widths_that_cannot_be_are_told() -> None:
    spaces = Spaces(made_of(ConvBNAct(out_channels=6), ConvBNAct(out_channels=6, groups=2)))
    order = np.ones(len(spaces.labels.fixed))
    with pytest.raises(EdgewiseError, match=r"no choice of channels leaves the groups .* equal with 0.conv 5"):
        chosen(spaces, {"0.conv": 5}, order)
    with pytest.raises(EdgewiseError, match=r"0.conv has 6 channels; .* 1 to that many, not 7"):
        chosen(spaces, {"0.conv": 7}, order)
    with pytest.raises(EdgewiseError, match=r"tiny has no channels 9.conv that could be fewer; it has 0.conv, 1.conv"):
        chosen(spaces, {"9.conv": 1}, order)


def test_neighbours_that_are_normalised_together_stay() -> None:
    architecture = find("alexnet")
    labels = channel_labels(architecture.graph)
    first = architecture.graph.index("0.conv.conv")
    assert labels.fixed[labels.axes[first]].all()


def test_scores_by_hand() -> None:
    architecture = made_of(ConvBNAct(out_channels=4), BasicBlock(inner=4, out_channels=4))
    tensors = tensors_for(architecture)
    spaces = Spaces(architecture)
    tied = spaces["0.conv"].labels
    first, second = (tensors[f"{name}.conv.weight"].reshape(4, -1) for name in ("0.conv", "1.second"))
    expected = np.sqrt((first**2).sum(1) + (second**2).sum(1))
    assert scores.magnitude(spaces.labels, tensors)[tied] == pytest.approx(expected)
    scales = np.abs(tensors["0.conv.norm.weight"]) + np.abs(tensors["1.second.norm.weight"])
    assert scores.norm_scale(spaces.labels, tensors)[tied] == pytest.approx(scales / 2)
