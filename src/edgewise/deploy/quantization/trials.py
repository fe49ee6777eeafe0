"""Quantised artifacts on trial: each judged by its accuracy in the runtime and precision that it is meant for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.data import Split
from edgewise.deploy.artifact import ArtifactCard
from edgewise.deploy.build import build
from edgewise.deploy.export import export_onnx
from edgewise.deploy.fold import Tensors
from edgewise.deploy.judging import metrics_of
from edgewise.deploy.quantization.quantize import quantize_onnx
from edgewise.deploy.quantization.scheme import Scheme
from edgewise.devices import Latency, Variant, find_runtime, measure_variants
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture

FLOAT = "fp32"

ONNX = ".onnx"

SECONDS_EACH = 1.5
"""The least time that measuring takes for each variant that does not settle earlier. A variant's share of every round
is about 20 ms and what is measured again, so this gives it some dozens of rounds, however many others there are."""


@dataclass(frozen=True)
class Attempt:
    """One artifact in one runtime and precision: its accuracy on the validation images, and its latency where it was
    measured. `in_float` are the parts that were left in floating point, `fine_tuned` says that the tensors were
    trained for int8; `size_bytes` is that of its file. The floating-point artifact is one too, called `fp32`."""

    name: str
    runtime: str
    precision: str
    accuracy: float
    in_float: tuple[str, ...] = ()
    fine_tuned: bool = False
    latency: Latency | None = None
    size_bytes: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The attempt as JSON's types."""
        return asdict(self) | {"latency": self.latency.to_json() if self.latency is not None else None}


@dataclass(frozen=True, eq=False)
class Subject:
    """What is quantised: a floating-point artifact `.onnx`, and, where it was exported from a network, that network's
    architecture and tensors, which runtimes with artifacts of their own need."""

    artifact: Path
    card: ArtifactCard
    architecture: Architecture | None = None
    tensors: Tensors = field(default_factory=dict)
    fine_tuned: bool = False

    def exported(self, folder: Path, runtime: str, precision: str, images: np.ndarray) -> Path | None:
        """The artifact for a runtime that takes no `.onnx`; None where there are no tensors to make it of."""
        if self.architecture is None:
            return None
        name = "tuned" if self.fine_tuned else "model"
        wanted = {"runtime": runtime, "precision": precision, "card": self.card, "images": images}
        return build(self.architecture, self.tensors, folder, name, **wanted)

    def plain_form(self, folder: Path) -> Path:
        """The artifact in the order of the architecture's own graph; that of an artifact is itself."""
        if self.architecture is None:
            return self.artifact
        return export_onnx(self.architecture, self.tensors, folder / "plain.onnx", card=self.card)


class Trials:
    """Artifacts made in `folder`, and what became of them in the order of their trials.

    `combinations` are the runtimes and quantised precisions that are asked for. What fails in one of them is told and
    left out. An artifact holds its accuracy when it loses at most `points` percentage points of the fp32 artifact's.
    """

    def __init__(
        self,
        validation: Split,
        combinations: Sequence[tuple[str, str]],
        folder: Path,
        *,
        points: float,
        threads: int,
        workers: int,
        score: Callable[[Mapping[str, float]], float],
        tell: Callable[[str], None],
    ) -> None:
        self.validation = validation
        self.combinations = tuple(combinations)
        self.folder = folder
        self.points = points
        self.threads = threads
        self.tell = tell
        self.attempts: list[Attempt] = []
        self.errors: list[str] = []
        self._workers = workers
        self._score = score
        self._paths: dict[tuple[str, str, str], Path] = {}
        self._files = 0

    @property
    def plain(self) -> Attempt:
        """The floating-point artifact, which was judged first."""
        return self.attempts[0]

    def holding(self) -> list[Attempt]:
        """The quantised ones that hold their accuracy."""
        return [one for one in self.quantised() if self.holds(one)]

    def quantised(self) -> list[Attempt]:
        return [one for one in self.attempts if one.name != FLOAT]

    def holds(self, attempt: Attempt) -> bool:
        return attempt.accuracy >= self.plain.accuracy - self.points / 100 - 1e-9

    def path(self, attempt: Attempt) -> Path:
        return self._paths[attempt.name, attempt.runtime, attempt.precision]

    def judge_float(self, subject: Subject, images: np.ndarray) -> None:
        """The floating-point artifact in every runtime, for what they are compared with. Raises `EdgewiseError` where
        the first of them cannot run it."""
        for runtime in dict.fromkeys(runtime for runtime, _ in self.combinations):
            path: Path | None = subject.artifact
            if find_runtime(runtime).suffix != ONNX:
                path = subject.exported(self.folder, runtime, FLOAT, images)
            if path is not None and not self.judge(FLOAT, path, runtime, FLOAT) and not self.attempts:
                raise EdgewiseError(self.errors[0])

    def quantise(
        self,
        subject: Subject,
        images: np.ndarray,
        scheme: Scheme,
        *,
        keep_float: Sequence[str] = (),
        in_float: tuple[str, ...] = (),
        only: tuple[str, str] | None = None,
    ) -> list[Attempt]:
        """Quantises by `scheme` and judges the artifact in all combinations whose runtimes take `.onnx`, or in `only`
        one. `keep_float` are the nodes of the parts `in_float`."""
        parts = f", {len(in_float)} part{'' if len(in_float) == 1 else 's'} in float" if in_float else ""
        name = f"{scheme.name}{parts}{', fine-tuned' if subject.fine_tuned else ''}"
        combinations = [one for one in self.combinations if find_runtime(one[0]).suffix == ONNX]
        wanted = [only] if only else combinations
        made = next((path for (called, *_), path in self._paths.items() if called == name), None)
        if made is None:
            self._files += 1
            made = self.folder / f"{self._files}{ONNX}"
            try:
                quantize_onnx(subject.artifact, images, made, scheme, keep_float=keep_float)
            except EdgewiseError as error:
                self._failed(str(error))
                return []
        done = {(one.runtime, one.precision) for one in self.attempts if one.name == name}
        details = {"in_float": in_float, "fine_tuned": subject.fine_tuned}
        found = [self.judge(name, made, *one, **details) for one in wanted if one not in done]
        return [one for one in found if one is not None]

    def export(self, subject: Subject, images: np.ndarray) -> None:
        """Makes and judges the quantised artifacts of runtimes that take no `.onnx`."""
        for runtime, precision in self.combinations:
            if find_runtime(runtime).suffix == ONNX:
                continue
            try:
                made = subject.exported(self.folder, runtime, precision, images)
            except EdgewiseError as error:
                self._failed(str(error))
                continue
            if made is not None:
                name = f"{runtime}{', fine-tuned' if subject.fine_tuned else ''}"
                self.judge(name, made, runtime, precision, fine_tuned=subject.fine_tuned)

    def judge(
        self,
        name: str,
        path: Path,
        runtime: str,
        precision: str,
        *,
        in_float: tuple[str, ...] = (),
        fine_tuned: bool = False,
    ) -> Attempt | None:
        """Evaluates an artifact on the validation images, as the runtime computes it. None where it cannot run."""
        try:
            metrics = metrics_of(
                path,
                self.validation,
                runtime=runtime,
                precision=precision,
                threads=self.threads,
                workers=self._workers,
            )
        except EdgewiseError as error:
            self._failed(str(error))
            return None
        accuracy, size = self._score(metrics), path.stat().st_size
        attempt = Attempt(name, runtime, precision, accuracy, in_float, fine_tuned, size_bytes=size)
        self.attempts.append(attempt)
        self._paths[name, runtime, precision] = path
        lost = "" if name == FLOAT else f" ({100 * (attempt.accuracy - self.plain.accuracy):+.2f} points)"
        self.tell(f"{name} in {runtime} {precision}: {100 * attempt.accuracy:.2f}%{lost}")
        return attempt

    def measure(self, seconds: float) -> Attempt:
        """Measures what holds beside the floating-point artifacts, interleaved, until all settle or `seconds` are up,
        or `SECONDS_EACH` for every one of them where that is more; returns the one of the lowest median, of those equal
        to the microsecond the most accurate, then the earliest. `attempts` have their latencies then.

        Raises `EdgewiseError` when nothing that holds can be measured.
        """
        wanted = [one for one in self.attempts if one.name == FLOAT or self.holds(one)]
        variants = [Variant(one.name, self.path(one), one.runtime, one.precision, self.threads) for one in wanted]
        measured = measure_variants(
            variants,
            max_seconds=max(seconds, SECONDS_EACH * len(variants)),
            failed=lambda variant, error: self._failed(str(error)),
        )
        latencies = {(one.name, one.runtime, one.precision): one for one in measured}
        self.attempts = [
            replace(one, latency=latencies.get((one.name, one.runtime, one.precision))) for one in self.attempts
        ]
        timed = [(one.latency.median_ms, one) for one in self.holding() if one.latency is not None]
        if not timed:
            raise EdgewiseError(self.errors[-1])
        # All of them hold the accuracy already. The most accurate of those within noise would be whichever the noise
        # of a busy moment lets in, however slow.
        return min(timed, key=lambda pair: (round(pair[0], 3), -pair[1].accuracy))[1]

    def best_of(self, schemes: Sequence[Scheme], *, fine_tuned: bool) -> Iterator[tuple[Scheme, Attempt]]:
        """For each quantiser its scheme that lost the least, with that attempt."""
        for quantiser in dict.fromkeys(scheme.quantiser for scheme in schemes):
            of_it = {
                f"{scheme.name}{', fine-tuned' if fine_tuned else ''}": scheme
                for scheme in schemes
                if scheme.quantiser == quantiser
            }
            tried = [one for one in self.attempts if one.name in of_it]
            if tried:
                best = max(tried, key=lambda one: one.accuracy)
                yield of_it[best.name], best

    def _failed(self, sentence: str) -> None:
        self.errors.append(sentence)
        self.tell(f"left out: {sentence}")
