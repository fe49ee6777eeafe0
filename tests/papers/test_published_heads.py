"""Counts of detectors and segmentation networks against the numbers that their papers print.

MobileNetV3's Table 6 counts parameters without batch norm's, for COCO's 90 class numbers and the background; the
others count all. Where ours and the printed number differ, the reason stands beside it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.graph.ops import BatchNorm
from edgewise.papers import Architecture, find
from edgewise.papers.lr_aspp import lr_aspp, r_aspp
from edgewise.papers.ssdlite import ssdlite

LARGE, SMALL, V2, V1 = (
    find(name) for name in ("mobilenet_v3_large", "mobilenet_v3_small", "mobilenet_v2", "mobilenet_v1")
)


def millions(architecture: Architecture, *, norms: bool = True) -> tuple[float, float]:
    """Parameters and multiply-adds."""
    costs = count(architecture)
    left_out = sum(2 * node.shape[0] for node in architecture.graph.nodes if isinstance(node.op, BatchNorm))
    return (costs.parameters - (0 if norms else left_out)) / 1e6, costs.multiply_adds / 1e6


def narrower(width: float) -> Architecture:
    """SSDLite on a narrower V2, whose last convolution and extras are narrower too in these configurations."""
    return ssdlite(replace(V2, widths=replace(V2.widths, head="scale"))).scaled(width)


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds"),
    [
        ("mobilenet_v3_large", 4.97, 620),
        ("mobilenet_v3_large_halved", 3.22, 510),
        ("mobilenet_v3_small", 2.49, 210),
        ("mobilenet_v3_small_halved", 1.77, 160),
        ("mnasnet_a1", 4.88, 840),
    ],
)
def test_mobilenet_v3s_table_6(name: str, parameters: float, multiply_adds: float) -> None:
    ours = millions(find(f"ssdlite_{name}"), norms=False)
    assert ours[0] == pytest.approx(parameters, abs=0.02)  # MnasNet: 4.862 for the 4.88 printed
    assert ours[1] == pytest.approx(multiply_adds, abs=7)


@pytest.mark.parametrize(("width", "parameters", "multiply_adds"), [(0.5, 1.54, 270), (0.35, 0.93, 160)])
def test_mobilenet_v3s_table_6_for_narrow_v2(width: float, parameters: float, multiply_adds: float) -> None:
    ours = millions(narrower(width), norms=False)
    assert ours[0] == pytest.approx(parameters, abs=0.005)
    assert ours[1] == pytest.approx(multiply_adds, abs=7)


def test_mobilenet_v2s_table_6() -> None:
    """For 80 classes; of V1 the printed 5.1M are without batch norm's, of V2 the 4.3M with them."""
    assert millions(ssdlite(V2, 80)) == (pytest.approx(4.3, abs=0.05), pytest.approx(800, abs=12))
    assert millions(ssdlite(V1, 80), norms=False) == (pytest.approx(5.1, abs=0.05), pytest.approx(1300, abs=10))


@pytest.mark.parametrize(
    ("form", "parameters", "multiply_adds"),
    # The paper prints 0.35B for SSDLite, twice its multiply-adds; the three other numbers are single.
    [("ssd", 14.8, 1250), ("ssdlite", 2.1, 350 / 2)],
)
def test_mobilenet_v2s_table_5(form: str, parameters: float, multiply_adds: float) -> None:
    """The head alone, for 80 classes."""
    assert form in ("ssd", "ssdlite")
    whole = ssdlite(V2, 80, form=form)
    body = replace(whole, rows=whole.rows[:-1])
    ours = [all_of_it - of_body for all_of_it, of_body in zip(millions(whole), millions(body), strict=True)]
    assert ours == [pytest.approx(parameters, rel=0.01), pytest.approx(multiply_adds, rel=0.02)]


# The authors count the products of h-swish and of squeeze-and-excitation, which ours are not multiply-adds of a layer:
# their numbers are 2 to 4% above ours for V3, and 0.5% for V2, 2% for its narrowest.
@pytest.mark.parametrize(
    ("architecture", "parameters", "billions", "below"),
    [
        (r_aspp(V2), 2.11, 21.29, 0.005),
        (r_aspp(V2, rf2=True), 1.15, 13.68, 0.005),
        (lr_aspp(V2, rf2=True, filters=256), 1.02, 12.83, 0.005),
        (lr_aspp(V2, rf2=True), 0.98, 12.57, 0.005),
        (r_aspp(LARGE), 3.60, 18.43, 0.02),
        (r_aspp(LARGE, rf2=True), 1.76, 11.24, 0.02),
        (lr_aspp(LARGE, rf2=True, filters=256), 1.63, 10.33, 0.022),
        (lr_aspp(LARGE, rf2=True), 1.51, 9.74, 0.022),
        (lr_aspp(V2, rf2=True).scaled(0.5), 0.28, 4.00, 0.011),
        (lr_aspp(V2, rf2=True).scaled(0.35), 0.16, 2.54, 0.018),
        (lr_aspp(SMALL, rf2=True), 0.47, 2.90, 0.042),
    ],
    ids=lambda value: value.name if isinstance(value, Architecture) else None,
)
def test_mobilenet_v3s_table_7(architecture: Architecture, parameters: float, billions: float, below: float) -> None:
    ours = millions(architecture)
    assert ours[0] == pytest.approx(parameters, abs=0.012)
    assert (1 - below) * billions <= ours[1] / 1000 <= billions


@pytest.mark.parametrize(
    ("base", "output_stride", "billions", "of_half"),
    [(LARGE, 16, 9.74, 2.48), (LARGE, 32, 7.74, 1.98), (SMALL, 16, 2.90, 0.74), (SMALL, 32, 2.06, 0.53)],
    ids=lambda value: value.name if isinstance(value, Architecture) else None,
)
def test_mobilenet_v3s_table_8(base: Architecture, output_stride: int, billions: float, of_half: float) -> None:
    whole = lr_aspp(base, rf2=True, output_stride=output_stride)
    half = lr_aspp(base, rf2=True, output_stride=output_stride, height=513, width=1025)
    # As in Table 7; at half the size V3-Small is 6% below, where products weigh more.
    assert 0.95 * billions <= millions(whole)[1] / 1000 <= billions
    assert 0.94 * of_half <= millions(half)[1] / 1000 <= of_half


@pytest.mark.parametrize(
    ("name", "parameters", "billions"),
    [
        ("ssd300_vgg16", 35641826, 34.858),
        ("ssdlite_mobilenet_v3_large_torchvision", 3440060, 0.583),
        ("lr_aspp_mobilenet_v3_large_torchvision", 3221538, 2.086),
    ],
)
def test_torchvisions_own_counts(name: str, parameters: int, billions: float) -> None:
    """As its registry has them; DeepLabV3's there are with an auxiliary head."""
    costs = count(find(name))
    assert costs.parameters == parameters
    assert costs.multiply_adds / 1e9 == pytest.approx(billions, abs=0.0006)


def test_detectors_keep_their_strides() -> None:
    """Anchors are made for the maps of these strides, so a smaller image gives smaller maps or none."""
    whole, half = find("ssdlite_mobilenet_v2"), find("ssdlite_mobilenet_v2").with_input(160)
    assert whole.rows == half.rows
    assert half.lowered == ()
    with pytest.raises(EdgewiseError, match="images of 64×64 pixels are too small for ssd300_vgg16; resize them to"):
        find("ssd300_vgg16").with_input(64)
