"""Every variant of the zoo against the numbers its paper prints.

`published.json` holds the numbers as printed, with their source and their precision. A printed number that no
definition gives is named there with the reason; its entry holds the count, and the test fails when the two agree.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from ablations import ABLATIONS

from edgewise.blocks import Classifier, ConvBNAct, DepthwiseSeparable
from edgewise.costs import OpCost, count
from edgewise.papers import Architecture, find, names
from edgewise.papers.senet import se_resnet
from edgewise.papers.shufflenet_v1 import shufflenet_v1

DATA = json.loads(Path(__file__).with_name("published.json").read_text("utf-8"))
PUBLISHED: list[dict[str, Any]] = DATA["entries"]

ROUNDING = {"nearest": ROUND_HALF_UP, "down": ROUND_FLOOR, "up": ROUND_CEILING}

# torchvision's and timm's networks, counted there: parameters and multiply-adds in millions, to the digits given.
RELEASED = {
    "alexnet_one_tower": ("61.1008", "714.188"),
    "vgg11_bn": ("132.8688", "7609.09"),
    "vgg13_bn": ("133.0537", "11308.47"),
    "vgg19_bn": ("143.6782", "19632.06"),
    "googlenet_bn": ("6.6249", "1498.376"),
    "inception_v3": ("23.8346", "5713.216"),
    "squeezenet1_0": ("1.2484", "818.925"),
    "squeezenet1_1": ("1.2355", "349.152"),
    "xception": ("22.8560", "8357.4"),
    "resnet18": ("11.690", "1814.1"),
    "resnet34": ("21.798", "3663.8"),
    "resnet50_v1_5": ("25.557", "4089.2"),
    "resnet101_v1_5": ("44.549", "7801.4"),
    "resnet152_v1_5": ("60.193", "11513.6"),
    "resnext50_32x4d": ("25.029", "4230.5"),
    "resnext101_32x4d": ("44.178", "7970.0"),
    "resnext101_32x8d": ("88.791", "16414.0"),
    "resnext101_64x4d": ("83.455", "15460.3"),
    "se_resnet50": ("28.088", "3860.5"),
    "se_resnet101": ("49.327", "7574.9"),
    "se_resnet152": ("66.822", "11289.0"),
    "se_resnext50_32x4d": ("27.560", "4233.0"),
    "se_resnext101_32x4d": ("48.955", "7974.7"),
    "senet154": ("115.089", "20688.4"),
    "mobilenet_v2": ("3.5049", "300.77"),
    "shufflenet_v2_0.5_torchvision": ("1.3668", "40.476"),
    "shufflenet_v2_torchvision": ("2.2786", "144.908"),
    "shufflenet_v2_1.5_torchvision": ("3.5036", "295.759"),
    "shufflenet_v2_2_torchvision": ("7.3940", "583.253"),
    "mnasnet_b1_0.5": ("2.2185", "104.456"),
    "mnasnet_b1_0.75": ("3.1702", "215.493"),
    "mnasnet_b1": ("4.3833", "314.416"),
    "mnasnet_b1_1.3": ("6.2823", "526.362"),
    "mnasnet_small": ("2.0303", "68.339"),
    "mobilenet_v3_large": ("5.4830", "216.59"),
    "mobilenet_v3_small": ("2.5429", "56.51"),
}


def counted(entry: dict[str, Any]) -> int:
    """The count that the entry's number is about."""
    costs = count(meant(entry).with_input(entry["input"], smallest_map=1))
    kinds = costs.by_kind()
    value: int = getattr(costs, entry["quantity"])
    if not entry.get("batch_norm", True):
        value -= kinds["batch norm"].parameters
    if not entry.get("bias", True):
        value -= 1000
    if not entry.get("linear", True):
        value -= kinds["linear"].multiply_adds
    value += sum(kinds[kind].elements for kind in entry.get("elements", ()))
    return value * entry.get("times", 1)


def meant(entry: dict[str, Any]) -> Architecture:
    """The network that the entry's number is about: the zoo's, or that with one number changed."""
    architecture = find(entry["model"])
    if "hidden" in entry:
        last = architecture.rows[-1]
        assert isinstance(last, Classifier)
        return replace(architecture, rows=(*architecture.rows[:-1], replace(last, hidden=entry["hidden"])))
    if "stem" in entry:
        assert entry["model"] == "shufflenet_v1_g8_0.5"
        return shufflenet_v1(8, 0.5, stem=entry["stem"])
    if "reduction" in entry:
        assert entry["model"] == "se_resnet50"
        return se_resnet(50, reduction=entry["reduction"])
    return architecture


def rounded(value: int, printed: str, rounding: str) -> Decimal:
    """`value` in millions, to the digits of `printed`."""
    step = Decimal(1).scaleb(int(Decimal(printed).as_tuple().exponent))
    return (Decimal(value) / 10**6).quantize(step, rounding=ROUNDING[rounding])


def _name(entry: dict[str, Any]) -> str:
    return "-".join(str(entry[key]) for key in ("model", "input", "quantity", "printed"))


@pytest.mark.parametrize("entry", [e for e in PUBLISHED if "differs" not in e], ids=_name)
def test_count_is_the_printed_number(entry: dict[str, Any]) -> None:
    assert rounded(counted(entry), entry["printed"], entry["rounding"]) == Decimal(entry["printed"]), entry["source"]


@pytest.mark.parametrize("entry", [e for e in PUBLISHED if "differs" in e], ids=_name)
def test_named_misprint_is_one(entry: dict[str, Any]) -> None:
    value = counted(entry)
    assert value == entry["computed"]
    assert len(entry["differs"]) > 20
    for rounding in ROUNDING:
        assert rounded(value, entry["printed"], rounding) != Decimal(entry["printed"])


@pytest.mark.parametrize("name", RELEASED)
def test_count_is_that_of_the_released_implementation(name: str) -> None:
    costs = count(find(name))
    for value, printed in zip((costs.parameters, costs.multiply_adds), RELEASED[name], strict=True):
        assert rounded(value, printed, "nearest") == Decimal(printed)


def test_every_variant_is_held_against_a_number() -> None:
    """Printed, or a released implementation's; the rest differ from such a one in what `ABLATIONS` says."""
    held = {entry["model"] for entry in PUBLISHED} | set(RELEASED)
    assert set(names()) - held == set(ABLATIONS)
    assert {base for base, _ in ABLATIONS.values()} <= held


def test_every_entry_names_its_source_and_every_row_left_out_its_reason() -> None:
    assert all(len(entry["source"]) > 20 for entry in PUBLISHED)
    for row in DATA["not_built"]:
        assert set(row) == {"network", "printed", "source", "reason"}
        assert "million" in row["printed"]
        assert min(len(row["source"]), len(row["reason"])) > 20


# Howard et al. 2017 (MobileNets), Table 2: shares of multiply-adds and of parameters, in percent.
TABLE_2 = {
    "pointwise": (94.86, 74.59),
    "depthwise 3×3": (3.06, 1.06),
    "conv 3×3": (1.19, 0.02),
    "linear": (0.18, 24.33),
}


def test_mobilenet_v1_shares_by_kind_of_layer() -> None:
    costs = count(find("mobilenet_v1"))
    kinds = costs.by_kind()
    bias = 1000  # the table counts weights: neither batch norm nor the classifier's bias
    parameters = costs.parameters - kinds["batch norm"].parameters - bias
    for kind, (multiply_adds_share, parameters_share) in TABLE_2.items():
        weights = kinds[kind].parameters - (bias if kind == "linear" else 0)
        assert round(100 * weights / parameters, 2) == parameters_share, kind
        share = round(100 * kinds[kind].multiply_adds / costs.multiply_adds, 2)
        if kind == "conv 3×3":  # misprint: the printed column adds up to 99.29%
            assert share == 1.91 != multiply_adds_share
        else:
            assert share == multiply_adds_share, kind
    assert sum(share for share, _ in TABLE_2.values()) == pytest.approx(99.29)


def _layer(row: ConvBNAct | DepthwiseSeparable, channels: int, size: int) -> OpCost:
    costs = count(Architecture(name="layer", rows=(row,), input=(channels, size, size)))
    norm = costs.by_kind()["batch norm"].parameters
    return costs.total._replace(parameters=costs.parameters - norm)


@pytest.mark.parametrize(
    ("row", "channels", "size", "printed"),
    [
        (ConvBNAct(out_channels=512), 512, 14, (462, 2.36)),
        (DepthwiseSeparable(out_channels=512), 512, 14, (52.3, 0.27)),
        (DepthwiseSeparable(out_channels=384), 384, 14, (29.6, 0.15)),
        (DepthwiseSeparable(out_channels=384), 384, 10, (15.1, 0.15)),
    ],
    ids=["convolution", "depthwise separable", "width 0.75", "resolution 0.714"],
)
def test_mobilenet_v1_single_layer(
    row: ConvBNAct | DepthwiseSeparable, channels: int, size: int, printed: tuple[float, float]
) -> None:
    """Howard et al. 2017, Table 3: a layer of 512 channels at 14×14, in millions."""
    cost = _layer(row, channels, size)
    digits = 1 if isinstance(printed[0], float) else 0
    assert round(cost.multiply_adds / 1e6, digits) == printed[0]
    assert round(cost.parameters / 1e6, 2) == printed[1]
