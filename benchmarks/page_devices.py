"""The sections of docs/benchmarks.md on runtimes and on predicted latencies; `page.py` puts them on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median, quantiles
from typing import Any

Report = dict[str, Any]
Way = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

OURS = "edgewise"
EXPORTERS = ("onnxruntime", "openvino", "executorch")
"""The runtimes that what we export ships in; torch's stand beside them for comparison."""


def ratio(slow: Way, fast: Way) -> tuple[float, float, float]:
    """How many times as fast the second is, round by round: the median, and the 10th and 90th percentile."""
    ratios = [one / other for one, other in zip(slow["rounds_ms"], fast["rounds_ms"], strict=True)]
    cuts = quantiles(ratios, n=10, method="inclusive")
    return median(ratios), cuts[0], cuts[-1]


def fastest(ways: Iterable[Way]) -> Way | None:
    return min(ways, key=lambda way: way["latency"]["median_ms"], default=None)


def runtimes(report: Report, table: Table) -> str:
    """Every network in every runtime and precision, and against the peers."""
    settings = list(
        dict.fromkeys(
            (way["runtime"], way["precision"])
            for network in report["networks"].values()
            for way in network["ways"]
            if way["who"] == OURS and way["how"] != "eager"
        )
    )
    networks = list(report["networks"].items())
    head = ["", *(" ".join(one) for one in settings)]
    times = table(head, [_latencies(name, one, settings, report) for name, one in networks])
    compared = ["", *_compared(report), "best of all", "against eager torch"]
    ratios = table(compared, [_ratios(name, one, report) for name, one in networks])
    return f"""## Every network in every runtime

Latency of our artifacts in ms, batch 1, one thread, 224 × 224 pixels (Xception 299), in the form and by the quantiser
that are fastest there; in brackets the share of the peak that was measured for the precision. In the next table, for
the same runtime and precision, how many times as fast they are as the same network exported by `torch.onnx` from
torchvision or timm (quantised by the same tools), the median of the rounds' ratios and their 10th to 90th percentile;
then the fastest of all against that library's module run by torch. Networks marked * are in neither library: the module
is then our own.

{times}

{ratios}
"""


def _ours(network: Report, runtime: str, precision: str) -> Way | None:
    return fastest(
        way
        for way in network["ways"]
        if (way["who"], way["runtime"], way["precision"]) == (OURS, runtime, precision)
        and way["how"] not in ("eager", "torch.onnx")
        and not way["how"].startswith("torch.onnx,")
    )


def _theirs(network: Report, runtime: str, precision: str) -> Way | None:
    return fastest(
        way
        for way in network["ways"]
        if way["how"].split(",")[0] == "torch.onnx" and (way["runtime"], way["precision"]) == (runtime, precision)
    )


def _eager(network: Report) -> Way:
    return next(way for way in network["ways"] if way["how"] == "eager")


def _named(name: str, network: Report) -> str:
    return f"{name}{' *' if _eager(network)['who'] == OURS else ''}"


def _latencies(name: str, network: Report, settings: Sequence[tuple[str, str]], report: Report) -> list[str]:
    cells = []
    for runtime, precision in settings:
        way = _ours(network, runtime, precision)
        peak = report["peaks"].get("int8" if precision.startswith("int8") else precision)
        if way is None:
            cells.append("–")
            continue
        ms = way["latency"]["median_ms"]
        share = f" ({100 * 1000 * network['multiply_adds'] / ms / peak:.0f}%)" if peak else ""
        cells.append(f"{ms:.2f}{share}")
    return [_named(name, network), *cells]


def _compared(report: Report) -> list[str]:
    return [" ".join(one) for one in _settings_of_peers(report)]


def _settings_of_peers(report: Report) -> list[tuple[str, str]]:
    return list(
        dict.fromkeys(
            (way["runtime"], way["precision"])
            for network in report["networks"].values()
            for way in network["ways"]
            if way["how"].split(",")[0] == "torch.onnx"
        )
    )


def _ratios(name: str, network: Report, report: Report) -> list[str]:
    cells = []
    for setting in _settings_of_peers(report):
        ours, theirs = _ours(network, *setting), _theirs(network, *setting)
        cells.append("–" if ours is None or theirs is None else _spread(ratio(theirs, ours)))
    best = fastest(
        way for runtime in EXPORTERS for way in network["ways"] if way["who"] == OURS and way["runtime"] == runtime
    )
    if best is None:
        return [_named(name, network), *cells, "–", "–"]
    how = f"{best['runtime']} {best['precision']}"
    return [_named(name, network), *cells, how, _spread(ratio(_eager(network), best))]


def _spread(found: tuple[float, float, float]) -> str:
    middle, low, high = found
    return f"{middle:.2f}× ({low:.2f}–{high:.2f})"


def prediction(report: Report, table: Table) -> str:
    """Predicted latencies against measured ones."""
    rows = []
    for one in report["spaces"]:
        for name, key in (
            ("predicted from the table", "predictor"),
            ("rows timed alone, summed and calibrated", "isolated"),
            ("multiply-adds, calibrated", "multiply_adds"),
        ):
            found = one[key]
            rows.append(
                [
                    f"{one['space']}, {one['runtime']} {one['precision']}: {name}",
                    f"{100 * found['mean_error']:.1f}%",
                    f"{100 * found['within_5']:.0f}%",
                    f"{100 * found['within_10']:.0f}%",
                    f"{found['rank_correlation']:.3f}",
                    f"{100 * one['noise']:.1f}%",
                ]
            )
    details = "; ".join(
        f"{one['space']} in {one['runtime']} {one['precision']}: {one['asked']} networks of {one['ms'][0]:.2f} to "
        f"{one['ms'][2]:.2f} ms predicted from {one['learnt_from']}{_took(one['seconds_of_learning'])}, "
        f"{100 * one['looked_up']:.0f}% of their time looked up, {100 * one['inside_interval']:.0f}% inside the 95% "
        f"interval, rows timed alone {100 * one['isolated_bias']:+.0f}% off uncalibrated"
        for one in report["spaces"]
    )
    head = ("", "mean error", "within 5%", "within 10%", "rank correlation", "noise")
    return f"""## Predicted latencies

Networks that were never measured, predicted from the latency table, against what measuring them says; the noise is what
two halves of that measurement differ by (the whole is steadier than its halves). {details}.

{table(head, rows)}
"""


def _took(seconds: float | None) -> str:
    return "" if seconds is None else f" that took {seconds:.0f} s"
