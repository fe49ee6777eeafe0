"""`quantize`: an artifact in int8 that holds its accuracy, the fastest of several."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from edgewise.data import Dataset, Split, open_dataset
from edgewise.deploy import ArtifactCard, export_fastest, read_artifact, tensors_of
from edgewise.deploy.artifact import artifact_card, copy_artifact
from edgewise.deploy.inspect import is_quantized
from edgewise.deploy.onnx_file import load
from edgewise.deploy.quantization import SCHEMES
from edgewise.deploy.quantization.search import search, usable
from edgewise.deploy.quantization.trials import FLOAT, ONNX, Attempt, Subject, Trials
from edgewise.deploy.suppression import check_suppression, with_suppression
from edgewise.devices import Runtime
from edgewise.errors import EdgewiseError
from edgewise.files import write_bytes, write_text
from edgewise.fitting.delivery import some_pixels
from edgewise.training.scores import score_name, score_of
from edgewise.verbs.checks import at_least, decoding_workers
from edgewise.verbs.fine_tuning import EPOCHS, fine_tune_for
from edgewise.verbs.naming import relabelled
from edgewise.verbs.resolve import MODEL_FILE, existing, is_model_file
from edgewise.verbs.runtimes import integer_precisions, integer_runtimes, threads_notes
from edgewise.verbs.scenes import same_classes
from edgewise.weights import read_card

if TYPE_CHECKING:
    from edgewise.nn import Network
    from edgewise.weights import ModelCard


@dataclass(frozen=True, eq=False)
class Quantized:
    """The quantised artifact, which of the attempts it is, and all of them, the floating-point artifact first.

    `model_file` are the fine-tuned tensors, None where the kept artifact needed none. `speedup` is how many times the
    latency of the floating-point artifact is that of the quantised one, in the fastest runtime for each. `measure` is
    what accuracies are: for boxes mAP, for masks mean IoU.
    """

    artifact: Path
    kept: Attempt
    attempts: tuple[Attempt, ...]
    model_file: Path | None = None
    measure: str = "accuracy"

    @property
    def lost(self) -> float:
        """Percentage points of accuracy below the floating-point artifact."""
        return 100 * (self.attempts[0].accuracy - self.kept.accuracy)

    @property
    def floating(self) -> Attempt:
        """The floating-point artifact in the runtime that is the fastest for it."""
        timed = [(one.latency.median_ms, one) for one in self.attempts if one.name == FLOAT and one.latency is not None]
        return min(timed, key=lambda pair: pair[0])[1]

    @property
    def speedup(self) -> float:
        plain, kept = self.floating.latency, self.kept.latency
        assert plain is not None
        assert kept is not None
        return plain.median_ms / kept.median_ms

    @property
    def faster(self) -> bool | None:
        """Whether the quantised artifact is faster than the floating-point one; None where that is within the noise."""
        plain, kept = self.floating.latency, self.kept.latency
        assert plain is not None
        assert kept is not None
        return None if kept.overlaps(plain) else kept.median_ms < plain.median_ms

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "artifact": str(self.artifact),
            "measure": self.measure,
            "model_file": str(self.model_file) if self.model_file is not None else None,
            "kept": self.attempts.index(self.kept),
            "points_lost": self.lost,
            "speedup": self.speedup,
            "faster": self.faster,
            "attempts": [one.to_json() for one in self.attempts],
        }


def quantize(
    model: str | Path,
    data: str | Path,
    out: str | Path | None = None,
    *,
    runtime: str | Sequence[str] = "onnxruntime",
    points: float = 1.0,
    calibration: int = 256,
    qat: int | None = None,
    sensitivity: str | Path | None = None,
    threads: int = 1,
    seconds: float = 12.0,
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    workers: int | None = None,
    ignored: tuple[int, ...] = (),
    suppress_inside: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Quantized:
    """Quantises `model`, a model file or an artifact, to int8; writes `out`, by default `….int8.onnx` beside it.

    Ranges come from `calibration` of `data`'s training images. Every scheme is tried in every one of the runtimes
    (`all` for those installed) and of its quantised precisions; of those that lose at most `points` percentage points
    of accuracy on the validation images, evaluated in that runtime and precision, the fastest is kept: the one of the
    lowest median, measured side by side on `threads` threads, until all have settled or `seconds` are up, or
    `trials.SECONDS_EACH` for each form where that is more. Where none holds the accuracy, the parts that cost it are
    put back into floating point, and where that is not enough, a model file is fine-tuned with its roundings for `qat`
    epochs (by default `fine_tuning.EPOCHS`, never at 0); the tensors are then written beside the artifact.
    `sensitivity` names a JSON file for the table of how sensitive every part is. `seed` divides data that does not come
    with splits. For boxes and masks accuracy is COCO's mean average precision and the mean intersection over union, and
    nothing is fine-tuned; `ignored` are values of masks that are nobody's, and `suppress_inside` is as in `export`.

    Raises `EdgewiseError` when nothing holds the accuracy, naming what came nearest, or when model, data or runtimes
    cannot be used; at once where the artifact is quantised already.
    """
    at_least(1, {"calibration": calibration, "threads": threads})
    at_least(0, {"seed": seed, "workers": workers, "qat": qat})
    if not points >= 0:
        raise EdgewiseError(f"an allowed loss of {points:g} points makes no sense; give 0 or more")
    if not 0 < seconds < math.inf:
        raise EdgewiseError(f"{seconds:g} seconds are no time to measure in; give more than 0")
    path = existing(model, "model")
    runtimes = integer_runtimes([runtime] if isinstance(runtime, str) else runtime)
    _check_target(out, runtimes)
    if not (path.suffix == ONNX or is_model_file(path)):
        raise EdgewiseError(f"{path} is neither a model file (.safetensors) nor an artifact (.onnx); give one")
    if path.suffix == ONNX and all(one.suffix != ONNX for one in runtimes):
        raise EdgewiseError(f"{runtimes[0].name} takes no .onnx; give the model file that {path} was exported from")
    if path.suffix == ONNX and is_quantized(path):
        raise EdgewiseError(
            f"{path} is quantised already; give the floating-point artifact that it was made of, or its model file"
        )
    tell = tell or (lambda text: None)
    for note in threads_notes([threads]):
        tell(f"note: {note}")
    task = read_artifact(path).task if path.suffix == ONNX else read_card(path).architecture.task
    if suppress_inside:
        check_suppression(task, path, [one.suffix for one in runtimes])
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root, task=task, ignored=ignored)
    made = quantize_on(
        path,
        dataset,
        Path(out) if out is not None else None,
        runtimes=runtimes,
        points=points,
        calibration=calibration,
        qat=EPOCHS if qat is None else qat,
        sensitivity=Path(sensitivity) if sensitivity is not None else None,
        threads=threads,
        seconds=seconds,
        workers=decoding_workers(workers),
        tell=tell,
    )
    if suppress_inside:
        with_suppression(made.artifact, made.artifact)
        tell("note: forms were timed without decoding and suppression, which every one of them would get alike")
    return made


def quantize_on(
    path: Path,
    dataset: Dataset,
    out: Path | None,
    *,
    runtimes: Sequence[Runtime],
    points: float,
    calibration: int,
    qat: int,
    sensitivity: Path | None,
    threads: int,
    seconds: float,
    workers: int,
    tell: Callable[[str], None],
) -> Quantized:
    """`quantize` on data that is open: "train" calibrates and fine-tunes, "val" judges."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        subject, network, model_card = subject_of(path, folder, threads)

        def named(split: str) -> Split:
            if dataset.task != "classify":
                same_classes(dataset, subject.card.classes, str(path))
                return dataset.splits[split]
            names = {"source": dataset.source, "model": str(path)}
            return relabelled(dataset.splits[split], dataset.classes, subject.card.classes, **names)

        images = calibration_images(dataset.splits["train"], subject.card, calibration)
        trials = Trials(
            named("val"),
            [(one.name, precision) for one in runtimes for precision in integer_precisions(one)],
            folder,
            points=points,
            threads=threads,
            workers=workers,
            score=score_of,
            tell=tell,
        )
        trials.judge_float(subject, images)
        schemes = usable(SCHEMES, trials)
        table = search(trials, subject, images, schemes, table=sensitivity is not None)
        if sensitivity is not None and table is not None:
            write_text(sensitivity, json.dumps(table.to_json(), indent=1, allow_nan=False) + "\n")
        target = out or path.with_suffix(f".int8{ONNX}")
        run = target.with_name(f"{target.name}.qat")
        learner = network if subject.card.task == "classify" else None
        if qat and learner is not None and trials.quantised() and not trials.holding():
            tell(f"quantised after training nothing holds the accuracy: fine-tuning, {qat} epoch{'s' * (qat > 1)}")
            taught = replace(dataset, splits={"train": named("train")})
            fine_tune_for(subject, learner, taught, images, run, epochs=qat, workers=workers, tell=tell)
            search(trials, exported(learner, subject.card, folder / "tuned.onnx", threads, tuned=True), images, schemes)
        if not trials.holding():
            raise EdgewiseError(_refusal(path, trials))
        kept = trials.measure(seconds)
        made = trials.path(kept)
        target = out or path.with_suffix(f".int8{made.suffix}")
        if made.suffix == ONNX:
            write_bytes(target, _noted(made, kept))
        else:
            copy_artifact(made, target)
        model_file = None
        if kept.fine_tuned and network is not None and model_card is not None:
            from edgewise.weights import save_model

            model_file = target.with_suffix(MODEL_FILE)
            save_model(model_file, network, replace(model_card, metrics={"val_accuracy_int8": kept.accuracy}))
        if run.exists():
            shutil.rmtree(run)
    measure = score_name(dataset.task, multi_label=dataset.multi_label)
    return Quantized(target, kept, tuple(trials.attempts), model_file, measure)


def _check_target(out: str | Path | None, runtimes: Sequence[Runtime]) -> None:
    """Raises `EdgewiseError` where `out` is no name for what may be kept."""
    suffixes = {one.suffix for one in runtimes}
    if out is None:
        return
    if len(suffixes) > 1:
        raise EdgewiseError(
            f"the artifact may end in {' or '.join(sorted(suffixes))}, depending on the runtime that is fastest; "
            "leave out --out, or name runtimes of one kind"
        )
    if Path(out).suffix not in suffixes:
        raise EdgewiseError(f"an artifact for {runtimes[0].name} ends in {runtimes[0].suffix}; {out} does not")


def subject_of(path: Path, folder: Path, threads: int) -> tuple[Subject, Network | None, ModelCard | None]:
    """The floating-point artifact, `path` itself or what the model file exports to, and the model."""
    if path.suffix == ONNX:
        return Subject(path, read_artifact(path)), None, None
    from edgewise.weights import load_model

    network, card = load_model(path)
    return exported(network, artifact_card(card), folder / "fp32.onnx", threads), network, card


def exported(network: Network, card: ArtifactCard, to: Path, threads: int, *, tuned: bool = False) -> Subject:
    tensors = tensors_of(network)
    export_fastest(network.architecture, tensors, to, card=card, threads=threads)
    return Subject(to, read_artifact(to), network.architecture, tensors, tuned)


def calibration_images(split: Split, card: ArtifactCard, count: int) -> np.ndarray:
    """What the artifact takes of up to `count` images."""
    pixels = some_pixels(split, card.preprocessing, count)
    if card.normalise_inside:
        return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    return np.stack([card.preprocessing.normalised(image) for image in pixels])


def _refusal(path: Path, trials: Trials) -> str:
    if not trials.quantised():
        return trials.errors[-1]
    best = sorted(trials.quantised(), key=lambda one: -one.accuracy)[:3]
    longer = ", longer --qat" if trials.validation.annotations is None else ""
    reached = ", ".join(f"{one.name} in {one.runtime} {one.precision} {100 * one.accuracy:.2f}%" for one in best)
    return (
        f"no int8 form of {path} stays within {trials.points:g} points of {100 * trials.plain.accuracy:.2f}%; nearest "
        f"came {reached}; give more --calibration images{longer}, or allow more --points"
    )


def _noted(artifact: Path, kept: Attempt) -> bytes:
    """The artifact, with how it was quantised in its metadata."""
    model = load(artifact)
    entry = model.metadata_props.add()
    entry.key = "edgewise.quantised"
    entry.value = json.dumps(replace(kept, latency=None, size_bytes=None).to_json())
    return model.SerializeToString()
