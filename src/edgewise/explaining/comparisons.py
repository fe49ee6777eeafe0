"""Networks that differ in one thing and do the same number of multiply-adds, or nearly: what the difference takes on a
machine. ShuffleNet V2's four guidelines (Ma et al., 2018, section 2), and MobileNetV3's redesigned ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgewise.blocks import Classifier, ConvBNAct, Row
from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.costs import count
from edgewise.explaining.bars import Bar, bar_figure
from edgewise.explaining.formats import millions, significant
from edgewise.graph.value import Value
from edgewise.papers import Architecture, find

__all__ = ["COMPARISONS", "Comparison", "Timed", "drawn"]

_SIDE, _BLOCKS = 56, 10
"""The maps and the blocks of the guidelines' networks, as in the paper."""


@dataclass(frozen=True)
class Comparison:
    """What is to be seen, and the networks by what they are called."""

    says: str
    networks: Callable[[], Mapping[str, Architecture]]


@dataclass(frozen=True)
class Timed:
    """What the network called `name` takes: the median and its 95% interval, in ms."""

    name: str
    median_ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragments(Row):
    """1×1 convolutions of `channels`: `series` behind each other, or `beside` each other and added."""

    channels: int
    series: int = 1
    beside: int = 1

    def apply(self, x: Value) -> Value:
        for number in range(self.series):
            x = conv_bn_act(x, self.channels, activation="relu", name=f"series{number}")
        if self.beside < 2:
            return x
        branches = [
            conv_bn_act(x, self.channels, activation="relu", name=f"beside{number}") for number in range(self.beside)
        ]
        y = branches[0]
        for branch in branches[1:]:
            y = y + branch
        return y


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual(Row):
    """A bottleneck 1×1, 3×3, 1×1, its activations and its shortcut there or not."""

    channels: int
    relu: bool
    shortcut: bool

    def apply(self, x: Value) -> Value:
        activation = "relu" if self.relu else None
        y = conv_bn_act(x, self.channels // 4, activation=activation, name="reduce")
        y = conv_bn_act(y, self.channels // 4, kernel=3, activation=activation, name="spatial")
        y = conv_bn(y, self.channels, name="expand")
        return x + y if self.shortcut else y


def _network(name: str, channels: int, *rows: Row) -> Architecture:
    return Architecture(name, (*rows * _BLOCKS, Classifier(classes=10)), input=(channels, _SIDE, _SIDE))


def _widths() -> dict[str, Architecture]:
    """Table 1: c1 and c2 of 1×1 convolutions from c1 to c2 and back."""
    return {
        f"{narrow} to {wide}": _network(
            f"widths_{narrow}_{wide}",
            narrow,
            ConvBNAct(out_channels=wide, kernel=1),
            ConvBNAct(out_channels=narrow, kernel=1),
        )
        for narrow, wide in ((128, 128), (90, 180), (52, 312), (36, 432))
    }


def _groups() -> dict[str, Architecture]:
    """Table 2: more groups, and so more channels."""
    return {
        f"{groups} groups of {channels}" if groups > 1 else f"1 group of {channels}": _network(
            f"groups_{groups}", channels, *(ConvBNAct(out_channels=channels, kernel=1, groups=groups),) * 2
        )
        for groups, channels in ((1, 128), (2, 180), (4, 256), (8, 360))
    }


def _fragments() -> dict[str, Architecture]:
    """Table 3: one convolution, or several narrower ones."""
    return {
        "1 of 128": _network("one_fragment", 128, Fragments(channels=128)),
        "2 of 90 in series": _network("two_in_series", 90, Fragments(channels=90, series=2)),
        "4 of 64 in series": _network("four_in_series", 64, Fragments(channels=64, series=4)),
        "2 of 90 beside each other": _network("two_beside", 90, Fragments(channels=90, series=0, beside=2)),
        "4 of 64 beside each other": _network("four_beside", 64, Fragments(channels=64, series=0, beside=4)),
    }


def _elementwise() -> dict[str, Architecture]:
    """Table 4: a bottleneck of 128 channels with and without what has no multiply-adds."""
    names = {(True, True): "both", (False, True): "no ReLU", (True, False): "no shortcut", (False, False): "neither"}
    return {
        name: _network(f"elementwise_{relu}_{shortcut}", 128, Residual(channels=128, relu=relu, shortcut=shortcut))
        for (relu, shortcut), name in names.items()
    }


def _last_stage() -> dict[str, Architecture]:
    return {
        "original last stage": find("mobilenet_v3_large_original_last_stage"),
        "efficient last stage": find("mobilenet_v3_large"),
    }


def _stem() -> dict[str, Architecture]:
    return {
        "32 filters, ReLU": find("mobilenet_v3_large_stem32"),
        "16 filters, h-swish": find("mobilenet_v3_large"),
    }


COMPARISONS: Mapping[str, Comparison] = {
    "guideline_widths": Comparison("Equal widths are the fastest 1×1 convolutions of a cost (guideline 1).", _widths),
    "guideline_groups": Comparison("More groups at the same cost are slower (guideline 2).", _groups),
    "guideline_fragments": Comparison("Many narrow convolutions are slower than a wide one (guideline 3).", _fragments),
    "guideline_elementwise": Comparison("What computes next to nothing takes its time (guideline 4).", _elementwise),
    "last_stage": Comparison("MobileNetV3's last stage before and after its redesign (section 5.1).", _last_stage),
    "stem": Comparison("MobileNetV3's stem before and after its redesign (section 5.1).", _stem),
}
"""By name. The statements are the papers'; the figures show what this machine says."""


def drawn(one: Comparison, timed: Sequence[Timed], where: str) -> str:
    """The figure: a bar for each network, with what it takes, its interval and its multiply-adds; `where` says in what
    it was measured."""
    networks = one.networks()
    bars = [
        Bar(
            found.name,
            found.median_ms,
            f"{significant(found.median_ms)} ms ({significant(found.low_ms)}–{significant(found.high_ms)}), "
            f"{millions(count(networks[found.name]).multiply_adds)}",
        )
        for found in timed
    ]
    return bar_figure(bars, summary=one.says, heading=f"median latency ({where})", x_label="ms")
