"""Comparisons of `explaining.comparisons`, measured on this machine."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.deploy import build, random_tensors
from edgewise.devices import Variant, measure_variants
from edgewise.explaining.comparisons import COMPARISONS, Timed, drawn

_RUNTIME = "onnxruntime"


def compared(name: str, seconds: float = 8.0) -> str:
    """The figure of a comparison, measured now for about `seconds`: an SVG file's content."""
    one = COMPARISONS[name]
    with TemporaryDirectory() as folder:
        variants = [
            Variant(label, build(network, random_tensors(network), Path(folder), network.name), _RUNTIME)
            for label, network in one.networks().items()
        ]
        found = measure_variants(variants, max_seconds=seconds)
    timed = [Timed(latency.name, latency.median_ms, latency.low_ms, latency.high_ms) for latency in found]
    return drawn(one, timed, f"{_RUNTIME} {found[0].runtime_version}, one thread")
