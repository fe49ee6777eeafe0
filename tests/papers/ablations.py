"""Variants for which nobody prints a count: what each is a change of, and what of it is asserted."""

from __future__ import annotations

ABLATIONS: dict[str, tuple[str, str]] = {
    "googlenet_auxiliary": ("googlenet", "same"),
    "googlenet_bn_auxiliary": ("googlenet_bn", "same"),
    "inception_v3_auxiliary": ("inception_v3", "same"),
    "xception_relu": ("xception", "same"),
    "xception_elu": ("xception", "same"),
    "xception_plain": ("xception", "no shortcut"),
    "shufflenet_v1_g3_no_shuffle": ("shufflenet_v1_g3", "same"),
    "shufflenet_v1_g3_0.5_no_shuffle": ("shufflenet_v1_g3_0.5", "same"),
    "shufflenet_v1_g3_0.25_no_shuffle": ("shufflenet_v1_g3_0.25", "same"),
    "shufflenet_v1_g8_no_shuffle": ("shufflenet_v1_g8", "same"),
    "shufflenet_v1_g8_0.5_no_shuffle": ("shufflenet_v1_g8_0.5", "same"),
    "shufflenet_v1_g8_0.25_no_shuffle": ("shufflenet_v1_g8_0.25", "same"),
    "shufflenet_v1_g1_1.5": ("shufflenet_v1_g3_1.5", "other groups"),
    "shufflenet_v1_g2_1.5": ("shufflenet_v1_g3_1.5", "other groups"),
    "shufflenet_v1_g4_1.5": ("shufflenet_v1_g3_1.5", "other groups"),
    "shufflenet_v1_g1_2": ("shufflenet_v1_g3_2", "other groups"),
    "shufflenet_v1_g2_2": ("shufflenet_v1_g3_2", "other groups"),
    "shufflenet_v1_g4_2": ("shufflenet_v1_g3_2", "other groups"),
    "mobilenet_v3_large_hswish16": ("mobilenet_v3_large", "same"),
    "mobilenet_v3_large_hswish112": ("mobilenet_v3_large", "same"),
    "mobilenet_v3_large_relu": ("mobilenet_v3_large", "same"),
    "mobilenet_v3_large_stem32": ("mobilenet_v3_large", "stem"),
    "mobilenet_v3_large_original_last_stage": ("mobilenet_v3_large", "last stage"),
}
"""By name: the variant it changes, and how the counts differ.

`same`: not at all; the change costs no multiply-adds and has no parameters when the network is deployed. `no shortcut`:
by the projections. `other groups`: a little; the paper gives every number of groups the widths for one cost. `stem` and
`last stage`: by what MobileNetV3 says that its redesigns save.
"""
