"""SSDLite: SSD with depthwise separable convolutions (MobileNetV2, section 6.2), on any backbone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import sqrt

from edgewise.blocks import SSD, Anchor, AnchorMap, Extra
from edgewise.blocks.anchors import of_scale, scales_between
from edgewise.blocks.ssd import SSDForm
from edgewise.papers.architecture import Architecture
from edgewise.papers.backbone import body, entering, halved_from, widest_at
from edgewise.papers.family import Build, Family
from edgewise.papers.mnasnet import mnasnet_a1
from edgewise.papers.mobilenet_v1 import mobilenet_v1
from edgewise.papers.mobilenet_v2 import mobilenet_v2
from edgewise.papers.mobilenet_v3 import mobilenet_v3_large, mobilenet_v3_small

SIZE = 320
CLASSES = 90
"""COCO's class numbers go to 90."""

RATIOS = (2.0, 0.5, 3.0, 1 / 3)
SCALES = scales_between(0.2, 0.95, 6)

EXTRAS = tuple(Extra(reduced=width // 2, out_channels=width) for width in (512, 256, 256, 128))


def _anchors(first: tuple[Anchor, ...]) -> tuple[AnchorMap, ...]:
    others = (of_scale(scale, sqrt(scale * beyond), *RATIOS) for scale, beyond in pairwise(SCALES[1:]))
    return (AnchorMap(first), *map(AnchorMap, others))


ANCHORS = _anchors((Anchor(0.1), Anchor(0.2, 2.0), Anchor(0.2, 0.5)))
"""Three on the largest map and six on each other (TensorFlow's configurations)."""

TORCHVISION_ANCHORS = _anchors(of_scale(SCALES[0], sqrt(SCALES[0] * SCALES[1]), *RATIOS))
"""Six on every map."""


def ssdlite(
    base: Architecture,
    classes: int = CLASSES,
    *,
    size: int = SIZE,
    width: int | None = None,
    form: SSDForm = "ssdlite",
    anchors: tuple[AnchorMap, ...] = ANCHORS,
) -> Architecture:
    """SSDLite (or SSD, by `form`) for images of `size` × `width` pixels, on the body of any classifier: boxes from its
    widest value at stride 16, its last map and four further ones. Raises `EdgewiseError` where the classifier has no
    map at stride 32."""
    features = body(base.with_input(size, width, smallest_map=1))
    head = SSD(classes=classes, first=widest_at(features, 16), anchors=anchors, extras=EXTRAS, form=form)
    return replace(features, name=f"{form}_{base.name}", rows=(*features.rows, head))


def halved(base: Architecture) -> Architecture:
    """A classifier with half the channels between C4 and C5 (MobileNetV3, section 6.3 and Table 6: †)."""
    made = halved_from(body(base), entering(body(base), 32), first_expansion=False)
    return replace(made, name=f"{base.name}_halved")


def torchvisions() -> Architecture:
    """torchvision's `ssdlite320_mobilenet_v3_large`."""
    return replace(
        ssdlite(halved(mobilenet_v3_large()), anchors=TORCHVISION_ANCHORS),
        name="ssdlite_mobilenet_v3_large_torchvision",
    )


def _halved(build: Build) -> Architecture:
    return ssdlite(halved(build()))


BASES = (mobilenet_v1(), mobilenet_v2(), mnasnet_a1(), mobilenet_v3_large(), mobilenet_v3_small())

FAMILY = Family(
    "ssdlite",
    "Sandler et al., MobileNetV2, 2018; Howard et al., Searching for MobileNetV3, 2019",
    {f"ssdlite_{base.name}": partial(ssdlite, base) for base in BASES}
    | {
        "ssdlite_mobilenet_v3_large_halved": partial(_halved, mobilenet_v3_large),
        "ssdlite_mobilenet_v3_small_halved": partial(_halved, mobilenet_v3_small),
        "ssdlite_mobilenet_v3_large_torchvision": torchvisions,
    },
    task="detect",
)
