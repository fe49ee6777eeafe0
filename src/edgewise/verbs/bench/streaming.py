"""`bench --throughput`: images per second of several streams of single images, beside one stream and one of batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgewise.deploy.batching import rebatched
from edgewise.deploy.inspect import image_shape, takes_pixels
from edgewise.devices import Variant, describe_machine, run
from edgewise.devices.machine import available_cores, memory_bytes
from edgewise.devices.sessions import held_bytes
from edgewise.devices.throughput import Rate, Way, measure_rates
from edgewise.errors import EdgewiseError
from edgewise.verbs.bench.forms import variants_of
from edgewise.verbs.bench.plan import plan
from edgewise.verbs.bench.rates import Throughput, Throughputs
from edgewise.verbs.bench.running import Run
from edgewise.verbs.checks import at_least

BATCH = 8
"""How many images the batch has that streams are compared with."""

# Shares of the largest output: kernels for batches add in another order, which rounds to other steps in bf16 and int8.
_AGREEING, _AGREEING_LESS = 1e-3, 0.1


def throughput(
    models: Sequence[str | Path],
    *,
    width: float | None = None,
    size: int | None = None,
    classes: int | None = None,
    runtime: str | Sequence[str] = "onnxruntime",
    precision: str | Sequence[str] | None = None,
    streams: int | None = None,
    seconds: float = 30.0,
    progress: Callable[[int, int, int], None] | None = None,
) -> Throughputs:
    """Measures images per second of `models`, named as for `bench`, in every runtime and precision that fits them.

    `streams` processes of one thread each, by default as many as there are cores to use, run single images beside each
    other; that is compared with one of them alone and, where the artifact can be made to take it, with batches of
    `BATCH` split over as many threads. All is interleaved, in windows of time that all streams share. A network with
    shuffles has a row for each of its forms.
    Raises `EdgewiseError` as `bench` does, with fewer than two streams, and where they would not fit into memory.
    """
    if not 0 < seconds < math.inf:
        raise EdgewiseError(f"{seconds:g} seconds are no time to measure in; give more than 0")
    if streams is None and available_cores() < 2:
        raise EdgewiseError("there is one core to use here, and streams are for several; give --streams to try it")
    count = available_cores() if streams is None else streams
    at_least(2, {"streams": count})
    planned = plan(models, width=width, size=size, classes=classes, runtime=runtime, precision=precision)
    notes = [*planned.notes, *(f"left out: {sentence}" for sentence in planned.unreadable)]
    with TemporaryDirectory() as folder:
        made = Run(planned, Path(folder), None)
        notes += dict.fromkeys(map(str, made.failures))
        compared = [
            _Compared(variant, Way(variant, streams=count), Way(variant), _batches(variant, Path(folder), count, notes))
            for one in made.built
            for variant in variants_of(one, 1).values()
        ]
        ways = [way for one in compared for way in (one.many, one.single, one.batches) if way is not None]
        _check_memory(ways)
        sentences: list[str] = [one.sentence for one in made.failures]

        def failed(way: Way, error: EdgewiseError) -> None:
            sentences.append(_named(error, way.variant))
            notes.append(f"left out: {sentences[-1]}")

        measured = measure_rates(ways, max_seconds=seconds, progress=progress, failed=failed)
    rates = {one.way: one for one in measured}
    rows = [row for one in compared if (row := one.row(rates)) is not None]
    if not rows:
        raise EdgewiseError(sentences[0])
    return Throughputs(
        rows=tuple(sorted(rows, key=lambda row: -row.streams.images_per_second)),
        machine=describe_machine(planned.asked[0][0]),
        streams=count,
        notes=tuple(dict.fromkeys(notes)),
    )


@dataclass(frozen=True)
class _Compared:
    """The ways that one artifact is run in."""

    variant: Variant
    many: Way
    single: Way
    batches: Way | None

    def row(self, rates: Mapping[Way, Rate]) -> Throughput | None:
        """None where a way that the others are compared with could not be measured."""
        many, single = rates.get(self.many), rates.get(self.single)
        if many is None or single is None:
            return None
        batches = rates.get(self.batches) if self.batches is not None else None
        return Throughput(self.variant.name, self.variant.runtime, self.variant.precision, many, single, batches)


def _batches(variant: Variant, folder: Path, threads: int, notes: list[str]) -> Way | None:
    """Batches of the artifact split over `threads`, once their outputs are known to be those of single images."""
    if variant.path.suffix != ".onnx":
        notes.append(f"no batches in {variant.runtime}, whose artifacts take one image")
        return None
    try:
        path = folder / f"{sha256(str(variant.path).encode()).hexdigest()}.batch.onnx"
        if not path.exists():
            rebatched(variant.path, path, BATCH)
        _check_batches(variant, path)
    except EdgewiseError as error:
        notes.append(f"no batches in {variant.runtime} {variant.precision}: {_named(error, variant)}")
        return None
    return Way(replace(variant, path=path, threads=threads), batch=BATCH)


def _check_batches(variant: Variant, batched: Path) -> None:
    """Raises `EdgewiseError` where the batch's outputs are not those of its images, or either cannot be run."""
    shape = image_shape(variant.path)
    if shape is None:
        raise EdgewiseError(f"{variant.path} does not take images alone")
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, *shape), dtype=np.uint8)
    images = pixels if takes_pixels(variant.path) else ((pixels / np.float32(255) - 0.5) / 0.25).astype(np.float32)
    single, together = (
        run(path, images, runtime=variant.runtime, precision=variant.precision) for path in (variant.path, batched)
    )
    tolerance = _AGREEING if variant.precision == "fp32" else _AGREEING_LESS
    if together.shape != single.shape or np.abs(together - single).max() > tolerance * np.abs(single).max():
        raise EdgewiseError(f"{variant.path} gives other outputs for a batch than for its images")


def _check_memory(ways: Sequence[Way]) -> None:
    """Raises `EdgewiseError` where the streams would not fit into half of the memory."""
    needed = sum(way.streams * held_bytes(way.variant) for way in ways)
    there = memory_bytes()
    if there is not None and needed > there // 2:
        raise EdgewiseError(
            f"all streams together would take about {needed / 2**30:.1f} GiB of the {there / 2**30:.1f} GiB of memory; "
            "name fewer models, or give fewer --streams"
        )


def _named(error: EdgewiseError, variant: Variant) -> str:
    """What was built here lies in a folder that nobody knows: the sentence is to name the model."""
    return str(error).replace(str(variant.path), variant.name)
