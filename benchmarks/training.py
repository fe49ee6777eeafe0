"""Training: what each of the ways to make its steps faster gives here, what our loop costs beside a bare one, how fast
images come.

The ways (layout, precision, freed memory kept, slow depthwise convolutions left in fp32) take turns step by step in one
process; the loops take turns run by run, on the same images kept in memory, the same network and the same number of
steps. Wall time on all of the machine's threads, so it wants a quiet machine.

    python benchmarks/training.py            about 5 minutes
    python benchmarks/training.py --quick    about 1 minute, too few rounds to conclude anything

Expect channels_last well ahead, and our loop within a few percent of the bare one. Writes
benchmarks/results/training.json, or what --out names.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

# Before torch loads OpenMP: what the command line does too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from torch import nn

from edgewise.data import Augmentation, Batches, Split
from edgewise.data.images import StoredImages
from edgewise.data.statistics import preprocessing_for
from edgewise.devices import describe_machine
from edgewise.files import write_text
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.training import Recipe, train
from edgewise.training.depthwise import DepthwiseInFp32
from edgewise.training.memory import freed_memory_kept
from edgewise.version import VERSION

RESULTS = Path(__file__).parent / "results" / "training.json"

SIZE, BATCH, CLASSES = 32, 128, 10

SHIFTED = Augmentation(crop="pad", flip=True)


@dataclass(frozen=True)
class Form:
    """What a step is taken with."""

    layout: torch.memory_format = torch.channels_last
    bf16: bool = False
    kept: bool = False
    depthwise: bool = False


FORMS = {
    "contiguous": Form(torch.contiguous_format),
    "channels_last": Form(),
    "channels_last, bf16": Form(bf16=True),
    "channels_last, memory kept": Form(kept=True),
    "channels_last, memory kept, bf16": Form(bf16=True, kept=True),
    "channels_last, memory kept, bf16 but for slow depthwise": Form(bf16=True, kept=True, depthwise=True),
}

NETWORKS = {"mobilenet_v2_0.5": find("mobilenet_v2_0.5"), "resnet18_0.25": find("resnet18").scaled(0.25)}


def small(architecture: Architecture) -> Architecture:
    return architecture.with_classes(CLASSES).with_input(SIZE)


def invented(images: int) -> Split:
    """Images of noise: what they show does not change how long a step takes."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (images, SIZE, SIZE, 3), dtype=np.uint8)
    return Split("train", StoredImages(pixels, [str(i) for i in range(images)]), random.integers(0, CLASSES, images))


def fed(split: Split) -> Batches:
    """Batches as in training: in a new order, shifted and mirrored."""
    return Batches(
        split,
        preprocessing_for(SIZE),
        batch_size=BATCH,
        seed=0,
        augmentation=SHIFTED,
        shuffle=True,
        workers=0,
        drop_last=True,
    )


def spread(values: list[float]) -> dict[str, float]:
    tenths = quantiles(values, n=10, method="inclusive")
    return {"median": round(median(values), 4), "p10": round(tenths[0], 4), "p90": round(tenths[-1], 4)}


class Stepper:
    """Plain SGD steps on one batch, in one form."""

    def __init__(self, architecture: Architecture, form: Form) -> None:
        self.form = form
        self.network = Network(architecture, seed=0).to(memory_format=form.layout)
        self.optimiser = torch.optim.SGD(self.network.parameters(), lr=0.01, momentum=0.9, nesterov=True)
        images = torch.randn(BATCH, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
        self.images = images.contiguous(memory_format=form.layout)
        self.targets = torch.arange(BATCH) % CLASSES

    def step(self) -> float:
        """Seconds of one step."""
        start = time.perf_counter()
        slow = DepthwiseInFp32() if self.form.depthwise else nullcontext()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.form.bf16), slow:
            loss = nn.functional.cross_entropy(self.network(self.images), self.targets)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return time.perf_counter() - start


def forms(architecture: Architecture, rounds: int) -> dict[str, Any]:
    """Images a second in each form, and how many times faster than contiguous fp32, per round."""
    steppers = {name: Stepper(architecture, form) for name, form in FORMS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in FORMS}
    for _ in range(rounds):
        for name, stepper in steppers.items():
            with freed_memory_kept() if stepper.form.kept else nullcontext():
                stepper.step()  # a step that finds what the one before it has left
                seconds[name].append(stepper.step())
    return {
        name: {
            "images_per_second": round(BATCH / median(times), 1),
            "times_contiguous": spread([a / b for a, b in zip(seconds["contiguous"], times, strict=True)]),
        }
        for name, times in seconds.items()
    }


def bare(architecture: Architecture, split: Split, steps: int) -> float:
    """Images a second of a loop written out by hand over the same batches."""
    network = Network(architecture, seed=0).to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    batches = fed(split)
    start = time.perf_counter()
    for _, (images, targets) in zip(range(steps), batches, strict=False):
        loss = nn.functional.cross_entropy(network(images), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return BATCH * steps / (time.perf_counter() - start)


def ours(architecture: Architecture, split: Split, steps: int) -> float:
    """Images a second of `train`, its training steps alone."""
    recipe = Recipe(
        epochs=1,
        batch_size=BATCH,
        learning_rate=0.01,
        precision="32",
        augmentation=SHIFTED,
    )
    with TemporaryDirectory() as folder:
        result = train(
            Network(architecture, seed=0),
            {"train": split},
            recipe,
            folder,
            preprocessing=preprocessing_for(SIZE),
            accelerator="cpu",
            until_step=steps,
            progress=False,
        )
    return result.images_per_second


def loops(architecture: Architecture, rounds: int, steps: int) -> dict[str, Any]:
    """Our loop beside the bare one, in turns."""
    split = invented(BATCH * steps)
    ours(architecture, split, 2)
    rates = [(ours(architecture, split, steps), bare(architecture, split, steps)) for _ in range(rounds)]
    return {
        "ours": round(median(a for a, _ in rates), 1),
        "bare": round(median(b for _, b in rates), 1),
        "ratio": spread([a / b for a, b in rates]),
        "steps": steps,
        "rounds": rounds,
    }


def pipeline(seconds: float) -> float:
    """Images a second of `Batches` alone: shifted, mirrored, normalised, from memory, on one core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    split = invented(20_000)
    batches = fed(split)
    images, epoch, start = 0, 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        batches.set_epoch(epoch)
        images += sum(len(targets) for _, targets in batches)
        epoch += 1
    rate = images / (time.perf_counter() - start)
    torch.set_num_threads(threads)
    return round(rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few and short rounds")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    arguments = parser.parse_args()
    machine = describe_machine().to_json()  # first, for the load it was measured under is not our own
    rounds, steps = (3, 8) if arguments.quick else (15, 20)
    results: dict[str, Any] = {"forms": {}, "loops": {}}
    for name, architecture in NETWORKS.items():
        results["forms"][name] = forms(small(architecture), rounds)
        print(name, json.dumps(results["forms"][name]), flush=True)
        results["loops"][name] = loops(small(architecture), 3 if arguments.quick else 5, steps)
        print(name, json.dumps(results["loops"][name]), flush=True)
    results["pipeline"] = pipeline(1 if arguments.quick else 10)
    report = {
        "what": "training steps in several forms, our loop beside a bare one, batches alone",
        "quick": arguments.quick,
        "size": SIZE,
        "batch": BATCH,
        "threads": torch.get_num_threads(),
        "edgewise": VERSION,
        "torch": torch.__version__,
        "machine": machine,
        "results": results,
    }
    write_text(arguments.out, json.dumps(report, indent=1) + "\n")
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
