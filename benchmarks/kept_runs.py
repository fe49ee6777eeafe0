"""Long benchmarks on CIFAR-10: every network that is done is kept at once, and the next call does the others."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import edgewise
from edgewise.deploy import build, random_tensors
from edgewise.devices import Variant, describe_machine, measure_variants
from edgewise.files import write_text
from edgewise.papers import Architecture
from edgewise.version import VERSION

TIMING_SECONDS = 120.0
"""How long networks are timed side by side."""

Report = dict[str, Any]


def say(text: str) -> None:
    print(text, flush=True)


class KeptRuns:
    """What was asked for (`settings`), the folder of models meanwhile, and in the file `out` what is done: `networks`,
    `latencies` of them, and on which machines these were measured (`timed_on`)."""

    def __init__(self, name: str, data: Path, folder: Path, out: Path, epochs: int, settings: Report) -> None:
        self.name, self.data, self.folder, self.out, self.epochs = name, data, folder, out, epochs
        self.settings = {"epochs": epochs, **settings}
        kept: Report = json.loads(out.read_text()) if out.exists() else {}
        changed = [key for key, value in self.settings.items() if kept and kept.get(key) != value]
        if changed:
            raise SystemExit(
                f"{out} was made with {changed[0]} {kept.get(changed[0])} and not {self.settings[changed[0]]}; name "
                "another file with --out"
            )
        self.networks: dict[str, Report] = kept.get("networks", {})
        self.latencies: dict[str, Report] = kept.get("latencies", {})
        self.timed_on: dict[str, Report] = kept.get("timed_on", {})

    def keep(self, key: str, make: Callable[[], Report]) -> Report:
        """The result called `key`: read where there is one, else made and written."""
        if key not in self.networks:
            say(key)
            began = time.monotonic()
            made = make()
            seconds = round(time.monotonic() - began, 1)
            self.networks[key] = {**made, "seconds": seconds, "cpu": describe_machine().cpu}
            self.write()
        return self.networks[key]

    def write(self) -> None:
        report = {
            "benchmark": self.name,
            "edgewise": VERSION,
            "quick": False,
            "machine": describe_machine().to_json(),
            **self.settings,
            "networks": self.networks,
            "latencies": self.latencies,
            "timed_on": self.timed_on,
        }
        write_text(self.out, json.dumps(report, indent=1, allow_nan=False) + "\n")

    def trained(self, key: str, architecture: Architecture, seed: int) -> Report:
        """The network trained from scratch on all cores, and its accuracy on the test images."""
        return self.keep(key, lambda: trained(self.data, architecture, seed, self.epochs, self.folder / key))

    def trained_beside(self, wanted: Mapping[str, tuple[Architecture, int]]) -> list[Report]:
        """The same of several networks and their seeds, by key: one on each core, for threads of one training wait."""
        missing = {key: one for key, one in wanted.items() if key not in self.networks}
        with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
            began = {
                pool.submit(trained_alone, self.data, architecture, seed, self.epochs, self.folder / key): key
                for key, (architecture, seed) in missing.items()
            }
            for done in as_completed(began):
                say(began[done])
                self.networks[began[done]] = done.result()
                self.write()
        return [self.networks[key] for key in wanted]

    def timed(self, prefix: str) -> None:
        """The latencies of all trained networks whose keys begin with `prefix`, side by side."""
        found = {
            key: Architecture.from_dict(one["architecture"])
            for key, one in self.networks.items()
            if key.startswith(f"{prefix}/") and ("accuracy" in one or "metrics" in one)
        }
        latencies = side_by_side({one.digest: one for one in found.values()})
        self.latencies[prefix] = {key: latencies[one.digest] for key, one in found.items()}
        self.timed_on[prefix] = describe_machine().to_json()
        self.write()


def trained(
    data: Path, architecture: Architecture, seed: int, epochs: int, folder: Path, workers: int | None = None
) -> Report:
    """The network trained from scratch: its accuracy on the validation and the test images, and what it took."""
    made = edgewise.train(
        data, architecture, size=32, epochs=epochs, seed=seed, workers=workers, out=folder, progress=False
    )
    return {
        "architecture": made.card.architecture.to_dict(),
        "validation": made.training.metrics["accuracy"],
        "accuracy": made.test.metrics()["accuracy"],
    }


def trained_alone(data: Path, architecture: Architecture, seed: int, epochs: int, folder: Path) -> Report:
    """The same in a process of its own, with one thread."""
    torch.set_num_threads(1)
    began = time.monotonic()
    made = trained(data, architecture, seed, epochs, folder, workers=0)
    return {**made, "threads": 1, "seconds": round(time.monotonic() - began, 1)}


def side_by_side(networks: Mapping[str, Architecture], seconds: float = TIMING_SECONDS) -> dict[str, Report]:
    """The latencies of networks, by name (onnxruntime fp32, one thread)."""
    with TemporaryDirectory() as place:
        variants = [
            Variant(name, build(one, random_tensors(one), Path(place), f"{number}"), "onnxruntime")
            for number, (name, one) in enumerate(networks.items())
        ]
        return {one.name: one.to_json() for one in measure_variants(variants, max_seconds=seconds)}
