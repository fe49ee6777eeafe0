"""A classifier's body with a feature pyramid on it: what Faster R-CNN looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgewise.blocks.pyramid import FeaturePyramid
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture
from edgewise.papers.backbone import body, strides

STRIDES = (4, 8, 16, 32)
"""Of the maps that are taken (Lin et al., section 4: C2 to C5)."""

SIZE = (480, 640)


def feature_pyramid(
    base: Architecture,
    *,
    maps: Sequence[str] | None = None,
    out_channels: int = 256,
    height: int = SIZE[0],
    width: int = SIZE[1],
) -> Architecture:
    """The body of the classifier `base`, for images of `height` × `width` pixels, with a pyramid on the values `maps`
    (their names, the largest first), by default its last at each of `STRIDES`. Raises `EdgewiseError` where the body
    lacks one of them."""
    features = body(base.with_input(height, width, smallest_map=1))
    taken = _ends(features) if maps is None else tuple(maps)
    pyramid = FeaturePyramid(maps=taken, out_channels=out_channels)
    return replace(features, name=f"fpn_{base.name}", rows=(*features.rows, pyramid))


def _ends(features: Architecture) -> tuple[str, ...]:
    """The last row at each of `STRIDES`."""
    found = {stride: str(index) for index, stride in enumerate(strides(features))}
    missing = [stride for stride in STRIDES if stride not in found]
    if missing:
        raise EdgewiseError(
            f"{features.name} has no map at a stride of {missing[0]} pixels; name the values to take with maps"
        )
    return tuple(found[stride] for stride in STRIDES)
