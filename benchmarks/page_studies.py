"""The section of docs/benchmarks.md on the papers' ablations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

Report = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]


def studies(report: Report, table: Table) -> str:
    """What was seen of what the papers say, what was not, and the variants of every study."""
    made: Mapping[str, Report] = report["networks"]
    claims = [(name, claim) for name, one in made.items() for claim in one["outcomes"]]
    head = ("study", "the paper says", "difference, points", "95% interval", "")
    return f"""## The papers' ablations

`edgewise study` on CIFAR-10 at 32 pixels: {report["images"]:,} of the training images, {report["epochs"]} epochs,
{report["seeds"]} seeds; differences are between runs of the same seed, on the 10,000 test images. A claim is seen when
the whole interval says so, contradicted when all of it says otherwise ({{doc}}`studies`).

{table(head, [_claim(name, claim) for name, claim in claims])}

{_said(claims)}

{chr(10).join(_variants(name, one) for name, one in made.items())}
"""


def _claim(name: str, claim: Report) -> list[str]:
    margin = f" (to {100 * claim['margin']:g} points)" if claim["margin"] else ""
    low, high = claim["interval"]
    return [
        name,
        f"{claim['says']}{margin}",
        f"{100 * claim['difference']:+.2f}",
        f"{100 * low:+.2f} to {100 * high:+.2f}",
        f"**{claim['seen']}**" if claim["seen"] == "contradicted" else claim["seen"],
    ]


def _said(claims: Sequence[tuple[str, Report]]) -> str:
    """How many were seen, and those that contradict their paper by name."""
    of = {
        kind: [f"{claim['says']} ({name})" for name, claim in claims if claim["seen"] == kind]
        for kind in ("seen", "not seen", "contradicted")
    }
    against = f" – {'; '.join(of['contradicted'])}" if of["contradicted"] else ""
    return (
        f"Of {len(claims)} claims, seen: {len(of['seen'])}; not seen, either way: {len(of['not seen'])}; "
        f"contradicted: {len(of['contradicted'])}{against}."
    )


def _variants(name: str, one: Report) -> str:
    parts: list[str] = []
    for variant, found in one["variants"].items():
        accuracies = [100 * run["accuracy"] for run in found["runs"].values()]
        low, high = (100 * end for end in found["interval"])
        parts.append(
            f"{variant} {fmean(accuracies):.2f}% ({low:.2f} to {high:.2f}) at {found['multiply_adds'] / 1e6:.1f} M "
            "multiply-adds"
        )
    # What the runs took, not the study: some may have been done by a call before.
    seconds = sum(run["seconds"] for found in one["variants"].values() for run in found["runs"].values())
    return f"- `{name}`, {seconds / 60:.0f} minutes of a core: {'; '.join(parts)}."
