"""Width multipliers round as each paper's released code does."""

from __future__ import annotations

import pytest

from edgewise.blocks import Classifier, ConvBNAct, DepthwiseSeparable, InvertedResidual, WidthRule
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture, find
from edgewise.papers.mobilenet_v1 import mobilenet_v1
from edgewise.papers.mobilenet_v2 import mobilenet_v2
from edgewise.papers.mobilenet_v3 import mobilenet_v3_large, mobilenet_v3_small
from edgewise.papers.resnet import resnet
from edgewise.papers.shufflenet_v2 import shufflenet_v2

WIDTHS = (32, 16, 24, 32, 64, 96, 160, 320)


@pytest.mark.parametrize(
    ("multiplier", "expected"),
    [
        (0.35, (16, 8, 8, 16, 24, 32, 56, 112)),
        (0.5, (16, 8, 16, 16, 32, 48, 80, 160)),
        (0.75, (24, 16, 24, 24, 48, 72, 120, 240)),
        (1.3, (40, 24, 32, 40, 80, 128, 208, 416)),
        (1.4, (48, 24, 32, 48, 88, 136, 224, 448)),
    ],
)
def test_make_divisible(multiplier: float, expected: tuple[int, ...]) -> None:
    """The widths of MobileNetV2's released checkpoints (slim)."""
    assert tuple(WidthRule().round(width * multiplier) for width in WIDTHS) == expected


def test_rounding_never_loses_more_than_a_tenth() -> None:
    assert [WidthRule().round(width) for width in (12, 18, 33.6, 3)] == [16, 24, 32, 8]
    assert all(WidthRule().round(width) >= 0.9 * width for width in range(1, 500))


def test_mobilenet_v1_truncates_and_keeps_eight() -> None:
    assert [WidthRule(divisor=1, floor=True).round(width) for width in (24.9, 7.2, 100)] == [24, 8, 100]
    rows = mobilenet_v1(0.33).rows
    widths = [row.out_channels for row in rows if isinstance(row, ConvBNAct | DepthwiseSeparable)]
    assert widths[:5] == [10, 21, 42, 42, 84]
    assert mobilenet_v1(0.1).graph.nodes[1].shape[0] == 8


@pytest.mark.parametrize(("multiplier", "last"), [(0.35, 1280), (1.0, 1280), (1.3, 1664), (1.4, 1792)])
def test_mobilenet_v2_keeps_its_last_convolution_below_one(multiplier: float, last: int) -> None:
    row = mobilenet_v2(multiplier).rows[-2]
    assert isinstance(row, ConvBNAct)
    assert row.out_channels == last


def _pairs(architecture: Architecture) -> list[tuple[int, int]]:
    """Expanded width (the input's where there is no expansion) and result of every block."""
    pairs: list[tuple[int, int]] = []
    for index, row in enumerate(architecture.rows):
        if isinstance(row, InvertedResidual):
            entering = architecture.graph.nodes[architecture.graph.index(str(index - 1))].shape[0]
            pairs.append((row.expanded or entering, row.out_channels))
    return pairs


def test_mobilenet_v3_keeps_the_ratio_of_expansions() -> None:
    """slim's blocks of Large 0.75 and Small 0.75."""
    large = [(16, 16), (64, 24), (72, 24), (72, 32), (96, 32), (96, 32), (192, 64), (160, 64), (144, 64), (144, 64)]
    large += [(384, 88), (528, 88), (528, 120), (720, 120), (720, 120)]
    small = [(16, 16), (72, 24), (88, 24), (96, 32), (192, 32), (192, 32), (96, 40), (120, 40), (240, 72)]
    small += [(432, 72), (432, 72)]
    assert _pairs(mobilenet_v3_large(0.75)) == large
    assert _pairs(mobilenet_v3_small(0.75)) == small
    conv = mobilenet_v3_large(0.75).rows[-2]
    assert isinstance(conv, ConvBNAct)
    assert conv.out_channels == 720


@pytest.mark.parametrize(
    ("architecture", "hidden"),
    [
        (mobilenet_v3_large(1.25), 1280),
        (mobilenet_v3_large(0.5), 1280),
        (mobilenet_v3_small(1.25), 1280),
        (mobilenet_v3_small(0.5), 1024),
    ],
    ids=str,
)
def test_mobilenet_v3_hidden_layer(architecture: Architecture, hidden: int) -> None:
    last = architecture.rows[-1]
    assert isinstance(last, Classifier)
    assert last.hidden == hidden


def test_squeezed_widths_are_a_quarter_of_the_expanded() -> None:
    for name in ("mobilenet_v3_large", "mobilenet_v3_small"):
        original = find(name)
        for architecture in (original, original.scaled(0.6), original.scaled(1.7)):
            for row, (expanded, _) in zip(architecture.rows[1:-2], _pairs(architecture), strict=True):
                assert isinstance(row, InvertedResidual)
                assert row.squeeze in (0, WidthRule().round(expanded / 4))


@pytest.mark.parametrize("width", [0.3, 0.62, 0.905, 1.1, 1.73])
@pytest.mark.parametrize("name", ["resnet18", "resnet50", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small"])
def test_any_width_fits_together(name: str, width: float) -> None:
    architecture = find(name).scaled(width)
    assert architecture.graph.nodes[-1].shape == (1000,)
    assert architecture.name == f"{name}_{width:g}"
    if not name.startswith("mobilenet_v1"):
        assert all(node.shape[0] % 8 == 0 for node in architecture.graph.nodes[1:-1] if len(node.shape) == 3)


@pytest.mark.parametrize("width", [0.3, 0.62, 0.905, 1.1, 1.73])
def test_shufflenet_v2_at_any_width(width: float) -> None:
    for down in ("authors", "torchvision"):
        assert shufflenet_v2(width, down=down).graph.nodes[-1].shape == (1000,)


def test_width_one_is_the_network_itself() -> None:
    original = find("mobilenet_v2")
    assert original.scaled(1) is original


@pytest.mark.parametrize("width", [0, -1, 17, float("nan"), float("inf")])
def test_senseless_multiplier_is_a_sentence(width: float) -> None:
    with pytest.raises(EdgewiseError, match="makes no sense"):
        find("mobilenet_v2").scaled(width)


def test_unknown_depth_is_a_sentence() -> None:
    with pytest.raises(EdgewiseError, match=r"no ResNet-51.*18, 34, 50, 101, 152"):
        resnet(51)
