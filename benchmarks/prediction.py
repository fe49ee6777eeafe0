"""Latencies predicted for networks that were never measured, against what measuring says.

Two kinds of space around MobileNets at 128 × 128 pixels, on one thread: in `choices` every layer is drawn (left out,
expansion 3 or 6, kernel 3 or 5, with squeeze-and-excitation or without); in `widths` every width of MobileNetV2 is a
random multiple of 8. Of each space 50 networks are measured and traced, and 100 others measured only; the latency table
knows the 50, and predicts the 100. All 150 are measured in turns, so both see the same machine. Beside the predictor
stand two anchors with the same kind of calibration: multiply-adds on the same 50 networks, and the sum of rows that
were timed alone (`isolated`, for half the networks; its bias without calibration is given too). The noise is what two
halves of the measurement of the 100 differ by; the whole is steadier than its halves.

    python benchmarks/prediction.py                        about 5 minutes for each setting and space
    python benchmarks/prediction.py --unseen 20 --rounds 4 --out prediction.json    about 3 minutes

Stopped and started again it goes on (measurements are kept in --runs). Expect a mean error of 3% on a quiet machine.
Writes benchmarks/results/prediction.json, or what --out names.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.stats import rankdata

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, Row
from edgewise.costs import count
from edgewise.costs.units import reads_of
from edgewise.deploy import build, random_tensors
from edgewise.devices import Variant, describe_machine, screen_variants
from edgewise.devices.intervals import quantile
from edgewise.devices.prediction import LatencyTable, MeasuredNetwork, Predictor
from edgewise.devices.prediction.predictor import noise, relative_fit
from edgewise.devices.prediction.table import TYPICAL, row_key
from edgewise.files import write_text
from edgewise.papers import Architecture, find
from edgewise.profiling.filling import fill
from edgewise.version import VERSION

RESULTS = Path(__file__).parent / "results" / "prediction.json"

CALIBRATION, UNSEEN, ROUNDS, SIZE, CLASSES = 50, 100, 24, 128, 100

ALONE = 25
"""Of so many networks of each kind the rows are timed alone; there are over a thousand of them."""

CHUNKS = 4
"""The networks to learn from and those to predict take turns so often."""

Random = np.random.Generator


def choices(random: Random) -> Architecture:
    """Stages of MobileNetV3's widths whose layers are drawn."""
    rows: list[Row] = [ConvBNAct(out_channels=16, stride=2, activation="hard_swish")]
    entering = 16
    for stage, (width, stride, layers) in enumerate(
        [(16, 1, 1), (24, 2, 4), (40, 2, 4), (80, 2, 4), (112, 1, 3), (160, 2, 3)]
    ):
        for layer in range(layers):
            if layer and random.random() < 0.25:
                continue
            expanded = entering * int(random.choice([3, 6])) if stage else 0
            squeeze = max(8, (expanded or entering) // 4) if random.random() < 0.3 else 0
            rows.append(
                InvertedResidual(
                    out_channels=width,
                    expanded=expanded,
                    kernel=int(random.choice([3, 5])),
                    stride=stride if layer == 0 else 1,
                    squeeze=squeeze,
                    activation="hard_swish" if stage >= 3 else "relu",
                )
            )
            entering = width
    rows.append(ConvBNAct(out_channels=960, kernel=1, activation="hard_swish", head=True))
    rows.append(Classifier(classes=CLASSES))
    return Architecture("choices", tuple(rows), input=(3, SIZE, SIZE))


def widths(random: Random) -> Architecture:
    """MobileNetV2 with every width a random multiple of 8, those a shortcut joins the same."""

    def drawn(width: int) -> int:
        return max(8, 8 * round(width * random.uniform(0.4, 1.3) / 8))

    base = find("mobilenet_v2")
    joined: dict[int, int] = {}
    rows: list[Row] = []
    for row in base.rows:
        if isinstance(row, InvertedResidual):
            out = joined.setdefault(row.out_channels, drawn(row.out_channels))
            row = replace(row, out_channels=out, expanded=drawn(row.expanded) if row.expanded else 0)
        elif isinstance(row, ConvBNAct):
            row = replace(row, out_channels=drawn(row.out_channels))
        rows.append(row)
    return replace(base, name="widths", rows=tuple(rows)).with_classes(CLASSES).with_input(SIZE)


SPACES: dict[str, Callable[[Random], Architecture]] = {"choices": choices, "widths": widths}


def distinct(space: str, wanted: int) -> list[Architecture]:
    """So many different networks, always the same."""
    random = np.random.default_rng(sorted(SPACES).index(space))
    found: dict[str, Architecture] = {}
    while len(found) < wanted:
        one = SPACES[space](random)
        found.setdefault(one.digest, one)
    return list(found.values())


def isolated(networks: Sequence[Architecture], runtime: str, precision: str) -> dict[str, float]:
    """What every row of the networks takes alone, in ms of CPU time, by its key."""
    rows = {
        row_key(row, reads): Architecture("row", (row,), input=reads.input)  # type: ignore[arg-type]
        for one in networks
        for row, reads in zip(one.rows, reads_of(one), strict=True)
    }
    with TemporaryDirectory() as name:
        folder = Path(name)
        variants = []
        for index, (key, one) in enumerate(rows.items()):
            tensors = random_tensors(one)
            path = build(one, tensors, folder, str(index), runtime=runtime, precision=precision)
            variants.append(Variant(key, path, runtime, precision))
        return {one.name: one.cpu_median_ms or one.median_ms for one in screen_variants(variants)}


def scores(predicted: Sequence[float], measured: Sequence[float]) -> dict[str, float]:
    errors = [one / other - 1 for one, other in zip(predicted, measured, strict=True)]
    return {
        "mean_error": fmean(map(abs, errors)),
        "bias": fmean(errors),
        "within_5": fmean(abs(error) <= 0.05 for error in errors),
        "within_10": fmean(abs(error) <= 0.1 for error in errors),
        "rank_correlation": float(np.corrcoef(rankdata(predicted), rankdata(measured))[0, 1]),
    }


def calibrated(
    of: Callable[[Architecture], float], known: Sequence[MeasuredNetwork], asked: Sequence[MeasuredNetwork]
) -> dict[str, float]:
    """How well a number of an architecture predicts, given a factor and an offset from the known networks."""
    offset, factor = relative_fit([[1.0, of(one.architecture)] for one in known], [one.ms for one in known])
    return scores([offset + factor * of(one.architecture) for one in asked], [one.ms for one in asked])


def measured(
    space: str, runtime: str, precision: str, unseen: int, rounds: int, runs: Path
) -> tuple[LatencyTable, list[MeasuredNetwork], float | None]:
    """The table of the networks to learn from, those to predict, and the seconds the former took; None where they had
    been measured before."""
    networks = distinct(space, CALIBRATION + unseen)
    learnt, asked = networks[:CALIBRATION], networks[CALIBRATION:]
    name = f"{space}-{runtime}-{precision}"
    seconds = None if (runs / f"{name}-learnt.json").exists() else 0.0
    table, other = None, None
    for chunk in range(1, CHUNKS + 1):
        share = max(1, round(rounds * chunk / CHUNKS))
        where = {"runtime": runtime, "precision": precision, "rounds": share}
        began = time.monotonic()
        table = fill(runs / f"{name}-learnt.json", learnt, traces=min(share, 10), **where)  # type: ignore[arg-type]
        if seconds is not None:
            seconds += time.monotonic() - began
        other = fill(runs / f"{name}-asked.json", asked, traces=0, **where)  # type: ignore[arg-type]
        print(f"{name}: {share} of {rounds} rounds", flush=True)
    assert table is not None
    assert other is not None
    return table, [other.networks[one.digest] for one in asked], seconds


def evaluated(space: str, runtime: str, precision: str, unseen: int, rounds: int, runs: Path) -> dict[str, Any]:
    table, asked, seconds = measured(space, runtime, precision, unseen, rounds, runs)
    predictor = Predictor(table)
    known = list(table.networks.values())
    predictions = [predictor.predict(one.architecture) for one in asked]
    truth = [one.ms for one in asked]
    few = known[:ALONE], asked[:ALONE]
    alone = isolated([one.architecture for part in few for one in part], runtime, precision)

    def summed(one: Architecture) -> float:
        return sum(alone[row_key(row, reads)] for row, reads in zip(one.rows, reads_of(one), strict=True))

    found = {
        "space": space,
        "runtime": runtime,
        "precision": precision,
        "learnt_from": len(known),
        "asked": len(asked),
        "seconds_of_learning": None if seconds is None else round(seconds, 1),
        "ms": [quantile(truth, 0.0), quantile(truth, 0.5), quantile(truth, 1.0)],
        "noise": noise(asked),
        "tracing_us": predictor.tracing_us,
        "looked_up": fmean(one.known for one in predictions),
        "inside_interval": fmean(one.low_ms <= ms <= one.high_ms for one, ms in zip(predictions, truth, strict=True)),
        "predictor": scores([one.ms for one in predictions], truth),
        "multiply_adds": calibrated(lambda one: float(count(one).multiply_adds), known, asked),
        "isolated": calibrated(summed, *few),
        "isolated_bias": scores([summed(one.architecture) for one in few[1]], truth[:ALONE])["bias"],
        "load": list(os.getloadavg()),
    }
    for name in ("predictor", "isolated", "multiply_adds"):
        got = found[name]
        print(
            f"  {name}: error {100 * got['mean_error']:.1f}%, within 10% {100 * got['within_10']:.0f}%, "
            f"rank correlation {got['rank_correlation']:.3f}",
            flush=True,
        )
    print(f"  noise {100 * found['noise']:.1f}%", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--space", action="append", choices=list(SPACES))
    parser.add_argument("--setting", action="append", help="runtime and precision, such as 'openvino bf16'")
    parser.add_argument("--unseen", type=int, default=UNSEEN)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--runs", type=Path, default=Path("runs/prediction"), help="where measurements are kept")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    kept = json.loads(asked.out.read_text())["spaces"] if asked.out.exists() else []
    for setting in asked.setting or ["onnxruntime fp32"]:
        runtime, precision = setting.split()
        for space in asked.space or SPACES:
            found = evaluated(space, runtime, precision, asked.unseen, asked.rounds, asked.runs)
            same = ("space", "runtime", "precision")
            kept = [one for one in kept if any(one[name] != found[name] for name in same)] + [found]
            report = {
                "benchmark": "prediction",
                "edgewise": VERSION,
                "machine": describe_machine().to_json(),
                "quick": asked.rounds < ROUNDS or asked.unseen < UNSEEN,
                "quantile": TYPICAL,
                "spaces": kept,
            }
            write_text(asked.out, json.dumps(report, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
