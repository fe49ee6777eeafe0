"""MobileNetV3 (Howard et al., 2019): h-swish, and its redesigned stem and last stage."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.papers import find
from edgewise.studies.study import Claim, Study, Variant, plain


def _h_swish() -> Mapping[str, Variant]:
    return plain(
        {
            "@80": find("mobilenet_v3_large"),
            "@16": find("mobilenet_v3_large_hswish16"),
            "@112": find("mobilenet_v3_large_hswish112"),
            "ReLU": find("mobilenet_v3_large_relu"),
        }
    )


def _steps() -> Mapping[str, Variant]:
    return plain(
        {
            "MobileNetV3": find("mobilenet_v3_large"),
            "original last stage": find("mobilenet_v3_large_original_last_stage"),
            "stem of 32, ReLU": find("mobilenet_v3_large_stem32"),
            "minimalistic": find("mobilenet_v3_large_minimalistic"),
        }
    )


STUDIES = (
    Study(
        "h_swish",
        "From which width on is h-swish worth it?",
        "MobileNetV3, Table 5: 75.2% @80, 75.4 @16, 75.0 @112, 74.5 with ReLU",
        _h_swish,
        (
            Claim("h-swish in the wide half is better than ReLU", "@80", "ReLU"),
            Claim("everywhere it is little better than in the wide half", "@80", "@16", 0.005),
        ),
    ),
    Study(
        "mobilenet_v3_steps",
        "What do the redesigned parts of MobileNetV3 cost in accuracy?",
        "MobileNetV3, section 5: neither the efficient last stage nor the stem of 16 filters loses any",
        _steps,
        (
            Claim("the efficient last stage loses nothing", "MobileNetV3", "original last stage", 0.005),
            Claim("the stem of 16 with h-swish loses nothing", "MobileNetV3", "stem of 32, ReLU", 0.005),
            Claim("gates, 5×5 kernels and h-swish help together", "MobileNetV3", "minimalistic"),
        ),
    ),
)
