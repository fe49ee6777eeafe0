"""The section of docs/benchmarks.md on detectors and segmentation networks; `page.py` uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Report = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]


def scenes(report: Report, table: Table) -> str:
    """torchvision's modules beside our artifacts of the same networks."""
    parts: list[str] = []
    for label, found in report["results"].items():
        boxes = f", {found['boxes']} boxes" if "boxes" in found else ""
        rows = [
            [way, f"{one['median_ms']:.2f}", f"{one['faster']:.2f} ({one['p10']:.2f} to {one['p90']:.2f})"]
            for way, one in found["ways"].items()
        ]
        parts.append(
            f"{label}{boxes}, {found['rounds']} rounds:\n\n{table(('way', 'median ms', 'times as fast'), rows)}"
        )
    together = "\n\n".join(parts)
    return f"""## Boxes and masks

torchvision's detectors and segmentation networks, eager, beside the same networks with the same (random) weights as
artifacts, one thread, one image, in turns. Detectors from the pixels to the boxes, decoding and suppression included,
unless it says raw outputs; once with about a thousand scores above the threshold, as in a photograph, and once with
every anchor a candidate for every class. int8 is quantised on one random image, which says how fast it is and no more.

{together}
"""
