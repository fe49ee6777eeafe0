"""LR-ASPP (Howard et al., Searching for MobileNetV3, 2019, section 6.4) and R-ASPP (MobileNetV2, section 6.3)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from edgewise.blocks import RASPP, LiteRASPP
from edgewise.papers.architecture import Architecture
from edgewise.papers.backbone import body, entering, filtered_at, halved_from, with_output_stride
from edgewise.papers.family import Family
from edgewise.papers.mobilenet_v2 import mobilenet_v2
from edgewise.papers.mobilenet_v3 import mobilenet_v3_large, mobilenet_v3_small

HEIGHT, WIDTH = 1025, 2049
"""Cityscapes' 1024×2048 pixels, and one more so that maps end at the image's edges (the authors' release)."""

CLASSES = 19


def features_of(
    base: Architecture, *, output_stride: int = 16, rf2: bool = False, height: int = HEIGHT, width: int = WIDTH
) -> Architecture:
    """The body of a classifier for segmentation: without the last, wide convolution of MobileNetV2, at the output
    stride, with RF2 half as wide in its last block (section 6.4)."""
    features = body(base.with_input(height, width, smallest_map=1))
    if features.family in ("mobilenet_v2", "mnasnet"):  # the released models read what enters that convolution
        features = replace(features, rows=features.rows[:-1])
    if rf2:
        # MobileNetV2 keeps the first expansion of the block, as the released models have it.
        features = halved_from(features, entering(features, 32), first_expansion=features.family == "mobilenet_v3")
    return with_output_stride(features, output_stride)


def lr_aspp(
    base: Architecture,
    classes: int = CLASSES,
    *,
    filters: int = 128,
    output_stride: int = 16,
    rf2: bool = False,
    height: int = HEIGHT,
    width: int = WIDTH,
) -> Architecture:
    """LR-ASPP on the body of any classifier. Raises `EdgewiseError` where it cannot keep the output stride."""
    features = features_of(base, output_stride=output_stride, rf2=rf2, height=height, width=width)
    head = LiteRASPP(classes=classes, low=filtered_at(features, 8), filters=filters)
    return replace(features, name=_name("lr_aspp", base, rf2), rows=(*features.rows, head))


def r_aspp(
    base: Architecture,
    classes: int = CLASSES,
    *,
    filters: int = 256,
    output_stride: int = 16,
    rf2: bool = False,
    height: int = HEIGHT,
    width: int = WIDTH,
) -> Architecture:
    """R-ASPP on the body of any classifier. Raises `EdgewiseError` where it cannot keep the output stride."""
    features = features_of(base, output_stride=output_stride, rf2=rf2, height=height, width=width)
    head = RASPP(classes=classes, filters=filters)
    return replace(features, name=_name("r_aspp", base, rf2), rows=(*features.rows, head))


def _name(head: str, base: Architecture, rf2: bool) -> str:
    return f"{head}_{base.name}" + ("_rf2" if rf2 else "")


def torchvisions() -> Architecture:
    """torchvision's `lraspp_mobilenet_v3_large`: dilation a row earlier, the low-level features behind the first
    block at stride 8, the gate over the whole map, and torch's own eps in the head."""
    features = with_output_stride(body(mobilenet_v3_large().with_input(520, smallest_map=1)), 16, at_once=True)
    head = LiteRASPP(classes=21, low=str(entering(features, 8)), windowed=False, gate_bias=False, eps=1e-5)
    return replace(features, name="lr_aspp_mobilenet_v3_large_torchvision", rows=(*features.rows, head))


FAMILY = Family(
    "lr_aspp",
    "Howard et al., Searching for MobileNetV3, 2019",
    {
        "lr_aspp_mobilenet_v3_large": partial(lr_aspp, mobilenet_v3_large()),
        "lr_aspp_mobilenet_v3_large_rf2": partial(lr_aspp, mobilenet_v3_large(), rf2=True),
        "lr_aspp_mobilenet_v3_small": partial(lr_aspp, mobilenet_v3_small()),
        "lr_aspp_mobilenet_v3_small_rf2": partial(lr_aspp, mobilenet_v3_small(), rf2=True),
        "lr_aspp_mobilenet_v2_rf2": partial(lr_aspp, mobilenet_v2(), rf2=True),
        "r_aspp_mobilenet_v2": partial(r_aspp, mobilenet_v2()),
        "r_aspp_mobilenet_v2_rf2": partial(r_aspp, mobilenet_v2(), rf2=True),
        "r_aspp_mobilenet_v3_large_rf2": partial(r_aspp, mobilenet_v3_large(), rf2=True),
        "lr_aspp_mobilenet_v3_large_torchvision": torchvisions,
    },
    task="segment",
)
