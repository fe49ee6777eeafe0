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

from edgewise.blocks import Classifier, ConvBNAct, DepthwiseSeparable, InvertedResidual
from edgewise.costs import OpCost, count
from edgewise.papers import Architecture, find, names

PUBLISHED: list[dict[str, Any]] = json.loads(Path(__file__).with_name("published.json").read_text("utf-8"))["entries"]

ROUNDING = {"nearest": ROUND_HALF_UP, "down": ROUND_FLOOR, "up": ROUND_CEILING}

# torchvision's networks, counted there: parameters and multiply-adds in millions, to the digits given.
RELEASED = {
    "resnet50_v1_5": ("25.557", "4089.2"),
    "resnet101_v1_5": ("44.549", "7801.4"),
    "resnet152_v1_5": ("60.193", "11513.6"),
    "mobilenet_v2": ("3.5049", "300.77"),
    "shufflenet_v2_0.5_torchvision": ("1.3668", "40.476"),
    "shufflenet_v2_torchvision": ("2.2786", "144.908"),
    "shufflenet_v2_1.5_torchvision": ("3.5036", "295.759"),
    "shufflenet_v2_2_torchvision": ("7.3940", "583.253"),
    "mobilenet_v3_large": ("5.4830", "216.59"),
    "mobilenet_v3_small": ("2.5429", "56.51"),
}


def counted(entry: dict[str, Any]) -> int:
    """The count that the entry's number is about."""
    architecture = find(entry["model"])
    if "hidden" in entry:
        last = architecture.rows[-1]
        assert isinstance(last, Classifier)
        architecture = replace(architecture, rows=(*architecture.rows[:-1], replace(last, hidden=entry["hidden"])))
    costs = count(architecture.with_input(entry["input"], smallest_map=1))
    value = getattr(costs, entry["quantity"])
    return value if entry.get("batch_norm", True) else value - costs.by_kind()["batch norm"].parameters


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
    assert set(names()) - {entry["model"] for entry in PUBLISHED} - set(RELEASED) == set()


def test_every_entry_names_its_source() -> None:
    assert all(len(entry["source"]) > 20 for entry in PUBLISHED)


def test_shufflenet_v2_halves_give_other_multiply_adds_than_the_paper() -> None:
    """Only the authors' downsampling unit gives the paper's 146, 299 and 591 million."""
    for width in ("", "_1.5", "_2"):
        ours, halves = (count(find(f"shufflenet_v2{width}{down}")).multiply_adds for down in ("", "_torchvision"))
        assert 0.5e6 < ours - halves < 10e6


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


def test_mobilenet_v3_efficient_last_stage_saves_what_the_paper_says() -> None:
    """Howard et al. 2019, Figure 5 and section 5.1: the original last stage costs 30 million more (counted: 34.3)."""
    large = find("mobilenet_v3_large")
    original = (
        *large.rows[:16],
        InvertedResidual(expanded=960, out_channels=320, activation="hard_swish"),
        ConvBNAct(out_channels=1280, kernel=1, activation="hard_swish"),
        Classifier(classes=1000),
    )
    saved = count(replace(large, rows=original)).multiply_adds - count(large).multiply_adds
    assert 30e6 < saved < 35e6
