"""NAS-Bench-Macro (Su et al., Prioritized Architecture Sampling with Monto-Carlo Tree Search, 2021): 6,561 networks for
CIFAR-10 whose accuracies are known."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, Row
from edgewise.papers import Architecture
from edgewise.searching.space import Choice, Option, Space

_STAGES = ((64, 2), (128, 3), (256, 3))
_EXPANSION = {"mb3_k3": 3, "mb6_k5": 6}
_KERNEL = {"mb3_k3": 3, "mb6_k5": 5}


def _build(chosen: Mapping[str, Option]) -> Architecture:
    rows: list[Row] = [ConvBNAct(out_channels=32)]
    entering, number = 32, 0
    for out, blocks in _STAGES:
        for block in range(blocks):
            op, stride = str(chosen[f"block{number}"]), 1 if block else 2
            number += 1
            if op == "identity":
                if stride == 2:  # what halves the map cannot be left out
                    rows.append(ConvBNAct(out_channels=out, kernel=1, stride=2, activation=None))
            else:
                rows.append(
                    InvertedResidual(
                        expanded=_EXPANSION[op] * entering,
                        out_channels=out,
                        kernel=_KERNEL[op],
                        stride=stride,
                        activation="relu",
                    )
                )
            entering = out
    rows += [ConvBNAct(out_channels=1280, kernel=1, head=True), Classifier(classes=10)]
    return Architecture("nas_bench_macro", tuple(rows), input=(3, 32, 32))


def _layers(chosen: Mapping[str, Option]) -> tuple[str, ...]:
    firsts = {sum(blocks for _, blocks in _STAGES[:number]) for number in range(len(_STAGES))}
    # Of those left out only what halves the map is a row.
    blocks = [block for block in range(8) if block in firsts or chosen[f"block{block}"] != "identity"]
    return ("stem", *(f"block{block} {chosen[f'block{block}']}" for block in blocks), "last", "classes")


NAS_BENCH_MACRO = Space(
    "nas_bench_macro",
    tuple(Choice(f"block{number}", ("identity", "mb3_k3", "mb6_k5")) for number in range(8)),
    _build,
    _layers,
)
"""Eight blocks in three stages; those that are left out make many points the same network."""
