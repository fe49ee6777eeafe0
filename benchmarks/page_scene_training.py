"""The section of docs/benchmarks.md on detectors and segmentation networks trained on real images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

from edgewise.costs import count
from edgewise.papers import Architecture

Report = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

WANTED = {"bccd": ("map50", 0.80, 45), "camvid": ("mean_iou", 0.55, 60)}
"""What was to be reached on the test images, and in how many minutes."""

NAMES = {"map": "mAP", "map50": "mAP at 0.5", "mean_iou": "mean IoU", "pixel_accuracy": "pixels right"}


def scene_training(report: Report, table: Table) -> str:
    """What was reached, in what time; and heads beside each other."""
    networks = report["networks"]
    reached = [_reached(name, networks[name]) for name in WANTED if name in networks]
    head = ("data", "network", "epochs", "images a second", "minutes", "test images")
    parts = [
        f"""## Boxes and masks, trained

Bodies of MobileNetV2 with ImageNet weights, trained with SSDLite's head on blood cells (BCCD, 320 × 320 pixels) and
with LR-ASPP's on street scenes (CamVid, 11 classes, 360 × 480); the minutes are everything, choosing the precision,
validation after every epoch and the test included; of a run that was resumed they are training and validation.

{table(head, reached)}

{chr(10).join(_classes(name, networks[name]) for name in WANTED if name in networks)}
"""
    ]
    if heads := _heads(networks):
        latencies = report["latencies"].get("heads", {})
        rows = [_head(name, seeds, latencies) for name, seeds in heads.items()]
        columns = ("head", "seeds", "multiply-adds", "mean IoU", "median ms")
        parts.append(
            f"""Heads on the same body, trained alike on CamVid for {report["asked"]["heads"]} epochs, with the last
block whole and halved (RF2), timed side by side (onnxruntime fp32, one thread, 360 × 480):

{table(columns, rows)}
"""
        )
    return "\n".join(parts)


def _reached(name: str, one: Report) -> list[str]:
    metric, goal, minutes = WANTED[name]
    scores = ", ".join(f"{NAMES[key]} {100 * value:.1f}%" for key, value in one["metrics"].items() if key in NAMES)
    # A run that was resumed has its training's seconds of all calls.
    seconds = max(one["seconds"], one.get("training_seconds", 0.0))
    kept = one["metrics"][metric] >= goal and seconds <= 60 * minutes
    wanted = f"{'reached' if kept else 'not reached'}: {NAMES[metric]} {100 * goal:.0f}% in {minutes} minutes"
    return [
        name.upper() if name == "bccd" else "CamVid",
        one["architecture"]["name"],
        str(one["epochs"]),
        f"{one['images_per_second']:.1f}",
        f"{seconds / 60:.0f}" + (" (resumed)" if seconds > one["seconds"] else ""),
        f"{scores} ({wanted})",
    ]


def _classes(name: str, one: Report) -> str:
    what = "Mean average precision" if name == "bccd" else "Intersection over union"
    found = ", ".join(f"{key} {100 * value:.1f}%" for key, value in one["per_class"].items() if value is not None)
    return f"- {what} by class: {found}."


def _heads(networks: Mapping[str, Report]) -> dict[str, list[tuple[str, Report]]]:
    """By head its runs, one a seed, each with its key."""
    found: dict[str, list[tuple[str, Report]]] = {}
    for key, one in networks.items():
        if key.startswith("heads/"):
            found.setdefault(key.split("/", 2)[2], []).append((key, one))
    return found


def _head(name: str, seeds: Sequence[tuple[str, Report]], latencies: Mapping[str, Report]) -> list[str]:
    architecture = Architecture.from_dict(seeds[0][1]["architecture"])
    reached = [100 * one["metrics"]["mean_iou"] for _, one in seeds]
    spread = f" ({min(reached):.1f} to {max(reached):.1f})" if len(reached) > 1 else ""
    timed = latencies.get(seeds[0][0])
    return [
        name,
        str(len(seeds)),
        f"{count(architecture).multiply_adds / 1e9:.2f} G",
        f"{mean(reached):.1f}%{spread}",
        "–" if timed is None else f"{timed['median_ms']:.1f}",
    ]
