"""What a row says of itself in tables."""

from __future__ import annotations

from edgewise.blocks import ConvBNAct, Inception, Step
from edgewise.papers import find


def test_fields_at_their_defaults_are_left_out() -> None:
    assert str(ConvBNAct(out_channels=8, stride=2)) == "ConvBNAct(out_channels=8, stride=2)"


def test_branches_read_as_in_the_papers_figures() -> None:
    row = Inception(
        branches=(
            (Step(out_channels=384, kernel=(1, 3), beside=320),),
            (Step(out_channels=64), Step(out_channels=96, kernel=(3, 3), stride=2, padding="valid")),
            (Step(pool="max", kernel=(3, 3)),),
        )
    )
    assert str(row) == "Inception(1×3 384 + 3×1 320 | 1×1 64 → 3×3/2 96 | max 3×3)"
    without = str(find("googlenet").rows[7])
    assert without == "Inception(1×1 64 | 1×1 96 → 3×3 128 | 1×1 16 → 5×5 32 | max 3×3 → 1×1 32, batch_norm=False)"
