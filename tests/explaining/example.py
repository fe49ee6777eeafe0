"""A report of invented numbers, the shape of a real one, for the tests of this folder."""

from __future__ import annotations

import numpy as np

from edgewise.explaining import (
    Budget,
    CandidatePoint,
    CostLine,
    DatasetSummary,
    Epoch,
    FitReport,
    Mistake,
    WinnerSummary,
    WrittenFile,
)

FAMILIES = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3", "shufflenet_v2", "resnet")
STAGES = ("rung 1", "rung 1", "rung 2", "winner")


def example_report(classes: tuple[str, ...] = tuple("0123456789"), candidates: int = 40) -> FitReport:
    """A whole FitReport, the same on every call; the last trained candidate wins."""
    random = np.random.default_rng(7)
    trained = min(9, candidates)
    points = tuple(_candidate(random, index, index < trained, index == trained - 1) for index in range(candidates))
    matrix = np.diag(random.integers(20, 40, len(classes)))
    for _ in range(2 * len(classes)):
        matrix[random.integers(len(classes)), random.integers(len(classes))] += 1
    winner = points[trained - 1]
    assert winner.latency_ms is not None
    assert winner.latency_interval is not None
    return FitReport(
        title="digits in 0.5 ms",
        command='edgewise fit digits --budget "0.6x mobilenet_v2" --out runs/demo',
        machine={"cpu": "An example CPU", "threads": 1, "runtime": {"name": "onnxruntime", "version": "1.2.3"}},
        dataset=DatasetSummary(
            source="digits",
            classes=classes,
            counts={"train": 1437, "val": 180, "test": 180},
            split_rule="one folder, split 80/10/10 by class with seed 0",
            skipped=(("train/3/broken.png", "the file ends after 12 bytes"),),
        ),
        budget=Budget(0.5, "0.6x mobilenet_v2"),
        candidates=points,
        winner=WinnerSummary(
            name=winner.name,
            latency_ms=winner.latency_ms,
            latency_interval=winner.latency_interval,
            runs_in="onnxruntime int8",
            val_accuracy=0.983,
            val_images=180,
            test_accuracy=0.978,
            test_images=180,
            facts={"largest difference from the trained network's outputs": "1.2e-06"},
        ),
        costs=tuple(
            CostLine(
                row=str(index),
                description=f"InvertedResidual(expanded={16 * index}, out_channels={8 * index}, kernel=3, stride=1)",
                output=(8 * index, 32 // index, 32 // index),
                multiply_adds=int(random.integers(10_000, 3_000_000)),
                parameters=int(random.integers(100, 50_000)),
                bytes_read=int(random.integers(10_000, 1_000_000)),
                bytes_written=int(random.integers(10_000, 1_000_000)),
            )
            for index in range(1, 15)
        ),
        confusion=matrix,
        mistakes=tuple(
            Mistake(
                image=random.integers(0, 256, (32, 32, 3)).astype(np.uint8),
                truth=classes[index % len(classes)],
                predicted=classes[(index + 1) % len(classes)],
                probability=0.99 - 0.05 * index,
                path=f"test/{index % 10}/image_{index:04d}.png",
            )
            for index in range(8)
        ),
        history=tuple(
            Epoch(
                number=epoch,
                train_loss=2.3 * 0.8**epoch + 0.05,
                val_loss=2.3 * 0.78**epoch + 0.09,
                train_accuracy=1 - 0.9 * 0.75**epoch,
                val_accuracy=0.98 - 0.88 * 0.72**epoch,
            )
            for epoch in range(1, 21)
        ),
        files=(WrittenFile("model.onnx", "the deployed artifact", 1_234_567), WrittenFile("run.json", "everything")),
        provenance={"edgewise": "0.1.0", "seed": 0, "data digest": "ab" * 32},
    )


def _candidate(random: np.random.Generator, index: int, trained: bool, wins: bool) -> CandidatePoint:
    latency = float(10 ** random.uniform(-1.3, 0.8)) if not trained else float(random.uniform(0.12, 0.5))
    half = 0.015 * latency
    return CandidatePoint(
        name=f"{FAMILIES[index % 5]} {(0.25, 0.5, 0.75, 1.0)[index % 4]:g} @ {16 + index}",
        family=FAMILIES[index % 5],
        multiply_adds=int(latency * 2e7),
        parameters=int(random.integers(10_000, 3_000_000)),
        latency_ms=latency,
        latency_interval=(latency - half, latency + half),
        accuracy=(0.983 if wins else 0.75 + 0.4 * latency + float(random.normal(0, 0.02))) if trained else None,
        images=180 if trained else None,
        stage="winner" if wins else (STAGES[index % 3] if trained else "measured"),
        in_budget=latency <= 0.5,
        runs_in=f"onnxruntime {('fp32', 'bf16')[index % 2]}",
    )
