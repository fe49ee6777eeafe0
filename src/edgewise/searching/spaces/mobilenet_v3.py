"""Networks around MobileNetV3 (Howard et al., 2019): the stages of Tables 1 and 2, the blocks of each to choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, MnasLayer, Row, WidthRule
from edgewise.graph.ops import ActivationKind, BatchNorm
from edgewise.papers import Architecture
from edgewise.searching.space import Choice, Option, Space, stage_layers

_RULE = WidthRule(divisor=8)


@dataclass(frozen=True)
class _Stage:
    """A stage of the table. `expansion` is the option nearest to what its blocks have there on average."""

    width: int
    blocks: int
    stride: int
    activation: ActivationKind
    expansion: int
    kernel: int
    squeeze: bool

    def depth(self, more: Option) -> int:
        return max(1, self.blocks + int(more))

    def row(self, entering: int, out: int, expansion: int, kernel: int, stride: int, gated: bool) -> Row:
        """A block for `entering` channels; without expansion a regular convolution, with the identity beside it."""
        squeeze = _RULE.round(0.25 * (expansion * entering or out)) if gated else 0
        if expansion:
            return InvertedResidual(
                expanded=expansion * entering,
                out_channels=out,
                kernel=kernel,
                stride=stride,
                squeeze=squeeze,
                activation=self.activation,
            )
        return MnasLayer(
            op="conv",
            out_channels=out,
            kernel=kernel,
            stride=stride,
            squeeze=squeeze,
            gate="hard_sigmoid",
            activation=self.activation,
            skip="identity",
        )


@dataclass(frozen=True)
class _Around:
    """The networks around one of the two tables: its first block, its stages, and the classifier's hidden width. With
    `regular`, every block may be a regular convolution too."""

    name: str
    first: InvertedResidual
    stages: tuple[_Stage, ...]
    hidden: int
    regular: bool = False

    def build(self, chosen: Mapping[str, Option]) -> Architecture:
        rows: list[Row] = [ConvBNAct(out_channels=16, stride=2, activation="hard_swish"), self._first(chosen)]
        entering = self.first.out_channels
        for number, stage in enumerate(self.stages, 1):
            out = _RULE.round(stage.width * float(chosen[f"filters{number}"]))
            for block in range(stage.depth(chosen[f"layers{number}"])):
                rows.append(
                    stage.row(
                        entering,
                        out,
                        expansion=int(chosen[f"expansion{number}"]),
                        kernel=int(chosen[f"kernel{number}"]),
                        stride=1 if block else stage.stride,
                        gated=bool(chosen[f"squeeze{number}"]),
                    )
                )
                entering = out
        rows += [
            ConvBNAct(out_channels=6 * entering, kernel=1, activation="hard_swish"),
            Classifier(classes=1000, hidden=_RULE.round(self.hidden * float(chosen["hidden"])), dropout=0.2),
        ]
        widths = WidthRule(divisor=8, head="fixed")
        return Architecture(f"{self.name}_space", tuple(rows), norm=BatchNorm(eps=1e-3), widths=widths)

    def _first(self, chosen: Mapping[str, Option]) -> Row:
        if chosen.get("first", "separable") == "separable":
            return self.first
        return ConvBNAct(
            out_channels=self.first.out_channels, stride=self.first.stride, activation=self.first.activation
        )

    def layers(self, chosen: Mapping[str, Option]) -> tuple[str, ...]:
        depths = [stage.depth(chosen[f"layers{number}"]) for number, stage in enumerate(self.stages, 1)]
        return ("stem", "first", *stage_layers(depths), "last", "classes")

    def space(self) -> Space:
        choices: list[Choice] = [Choice("first", ("separable", "conv"))] if self.regular else []
        around: dict[str, Option] = {choice.name: choice.options[0] for choice in choices}
        expansions = (0, 3, 4, 6) if self.regular else (3, 4, 6)
        for number, stage in enumerate(self.stages, 1):
            choices += [
                Choice(f"expansion{number}", expansions),
                Choice(f"kernel{number}", (3, 5)),
                Choice(f"squeeze{number}", (False, True)),
                Choice(f"filters{number}", (0.75, 1.0, 1.25)),
                Choice(f"layers{number}", (-1, 0, 1)),
            ]
            own = (stage.expansion, stage.kernel, stage.squeeze, 1.0, 0)
            around |= {choice.name: option for choice, option in zip(choices[-len(own) :], own, strict=True)}
        # What a thousand classes need is wide for ten.
        choices.append(Choice("hidden", (0.25, 0.5, 1.0)))
        return Space(self.name, tuple(choices), self.build, self.layers, {**around, "hidden": 1.0})


MOBILENET_V3 = _Around(
    "mobilenet_v3",
    InvertedResidual(out_channels=16, activation="relu"),
    (
        _Stage(24, 2, 2, "relu", 4, 3, squeeze=False),
        _Stage(40, 3, 2, "relu", 3, 5, squeeze=True),
        _Stage(80, 4, 2, "hard_swish", 3, 3, squeeze=False),
        _Stage(112, 2, 1, "hard_swish", 6, 3, squeeze=True),
        _Stage(160, 3, 2, "hard_swish", 6, 5, squeeze=True),
    ),
    hidden=1280,
).space()
"""Around MobileNetV3-Large (Table 1). The paper searched in MnasNet's space; this is the part of it that what it found
lies in, with their activations and their gates of a quarter of what is expanded."""

_EARLY = _Around(
    "mobilenet_v3_early",
    InvertedResidual(out_channels=16, stride=2, squeeze=8, activation="relu"),
    (
        _Stage(24, 2, 2, "relu", 4, 3, squeeze=False),
        _Stage(40, 3, 2, "hard_swish", 6, 5, squeeze=True),
        _Stage(48, 2, 1, "hard_swish", 3, 5, squeeze=True),
        _Stage(96, 3, 2, "hard_swish", 6, 5, squeeze=True),
    ),
    hidden=1024,
)

MOBILENET_V3_EARLY = _EARLY.space()
"""Around MobileNetV3-Small (Table 2): early in the network its maps are a quarter of Large's, and its blocks fewer."""

MOBILENET_V3_REGULAR = replace(_EARLY, name="mobilenet_v3_regular", regular=True).space()
"""The same with MnasNet's regular convolutions among the options (Tan et al., 2018, section 4.1): they do more
multiply-adds in the same time, and MobileDets (Xiong et al., 2020) has them again. The search says which pays."""
