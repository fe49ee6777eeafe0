"""Any network of the zoo at several widths and resolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgewise.papers import Architecture, find
from edgewise.papers.ladders import WIDTHS
from edgewise.searching.space import Choice, Option, Space


def scaled(
    name: str,
    *,
    widths: Sequence[float] = WIDTHS,
    sizes: Sequence[int] = (224, 192, 160, 128),
) -> Space:
    """MobileNet v1's two multipliers (section 3.3) for the network `name`: width and input size in pixels.

    Raises `EdgewiseError` for a name that the zoo does not have.
    """
    base = find(name)

    def build(chosen: Mapping[str, Option]) -> Architecture:
        return base.scaled(float(chosen["width"])).with_input(int(chosen["size"]))

    return Space(f"{name}_scaled", (Choice("width", tuple(widths)), Choice("size", tuple(sizes))), build)
