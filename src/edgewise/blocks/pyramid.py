"""Feature pyramids (Lin et al., Feature Pyramid Networks, 2016)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.row import Row, Scaling
from edgewise.graph import functional as f
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturePyramid(Row):
    """Maps of several strides, all of `out_channels` channels (section 3, figure 3).

    `maps` are names of values, the largest map first. Each goes through a 1×1 convolution; what comes from the next
    smaller map, resized to the nearest cell, is added; a 3×3 convolution follows. The results are the outputs `map0`,
    `map1` and so on; the main output is every second cell of the smallest of them (Faster R-CNN's P6).
    """

    maps: tuple[str, ...]
    out_channels: int = 256

    @property
    def reads(self) -> tuple[str, ...]:
        return self.maps

    def apply(self, x: Value) -> Value:
        above: Value | None = None
        results: list[Value] = []
        for number in reversed(range(len(self.maps))):
            lateral = f.conv(x.elsewhere(self.maps[number]), self.out_channels, bias=True, name=f"lateral{number}")
            if above is not None:
                lateral = lateral + f.resize(above, lateral.map, kind="nearest", name=f"resized{number}")
            above = lateral
            results.append(f.conv(above, self.out_channels, kernel=3, bias=True, name=f"map{number}"))
        for number, result in enumerate(reversed(results)):
            result.emit(f"map{number}")
        return f.pool(results[0], "max", kernel=1, stride=2, padding="valid", name="pooled")

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, out_channels=scaling.width(self.out_channels))
