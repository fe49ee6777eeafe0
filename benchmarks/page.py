"""Writes docs/benchmarks.md from the JSON files in benchmarks/results. The page is never written by hand.

    python benchmarks/page.py

Every results file needs a section in `SECTIONS` below; one without is named and ends the run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import page_adapt
import page_devices
import page_scene_training
import page_scenes
import page_search
import page_search_cifar
import page_studies
from edgewise.files import write_text

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"

BUSY = 0.5
"""What load (the mean number of busy tasks over a minute) beyond a benchmark's own says that a machine was busy with
something else."""

CORES = ("adapt", "adapt_time", "scene_training", "search_cifar", "search_workers", "studies")
"""Benchmarks that keep two cores busy themselves; the others one."""

TIMELESS = ("search",)
"""Sections whose figures do not depend on how busy the machine was."""


HEAD = """# Benchmarks

% Written by benchmarks/page.py from the files in benchmarks/results: change those, not this page.

`make bench` measures all of this again on your machine and writes this page anew. Single scripts are in the folder
`benchmarks`; each says at its top what it does, how long it takes and what to expect.
"""

Report = dict[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, numbers to the right."""
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def counting(report: Report) -> str:
    """Architectures a second, with the slowest and fastest round."""

    def cell(rates: dict[str, int]) -> str:
        return f"{rates['median']:,} ({rates['slowest']:,} to {rates['fastest']:,})"

    rows = [
        [name, str(found["nodes"]), cell(found["everything"]), cell(found["multiply_adds_and_parameters"])]
        for name, found in report["results"].items()
    ]
    head = ("widths drawn from", "ops", "all costs, a second", "multiply-adds and parameters, a second")
    return f"""## Building and counting architectures

How many networks a second are made from their rows and counted on one core: multiply-adds, parameters, bytes moved and
peak activation memory, each network with other widths. The median of {report["rounds"]} rounds of {report["batch"]}
networks, in brackets the slowest and the fastest round.

{table(head, rows)}
"""


def counters(report: Report) -> str:
    """What counting costs with us and with others, and where the figures differ."""

    def share(found: dict[str, float]) -> str:
        return f"{found['median']:.2f} ({found['p10']:.2f} to {found['p90']:.2f})"

    times = [
        [title, f"{found['ms']:.2f}", share(found["times_rows"]), share(found["times_module"])]
        for title, found in report["results"]["times"].items()
    ]

    def why(found: dict[str, Any]) -> str:
        parts = [f"{kind} {number:+,}" for kind, number in found["extra"].items()]
        if not found.get("explained", True):
            parts.append("and something that was not found")
        return ", ".join(parts) or "nothing"

    def counts(name: str) -> str:
        rows = [
            [
                title,
                f"{found['multiply_adds']:,}",
                "–" if found["parameters"] is None else f"{found['parameters']:,}",
                why(found),
            ]
            for title, found in report["results"]["counts"][name].items()
        ]
        head = ("counter", "multiply-adds", "parameters", "counts beside convolutions and linear layers")
        return f"What they report for torchvision's {name}:\n\n{table(head, rows)}\n"

    used = ", ".join(f"{package} {number}" for package, number in report["versions"].items())
    head = ("counter", "ms", "times edgewise from the rows", "times edgewise from the module")
    return f"""## Counting, beside other counters

CPU time to count {report["timed"]} for an image of {report["size"]} × {report["size"]} pixels, all in turns in one
process on one thread: the median of {report["rounds"]} rounds, of the ratios with the 10th to the 90th percentile.
From the rows, edgewise makes the graph and counts every column of its tables; from the module, `profile` runs it once
and does the same, as the others run it for multiply-adds and parameters. Torchvision is {report["torchvision"]}, the
others are {used}.

{table(head, times)}

All figures below are brought to multiply-adds: torch's counter reports two operations for each. Where they differ,
parts of one kind were taken out of the network and it was counted again; what the figure lost is what that counter
counts beside the products of convolutions and linear layers.

{chr(10).join(counts(name) for name in report["results"]["counts"])}"""


def networks(report: Report) -> str:
    """Our networks beside torchvision's."""

    def rows(kind: str) -> list[list[str]]:
        return [
            [
                f"{name} / {found['torchvision']}",
                f"{found['ours_ms']:.2f}",
                f"{found['theirs_ms']:.2f}",
                f"{found['ratio']:.3f}",
                f"{found['ratio_p10']:.3f} to {found['ratio_p90']:.3f}",
            ]
            for name, found in report["results"][kind].items()
        ]

    inference, training = report["inference"], report["training"]
    head = ("edgewise / torchvision", "edgewise, ms", "torchvision, ms", "ratio", "10th to 90th percentile")
    return f"""## Interpreted networks beside hand-written modules

`Network` interprets an architecture's graph; torchvision's modules are written out. Both have the same weights and give
the same class scores. They ran in turns in one process on one thread, channels_last, in torch {report["torch"]} beside
torchvision {report["torchvision"]}. Milliseconds are CPU time; the ratio is the median over rounds of ours to theirs,
below 1 where ours is faster. Where the percentiles lie on both sides of 1 no difference was measured.

Inference of {inference["batch"]} image of {inference["size"]} × {inference["size"]} pixels:

{table(head, rows("inference"))}

A training step on {training["batch"]} images of {training["size"]} × {training["size"]} pixels:

{table(head, rows("training"))}
"""


def training(report: Report) -> str:
    """Layouts and precisions, our loop beside a bare one, batches alone."""

    def share(found: dict[str, float], digits: int) -> str:
        return f"{found['median']:.{digits}f} ({found['p10']:.{digits}f} to {found['p90']:.{digits}f})"

    forms = [
        [f"{name}, {form}", f"{found['images_per_second']:.0f}", share(found["times_contiguous"], 2)]
        for name, by_form in report["results"]["forms"].items()
        for form, found in by_form.items()
    ]
    loops = [
        [name, f"{found['ours']:.0f}", f"{found['bare']:.0f}", share(found["ratio"], 3)]
        for name, found in report["results"]["loops"].items()
    ]
    head = ("network and form", "images/s", "times contiguous fp32")
    return f"""## Training

Steps on {report["batch"]} images of {report["size"]} × {report["size"]} pixels with {report["threads"]} threads in
torch {report["torch"]}, the forms in turns step by step; in brackets the 10th to the 90th percentile over rounds.

{table(head, forms)}

`train` (Lightning, checkpoints, progress, seeds per step) beside a loop written by hand over the same batches, in turns
run by run; a ratio below 1 means that ours is slower:

{table(("network", "ours, images/s", "bare loop, images/s", "ratio"), loops)}

The batches alone, shifted, mirrored and normalised from memory on one core: {report["results"]["pipeline"]:,} images/s.
"""


def fit(report: Report) -> str:
    """The main job on CIFAR-10."""
    found = report["results"]
    afresh, latency = found["afresh"], found["latency"]
    minutes = "not in one go" if found["seconds"] is None else f"{found['seconds'] / 60:.1f} minutes in all"

    def shown(one: Report) -> str:
        return f"{one['median_ms']:.3f} ms ({one['low_ms']:.3f} to {one['high_ms']:.3f})"

    rows = [
        ["winner", f"{found['winner']}, of {found['candidates']} candidates"],
        ["time", minutes],
        ["training of the winner", f"{found['training']['epochs']} epochs, {found['training']['precision']}"],
        [f"accuracy on the {found['test_images']:,} test images", f"{100 * found['test_accuracy']:.2f}%"],
        ["accuracy on validation images", f"{100 * found['validation_accuracy']:.2f}%"],
        ["latency when delivered", f"{shown(latency)} of {found['budget_ms']:.3f} ms: {found['verdict']}"],
        ["latency measured afresh", f"{shown(afresh['latency'])} of {afresh['budget_ms']:.3f} ms: {afresh['verdict']}"],
    ]
    return f"""## The main job on CIFAR-10

`{report["command"]}` on CIFAR-10 as an image folder; scores and latencies are the artifact's, in one thread.

{table(("", ""), rows)}
"""


def quantum(report: Report) -> str:
    """The channel quantum by sweep and by whole networks."""

    def sweep(found: Report) -> str:
        off = "" if found["penalty"] is None else f" ({found['penalty']:.2f})"
        return f"{found['channels']}{off}"

    def slower(found: Report, step: float) -> str:
        shares = [one["slower"] for one in found.get("whole", {"networks": []})["networks"] if one["step"] == step]
        return f"{100 * median(shares):+.1f}%" if shares else "–"

    def said(found: Report) -> str:
        return "–" if "whole" not in found else "yes" if found["whole"]["confirmed"] else "no"

    rows = [
        [
            f"{found['runtime']} {found['precision']}",
            sweep(found["pointwise"]),
            sweep(found["depthwise"]),
            *(slower(found, factor * found["pointwise"]["channels"]) for factor in (0.5, 1, 2)),
            said(found),
        ]
        for found in report["results"]
    ]
    head = ("", "1×1", "depthwise", "off q/2", "off q", "off 2q", "confirmed")
    return f"""## The channel quantum

Time over the width of 1×1 and depthwise convolutions on one thread, and the step q of the staircase; in brackets the
time of widths between its multiples to that of the next multiple. Then MobileNetV2 with all widths halfway between
multiples of q/2, q and 2q: how much slower it is than the line over multiply-adds through the networks whose widths are
such multiples. If q is the quantum, those off q are slower and those off 2q are not.

{table(head, rows)}

![Staircases of time over width](quantum.svg)
"""


def int8(report: Report) -> str:
    """What int8 costs in accuracy."""

    def row(name: str, found: Report) -> list[str]:
        data, _, network = name.partition(" ")
        kept = [run["kept"] for run in found["runs"]]
        schemes = "; ".join(dict.fromkeys(f"{one['scheme']} in {one['runtime']} {one['precision']}" for one in kept))
        parts = "; ".join(dict.fromkeys(", ".join(one["in_float"]) or "nothing" for one in kept))
        ratios = ", ".join(f"{run['latency_ratio']:.2f}{' (busy)' if run['busy'] else ''}" for run in found["runs"])
        accuracies = (f"{100 * found[which]:.2f}%" for which in ("float_accuracy", "accuracy"))
        return [f"{network}, {data}", *accuracies, f"{found['points_lost']:.2f}", schemes, parts, ratios]

    head = ("network, data", "float", "int8", "points lost", "kept", "in float", "times as fast")
    return f"""## Accuracy in int8

What `{report["command"]}` keeps, beside the floating-point artifact; accuracies are those of the artifacts on images
that did not calibrate them. `imagenet` is real weights on {_photographs(report)} photographs, one half calibrating and
the other judging and then the other way round, so a point is two photographs; `cifar10` is networks trained here,
on validation images.

{table(head, [row(name, found) for name, found in report["results"].items()])}
"""


def _photographs(report: Report) -> int:
    return next((one["images"] for name, one in report["results"].items() if name.startswith("imagenet")), 0)


def zoo(report: Report) -> str:
    """The fastest and the slowest of the zoo; the pages of the families have all."""
    took = sorted((one["median_ms"], name) for name, one in report["results"].items())
    return f"""## The zoo

All {len(took)} networks of the zoo at their papers' sizes, in turns: from {took[0][1]}, {took[0][0]:.3g} ms, to
{took[-1][1]}, {took[-1][0]:,.0f} ms; the {{doc}}`pages on the families <families/index>` have each.
"""


SECTIONS: dict[str, Callable[[Report], str]] = {
    "fit": fit,
    "runtimes": lambda report: page_devices.runtimes(report, table),
    "prediction": lambda report: page_devices.prediction(report, table),
    "int8": int8,
    "adapt": lambda report: page_adapt.adapt(report, table),
    "adapt_time": lambda report: page_adapt.adapt_time(report, table),
    "search": lambda report: page_search.search(report, table),
    "zero_cost": lambda report: page_search.zero_cost(report, table),
    "search_workers": page_search.workers,
    "search_cifar": lambda report: page_search_cifar.search_cifar(report, table),
    "counting": counting,
    "counters": counters,
    "networks": networks,
    "zoo": zoo,
    "training": training,
    "quantum": quantum,
    "scenes": lambda report: page_scenes.scenes(report, table),
    "studies": lambda report: page_studies.studies(report, table),
    "scene_training": lambda report: page_scene_training.scene_training(report, table),
}
"""By the name of the results file, in the order of the page."""


def conditions(name: str, report: Report) -> str:
    """Where, with what and under which load a section was measured."""
    machine = report["machine"]
    load = _load(machine)
    cores = machine["usable_cores"] or machine["cores"]
    measured = f"Measured by `benchmarks/{name}.py` with edgewise {report['edgewise']} at a load of {load}"
    place = ", ".join([machine["cpu"] or "an unknown CPU", f"{cores} cores", machine["architecture"], machine["os"]])
    said = [f"{measured} on: {place}, Python {machine['python']}."]
    for timed, where in report.get("timed_on", {}).items():
        said.append(
            f"Latencies of {timed}: {where['cpu']}, {where['runtime']} {where['runtime_version']}, at a load of "
            f"{_load(where)}."
        )
    if (
        machine["load"] is not None
        and machine["load"][0] >= BUSY + (2 if name in CORES else 1)
        and name not in TIMELESS
    ):
        said.append("**The machine was busy with something else: these figures are too slow or too uncertain.**")
    if report["quick"]:
        said.append("**A quick run: too few rounds to rely on.**")
    return " ".join(said)


def _load(machine: Report) -> str:
    return "unknown" if machine["load"] is None else f"{machine['load'][0]:.2f}"


def page(reports: dict[str, Report]) -> str:
    """The page for the reports by the names of their files. Exits with a sentence when one has no section."""
    if unknown := sorted(set(reports) - set(SECTIONS)):
        raise SystemExit(f"{', '.join(unknown)}.json has no section in benchmarks/page.py; add one to SECTIONS")
    sections = [
        f"{render(reports[name])}\n{conditions(name, reports[name])}\n"
        for name, render in SECTIONS.items()
        if name in reports
    ]
    return "\n".join([HEAD, *sections])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the JSON files")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page")
    arguments = parser.parse_args()
    found = sorted(arguments.results.glob("*.json"))
    if not found:
        raise SystemExit(f"there are no results in {arguments.results}; run the other scripts beside this one first")
    reports = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in found}
    write_text(arguments.out, page(reports))
    figures = {"adapt": page_adapt.figure, "search": page_search.figure, "search_cifar": page_search_cifar.figure}
    # Results that are not finished have no latencies yet.
    for name in (name for name in figures.keys() & reports.keys() if reports[name].get("latencies", True)):
        write_text(arguments.out.with_name(f"{name}.svg"), figures[name](reports[name]))
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
