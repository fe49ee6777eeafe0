"""The zoo's variants as parameters of tests: the heaviest stand for themselves at a quarter of their widths."""

from __future__ import annotations

import pytest

from edgewise.papers import Architecture, find, names

HEAVY = ("shufflenet_v2_164", "senet154", "resnext101_32x8d", "resnext101_64x4d")
"""Of more than 80 million parameters without fully connected layers."""

QUARTER = "/4"


def variant(name: str) -> Architecture:
    """The variant, or one of the heavy ones at a quarter of its widths where the name ends in `/4`."""
    return find(name.removesuffix(QUARTER)).scaled(0.25) if name.endswith(QUARTER) else find(name)


def light() -> list[object]:
    """All variants, the heavy ones at a quarter of their widths; at their own with the slow tests."""
    own = [pytest.param(name, marks=pytest.mark.slow) if name in HEAVY else name for name in names()]
    return [*own, *(name + QUARTER for name in HEAVY)]
