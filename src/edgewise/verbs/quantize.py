"""`quantize`: an artifact in int8 that holds its accuracy, the fastest of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgewise.data import Split, open_dataset
from edgewise.deploy import ArtifactCard, export_fastest, read_artifact, tensors_of
from edgewise.deploy.quantize import SCHEMES, Scheme, quantize_onnx
from edgewise.deploy.scoring import evaluate_artifact
from edgewise.devices import Latency, groups, measure
from edgewise.errors import EdgewiseError
from edgewise.files import write_bytes
from edgewise.fitting.delivery import some_pixels
from edgewise.fitting.halving import score_of
from edgewise.verbs.checks import at_least, decoding_workers
from edgewise.verbs.naming import relabelled
from edgewise.verbs.resolve import existing, is_artifact, is_model_file

FLOAT = "fp32"


@dataclass(frozen=True)
class Attempt:
    """One way to quantise: the accuracy of the artifact on the validation images, and its latency where it was measured
    because the accuracy holds. The floating-point artifact is one too, without a scheme."""

    name: str
    accuracy: float
    latency: Latency | None = None


@dataclass(frozen=True)
class Quantized:
    """The int8 artifact, which of the attempts it is, and all of them, the floating-point artifact first."""

    artifact: Path
    kept: Attempt
    attempts: tuple[Attempt, ...]

    @property
    def speedup(self) -> float:
        """How many times the latency of the floating-point artifact is that of the int8 one."""
        plain, kept = self.attempts[0].latency, self.kept.latency
        assert plain is not None
        assert kept is not None
        return plain.median_ms / kept.median_ms


def quantize(
    model: str | Path,
    data: str | Path,
    out: str | Path | None = None,
    *,
    points: float = 1.0,
    calibration: int = 256,
    threads: int = 1,
    seconds: float = 12.0,
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    workers: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Quantized:
    """Quantises `model`, a model file or an artifact, to int8 for ONNX Runtime; writes `out`, by default `….int8.onnx`.

    Ranges come from `calibration` of `data`'s training images. Every scheme is tried; of those that lose at most
    `points` percentage points of accuracy on the validation images the fastest is kept, measured side by side on
    `threads` threads for up to `seconds`. `seed` divides data that does not come with splits. Accuracy is always the
    artifact's.

    Raises `EdgewiseError` when no scheme holds the accuracy, naming what each reached, or when model or data cannot be
    used.
    """
    at_least(1, {"calibration": calibration, "threads": threads})
    at_least(0, {"seed": seed, "workers": workers})
    if not points >= 0:
        raise EdgewiseError(f"an allowed loss of {points:g} points makes no sense; give 0 or more")
    say = tell or (lambda text: None)
    path = existing(model, "model")
    target = Path(out) if out is not None else path.with_suffix(".int8.onnx")
    if target.suffix != ".onnx":
        raise EdgewiseError(f"an artifact for ONNX Runtime ends in .onnx; {target} does not")
    with TemporaryDirectory() as folder:
        plain = _artifact(path, Path(folder), threads)
        card = read_artifact(plain)
        dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root)
        validation = relabelled(
            dataset.splits["val"], dataset.classes, card.classes, source=dataset.source, model=str(path)
        )
        pixels = some_pixels(dataset.splits["train"], card.preprocessing, calibration)
        images = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        if not card.normalise_inside:
            images = np.stack([card.preprocessing.normalised(image) for image in pixels])
        count = decoding_workers(workers)
        attempts = [_attempt(FLOAT, plain, validation, threads, count)]
        paths = {FLOAT: plain}
        for scheme in SCHEMES:
            made = Path(folder) / f"{scheme.name.replace(' ', '_')}.onnx"
            quantize_onnx(plain, images, made, scheme)
            attempts.append(_attempt(scheme.name, made, validation, threads, count))
            say(f"{scheme.name}: {100 * attempts[-1].accuracy:.2f}% (fp32 {100 * attempts[0].accuracy:.2f}%)")
            if attempts[-1].accuracy >= attempts[0].accuracy - points / 100:
                paths[scheme.name] = made
        if len(paths) == 1:
            reached = ", ".join(f"{one.name} {100 * one.accuracy:.2f}%" for one in attempts[1:])
            raise EdgewiseError(
                f"no int8 form of {path} stays within {points:g} points of {100 * attempts[0].accuracy:.2f}%: "
                f"{reached}; give more --calibration images, or allow more --points"
            )
        latencies = {one.name: one for one in measure(paths, threads=threads, max_seconds=seconds)}
        attempts = [Attempt(one.name, one.accuracy, latencies.get(one.name)) for one in attempts]
        kept = _kept(attempts)
        write_bytes(target, paths[kept.name].read_bytes())
    return Quantized(target, kept, tuple(attempts))


def _artifact(path: Path, folder: Path, threads: int) -> Path:
    """The floating-point artifact: `path` itself, or what the model file exports to."""
    if is_artifact(path):
        return path
    if not is_model_file(path):
        raise EdgewiseError(f"{path} is neither a model file (.safetensors) nor an artifact (.onnx); give one")
    from edgewise.weights import load_model

    network, card = load_model(path)
    plain = folder / "fp32.onnx"
    export_fastest(
        card.architecture,
        tensors_of(network),
        plain,
        card=ArtifactCard(card.preprocessing, card.classes, card.multi_label),
        threads=threads,
    )
    return plain


def _attempt(name: str, artifact: Path, split: Split, threads: int, workers: int) -> Attempt:
    scores = evaluate_artifact(artifact, split, threads=threads, workers=workers, keep_probabilities=False)
    return Attempt(name, score_of(scores.metrics()))


def _kept(attempts: list[Attempt]) -> Attempt:
    """The fastest int8 form; of those the same within noise the most accurate, then the first."""
    timed = {one.name: one for one in attempts[1:] if one.latency is not None}
    fastest = groups(one.latency for one in timed.values() if one.latency is not None)[0]
    names: list[str] = [one.name for one in fastest]
    order: list[Scheme] = [scheme for scheme in SCHEMES if scheme.name in names]
    return max((timed[scheme.name] for scheme in order), key=lambda one: one.accuracy)
