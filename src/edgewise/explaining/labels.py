"""Where labels go beside their points so that they cover neither each other nor another point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Box", "Label", "place", "shortened", "text_width"]

FONT = 12.0  # px, as in chart.css
# A label that would still cover this share of itself is left out; its text is in the tooltip and in the table.
_TOO_MUCH = 0.12


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """The area both cover, in square pixels."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)

    def inside(self, other: Box) -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True)
class Label:
    """A text and the point it belongs to. `always` keeps it even where it covers something."""

    text: str
    x: float
    y: float
    always: bool = False


def text_width(written: str) -> float:
    """About how wide a text is in a sans-serif font of `FONT` px; a little too wide rather than too narrow."""
    return sum(1.0 if ord(character) > 0x2E7F else 0.58 for character in written) * FONT


def shortened(written: str, limit: int = 34) -> str:
    """A text of at most `limit` characters; what is left out is out of its middle."""
    if len(written) <= limit:
        return written
    tail = limit // 3
    return f"{written[: limit - tail - 1]}…{written[-tail:]}"


def place(labels: Sequence[Label], obstacles: Sequence[Box], frame: Box) -> list[tuple[Label, Box]]:
    """A box inside `frame` for each label that finds room, the first ones first.

    Eight places around the point are tried, then the same a line further away; the one that covers least wins.
    """
    placed: list[tuple[Label, Box]] = []
    taken = list(obstacles)
    for label in labels:
        options = [box for box in _around(label) if box.inside(frame)]
        if not options:
            continue
        best = min(options, key=lambda box: sum(box.overlap(other) for other in taken))
        covered = sum(best.overlap(other) for other in taken)
        area = (best.right - best.left) * (best.bottom - best.top)
        if label.always or covered <= _TOO_MUCH * area:
            placed.append((label, best))
            taken.append(best)
    return placed


def _around(label: Label) -> list[Box]:
    width, height = text_width(label.text), FONT * 1.25
    boxes = []
    for gap in (9.0, 9.0 + height):
        right, left, middle = label.x + gap, label.x - gap - width, label.x - width / 2
        above, below, level = label.y - gap - height, label.y + gap, label.y - height / 2
        corners = [
            (right, level),
            (left, level),
            (middle, above),
            (middle, below),
            (right, above + height / 2),
            (right, below - height / 2),
            (left, above + height / 2),
            (left, below - height / 2),
        ]
        boxes += [Box(x, y, x + width, y + height) for x, y in corners]
    return boxes
