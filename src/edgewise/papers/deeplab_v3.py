"""DeepLabV3: Rethinking Atrous Convolution for Semantic Image Segmentation (Chen et al., 2017)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from edgewise.blocks import ASPP
from edgewise.papers.architecture import Architecture
from edgewise.papers.backbone import body, with_output_stride
from edgewise.papers.family import Family
from edgewise.papers.mobilenet_v2 import mobilenet_v2
from edgewise.papers.mobilenet_v3 import mobilenet_v3_large
from edgewise.papers.resnet import resnet

SIZE = 513
CLASSES = 21
"""Pascal VOC's, with the background."""


def deeplab_v3(
    base: Architecture,
    classes: int = CLASSES,
    *,
    output_stride: int = 16,
    height: int = SIZE,
    width: int = SIZE,
) -> Architecture:
    """Section 3.3 on the body of any classifier. Raises `EdgewiseError` where it cannot keep the output stride."""
    features = with_output_stride(body(base.with_input(height, width, smallest_map=1)), output_stride)
    rates = tuple(rate * 16 // output_stride for rate in ASPP(classes=classes).rates)
    head = ASPP(classes=classes, rates=rates)
    return replace(features, name=f"deeplab_v3_{base.name}", rows=(*features.rows, head))


def torchvisions() -> Architecture:
    """torchvision's `deeplabv3_mobilenet_v3_large`: dilation a row earlier, twice the rates, a 3×3 convolution before
    the class scores, and torch's own eps in the head."""
    features = with_output_stride(body(mobilenet_v3_large().with_input(520, smallest_map=1)), 16, at_once=True)
    head = ASPP(classes=21, rates=(12, 24, 36), refine=True, dropout=0.5, eps=1e-5)
    return replace(features, name="deeplab_v3_mobilenet_v3_large_torchvision", rows=(*features.rows, head))


FAMILY = Family(
    "deeplab_v3",
    "Chen et al., Rethinking Atrous Convolution for Semantic Image Segmentation, 2017",
    {
        "deeplab_v3_resnet50": partial(deeplab_v3, resnet(50)),
        "deeplab_v3_mobilenet_v2": partial(deeplab_v3, mobilenet_v2()),
        "deeplab_v3_mobilenet_v3_large": partial(deeplab_v3, mobilenet_v3_large()),
        "deeplab_v3_mobilenet_v3_large_torchvision": torchvisions,
    },
    task="segment",
)
