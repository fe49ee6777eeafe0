"""Variants for which nobody prints a count differ from those that have one in what their papers say, and in no more."""

from __future__ import annotations

import pytest
from ablations import ABLATIONS

from edgewise.blocks import InvertedResidual, XceptionModule
from edgewise.costs import Costs, count
from edgewise.graph.ops import Activation, Shuffle
from edgewise.papers import Architecture, find
from edgewise.papers.shufflenet_v1 import shufflenet_v1


def pairs(how: str) -> list[tuple[str, str]]:
    return [(name, base) for name, (base, what) in ABLATIONS.items() if what == how]


def without_last(costs: Costs) -> int:
    return costs.multiply_adds - costs.by_kind()["linear"].multiply_adds


def hard_swishes(architecture: Architecture) -> int:
    ops = [node.op for node in architecture.graph.nodes]
    return sum(isinstance(op, Activation) and op.kind == "hard_swish" for op in ops)


@pytest.mark.parametrize(("name", "base"), pairs("same"))
def test_the_counts_are_those_of_the_base(name: str, base: str) -> None:
    changed, original = count(find(name)), count(find(base))
    assert changed.multiply_adds == original.multiply_adds
    assert changed.parameters == original.parameters
    assert find(name).digest != find(base).digest


@pytest.mark.parametrize(("name", "base"), pairs("other groups"))
def test_other_groups_at_one_scale_cost_about_the_same(name: str, base: str) -> None:
    """Zhang et al. 2017, Table 1: 143, 140, 137, 133 and 137 million, at most 4.4% from those of three groups."""
    changed, original = count(find(name)).multiply_adds, count(find(base)).multiply_adds
    assert 0 < abs(changed / original - 1) < 0.06
    at_one = [count(find(network.rsplit("_", 1)[0])).multiply_adds for network in (name, base)]
    assert (changed > original) == (at_one[0] > at_one[1])


def test_shufflenets_without_shuffle_have_none() -> None:
    for name in (name for name in ABLATIONS if name.endswith("_no_shuffle")):
        shuffles = [
            sum(isinstance(node.op, Shuffle) for node in find(network).graph.nodes)
            for network in (name, name.removesuffix("_no_shuffle"))
        ]
        assert shuffles == [0, 16]


@pytest.mark.parametrize("groups", [2, 3, 4, 8])
def test_shufflenets_very_first_convolution_is_not_grouped(groups: int) -> None:
    """Zhang et al. 2017, section 3.2. Grouped, it would miss every number of Table 1, which counts no last layer."""
    printed = {2: 140, 3: 137, 4: 133, 8: 137}[groups]
    architecture = shufflenet_v1(groups)
    counted = without_last(count(architecture)) / 1e6
    assert abs(counted - printed) <= 0.5
    graph = architecture.graph
    first = graph.nodes[graph.index("2.compress.conv")]
    dense = first.shape[0] * 24 * first.shape[1] * first.shape[2]
    assert printed - (counted - dense * (1 - 1 / groups) / 1e6) > 0.9


def test_xception_without_residuals_lacks_the_projections() -> None:
    """Chollet 2016, Figure 9. Where the shape stays, a residual costs nothing."""
    plain, original = count(find("xception_plain")), count(find("xception"))
    projections = [
        cost
        for node, cost in zip(original.graph.nodes, original.per_op, strict=True)
        if node.name.split(".")[1:2] == ["shortcut"]
    ]
    assert sum(cost.multiply_adds > 0 for cost in projections) == 4
    assert original.multiply_adds - plain.multiply_adds == sum(cost.multiply_adds for cost in projections)
    assert original.parameters - plain.parameters == sum(cost.parameters for cost in projections)


@pytest.mark.parametrize("between", ["relu", "elu"])
def test_xceptions_intermediate_activation_is_in_every_module(between: str) -> None:
    modules = [row for row in find(f"xception_{between}").rows if isinstance(row, XceptionModule)]
    assert len(modules) == 13
    assert {row.between for row in modules} == {between}


def test_mobilenet_v3_has_h_swish_from_so_many_channels_on() -> None:
    """Howard et al. 2019, Table 5: the network itself is @80."""

    def kinds(name: str) -> set[tuple[bool, str]]:
        rows = [row for row in find(name).rows if isinstance(row, InvertedResidual)]
        return {(row.out_channels >= threshold, row.activation) for row in rows}

    for name, threshold in (("", 80), ("_hswish16", 16), ("_hswish112", 112)):
        expected = {(True, "hard_swish")} | ({(False, "relu")} if threshold > 16 else set())
        assert kinds("mobilenet_v3_large" + name) == expected
    ends = [hard_swishes(find("mobilenet_v3_large" + name)) for name in ("_relu", "_hswish112", "", "_hswish16")]
    assert ends[0] == 0
    assert ends == sorted(set(ends))


def test_mobilenet_v3_stem_saves_what_the_paper_says() -> None:
    """Howard et al. 2019, section 5.1: 16 filters in place of 32 save 10 million, half of it in the stem itself."""
    wide, original = count(find("mobilenet_v3_large_stem32")), count(find("mobilenet_v3_large"))
    saved = wide.multiply_adds - original.multiply_adds
    assert round(saved / 1e6, 1) == 10.4
    in_stem = wide.by_row()[0].multiply_adds - original.by_row()[0].multiply_adds
    assert round(in_stem / 1e6, 1) == 5.4


def test_mobilenet_v3_efficient_last_stage_saves_what_the_paper_says() -> None:
    """Howard et al. 2019, Figure 5 and section 5.1: the original last stage costs 30 million more (counted: 34.3)."""
    old, original = count(find("mobilenet_v3_large_original_last_stage")), count(find("mobilenet_v3_large"))
    assert round((old.multiply_adds - original.multiply_adds) / 1e6, 1) == 34.3
    graph = old.graph
    # All of it is on the last map, 7×7 cells: 160 → 960, depthwise, 960 → 320 → 1280.
    shapes = [graph.nodes[graph.index(name)].shape for name in ("16.expand", "16.depthwise", "16", "17")]
    assert shapes == [(960, 7, 7), (960, 7, 7), (320, 7, 7), (1280, 7, 7)]


def test_fd_mobilenet_works_little_on_large_maps() -> None:
    """Qin et al. 2018, section 2.3: 59 million multiply-adds on the four largest resolutions, 129 in MobileNet 0.5×."""
    for name, printed in (("fd_mobilenet", 58.7), ("mobilenet_v1_0.5", 129.4)):
        costs = count(find(name))
        on_large = sum(
            cost.multiply_adds
            for node, cost in zip(costs.graph.nodes, costs.per_op, strict=True)
            if len(node.shape) == 3 and node.shape[1] >= 14
        )
        assert round(on_large / 1e6, 1) == printed


def test_shufflenet_v2_halves_give_other_multiply_adds_than_the_paper() -> None:
    """Only the authors' downsampling unit gives the paper's 146, 299 and 591 million."""
    for width in ("", "_1.5", "_2"):
        ours, halves = (count(find(f"shufflenet_v2{width}{down}")).multiply_adds for down in ("", "_torchvision"))
        assert 0.5e6 < ours - halves < 10e6


def test_squeeze_and_excitation_adds_what_senet_says() -> None:
    """Hu et al. 2017, section 4: about 10% more parameters and hardly any multiply-adds."""
    plain, gated = count(find("resnet50")), count(find("se_resnet50"))
    assert gated.parameters / plain.parameters == pytest.approx(1.1, abs=0.005)
    assert 1 < gated.multiply_adds / plain.multiply_adds < 1.001
