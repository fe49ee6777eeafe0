"""Detectors and segmentation networks as parameters of tests, small."""

from __future__ import annotations

import pytest

from edgewise.papers import Architecture, find, names

EVERY = [*names("detect"), *names("segment")]

QUICK = (
    "ssdlite_mobilenet_v1",
    "ssdlite_mobilenet_v2",
    "ssdlite_mobilenet_v3_small",
    "lr_aspp_mobilenet_v3_small_rf2",
    "lr_aspp_mobilenet_v3_large_torchvision",
    "r_aspp_mobilenet_v2_rf2",
    "deeplab_v3_mobilenet_v2",
)
"""One of each structure; the others run with the slow tests."""

SOME = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in EVERY]


def small(name: str) -> Architecture:
    """With three classes, on images of 64 × 96 pixels; SSD300's last maps want 300."""
    size = () if name == "ssd300_vgg16" else (64, 96)
    architecture = find(name).with_classes(3)
    return architecture.with_input(*size, smallest_map=1) if size else architecture
