"""MobileNets (Howard et al., 2017): separable against full convolutions, width, resolution, thin against shallow."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from edgewise.papers import find
from edgewise.studies.study import Claim, Study, Variant, plain

_WIDTHS = (1.0, 0.75, 0.5, 0.25)
_PIXELS = (224, 192, 160, 128)


def _full() -> Mapping[str, Variant]:
    return plain({"separable": find("mobilenet_v1"), "full": find("mobilenet_v1_conv")})


def _width() -> Mapping[str, Variant]:
    return plain({f"α={width:g}": find("mobilenet_v1").scaled(width) for width in _WIDTHS})


def _resolution() -> Mapping[str, Variant]:
    return {f"ρ={pixels}/224": Variant(find("mobilenet_v1"), pixels / 224) for pixels in _PIXELS}


def _thin() -> Mapping[str, Variant]:
    return plain({"0.75 MobileNet": find("mobilenet_v1_0.75"), "shallow": find("mobilenet_v1_shallow")})


STUDIES = (
    Study(
        "mobilenet_convolutions",
        "What is lost with separable convolutions in place of full ones?",
        "MobileNets, Table 4: 71.7 against 70.6%",
        _full,
        (Claim("separable convolutions lose little", "separable", "full", 0.02),),
        width=0.25,
    ),
    Study(
        "mobilenet_width",
        "What does every step of the width multiplier cost?",
        "MobileNets, Table 6: 70.6, 68.4, 63.7 and 50.6%",
        _width,
        tuple(
            Claim(f"α = {more:g} is better than {less:g}", f"α={more:g}", f"α={less:g}")
            for more, less in pairwise(_WIDTHS)
        ),
    ),
    Study(
        "mobilenet_resolution",
        "What does every step of the resolution cost?",
        "MobileNets, Table 7: 70.6, 69.1, 67.2 and 64.4%",
        _resolution,
        tuple(
            Claim(f"{more} pixels are better than {less}", f"ρ={more}/224", f"ρ={less}/224")
            for more, less in pairwise(_PIXELS)
        ),
    ),
    Study(
        "thin_shallow",
        "Of two networks of the same cost, is the thin one better than the shallow one?",
        "MobileNets, Table 5: 68.4 against 65.3%",
        _thin,
        (Claim("thin is better than shallow", "0.75 MobileNet", "shallow"),),
    ),
)
