"""Which form of an artifact bench reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgewise.deploy.rewrites import EXIT_ORDER, PLAIN
from edgewise.devices import Latency
from edgewise.verbs.bench.building import Built
from edgewise.verbs.bench.forms import form_notes, reported, variants_of
from edgewise.verbs.bench.subjects import Subject

BUILT = Built(Subject("net"), "onnxruntime", "fp32", {PLAIN: Path("plain.onnx"), EXIT_ORDER: Path("exit.onnx")})


def a_latency(low: float, high: float) -> Latency:
    return Latency("x", (low + high) / 2, low, low, high, 0.01, 12, 120, None, 0, 0, True, "onnxruntime", 1)


@pytest.mark.parametrize(
    ("plain", "other", "form"),
    [
        ((2.0, 2.1), (1.0, 1.1), EXIT_ORDER),
        ((1.0, 1.1), (2.0, 2.1), PLAIN),
        ((1.0, 1.2), (0.9, 1.05), PLAIN),
        (None, (1.0, 1.1), EXIT_ORDER),
        ((1.0, 1.1), None, PLAIN),
    ],
)
def test_the_faster_beyond_noise(
    plain: tuple[float, float] | None, other: tuple[float, float] | None, form: str
) -> None:
    variants = variants_of(BUILT, 1)
    assert len({variant.name for variant in variants.values()}) == 2
    given = {PLAIN: plain, EXIT_ORDER: other}
    latencies = {variants[name]: a_latency(*span) for name, span in given.items() if span is not None}
    row = reported(BUILT, 1, latencies)
    assert row is not None
    assert row.form == form
    assert row.latency.name == "net"
    assert row.latency.median_ms == latencies[variants[form]].median_ms
    assert reported(BUILT, 2, latencies) is None


def test_notes_say_where_which_form_is_faster() -> None:
    fast, slow = a_latency(1.0, 1.1), a_latency(2.0, 2.1)
    one = reported(BUILT, 1, dict(zip(variants_of(BUILT, 1).values(), (slow, fast), strict=True)))
    two = reported(BUILT, 2, dict(zip(variants_of(BUILT, 2).values(), (fast, slow), strict=True)))
    assert one is not None
    assert two is not None
    two = replace(two, latency=replace(two.latency, threads=2))
    assert form_notes([one, two]) == [
        "net is measured in exit order, where that is faster than plain: onnxruntime fp32 on 1; plain in the rest"
    ]
    assert form_notes([two]) == ["net is measured plain: exit order is nowhere faster"]
    assert form_notes([replace(one, built=replace(BUILT, forms={PLAIN: Path("plain.onnx")}))]) == []
