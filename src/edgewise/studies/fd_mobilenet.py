"""FD-MobileNet (Qin et al., 2018): at equal cost, whether to halve the map early and be wide."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.papers import find
from edgewise.studies.study import Claim, Study, Variant, plain


def _variants() -> Mapping[str, Variant]:
    return plain({"FD-MobileNet": find("fd_mobilenet"), "0.5 MobileNet": find("mobilenet_v1_0.5")})


STUDIES = (
    Study(
        "fast_downsampling",
        "At equal cost, is early halving with full width better than half the width?",
        "FD-MobileNet, Table 2: 65.3 against 63.7% at 144 and 149 M multiply-adds",
        _variants,
        (Claim("early halving and full width is better", "FD-MobileNet", "0.5 MobileNet"),),
        width=1.0,
    ),
)
