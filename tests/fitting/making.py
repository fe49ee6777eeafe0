"""Candidates and latencies made by hand."""

from __future__ import annotations

from dataclasses import replace

from edgewise.blocks import Classifier, ConvBNAct
from edgewise.costs import count
from edgewise.devices import Latency, Verdict
from edgewise.fitting.candidates import Candidate
from edgewise.papers import Architecture


def tiny(name: str = "tiny", channels: int = 8, *, classes: int = 3, size: int = 24) -> Architecture:
    rows = (
        ConvBNAct(out_channels=channels, stride=2),
        ConvBNAct(out_channels=channels, stride=2, activation="hard_swish"),
        Classifier(classes=classes),
    )
    return Architecture(name, rows, input=(3, size, size))


def latency(name: str, median: float, low: float | None = None, high: float | None = None) -> Latency:
    return Latency(
        name=name,
        median_ms=median,
        p10_ms=0.98 * median,
        low_ms=0.99 * median if low is None else low,
        high_ms=1.01 * median if high is None else high,
        spread=0.01,
        rounds=12,
        iterations=120,
        cpu_median_ms=median,
        disturbed=0,
        unquiet=0,
        settled=True,
        runtime="onnxruntime",
        threads=1,
    )


def candidate(
    name: str,
    *,
    family: str = "family",
    multiply_adds: int | None = None,
    size: int = 24,
    median: float = 1.0,
    verdict: Verdict | None = Verdict.MET,
    measured: bool = True,
    channels: int = 8,
) -> Candidate:
    architecture = replace(tiny(name, channels, size=size), family=family)
    costs = count(architecture)
    return Candidate(
        name=name,
        family=family,
        base=family,
        width=1.0,
        size=size,
        architecture=architecture,
        multiply_adds=costs.multiply_adds if multiply_adds is None else multiply_adds,
        parameters=costs.parameters,
        latency=latency(name, median),
        verdict=verdict,
        measured=measured,
    )
