"""How much of the class scores' error comes from each part of a network: every part rounded alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log10
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx

from edgewise.deploy.onnx_file import load
from edgewise.deploy.quantization.groups import Group, groups_of
from edgewise.deploy.quantization.places import places_of, rounded_at
from edgewise.devices import Worker

IMAGES = 64
"""How many of the images are enough: the noise of a part differs little between images, that of parts by decades."""

Report = Callable[[int, int], None]
"""Called with how many parts are done, and how many there are."""


@dataclass(frozen=True)
class Sensitivity:
    """`noise`: the power of the class scores' error, as a share of that of the scores, when the group alone is int8."""

    group: Group
    noise: float

    @property
    def decibels(self) -> float:
        """Signal to noise, `10 log10(1 / noise)`: less is worse."""
        return decibels(self.noise)


@dataclass(frozen=True)
class Sensitivities:
    """All groups, the worst first, and `noise` when all of them are int8 (`scheme` says how they are)."""

    scheme: str
    groups: tuple[Sensitivity, ...]
    noise: float

    @property
    def by_kind(self) -> dict[str, float]:
        """The noise of the groups of each kind together, as if they were independent; the worst first."""
        sums: defaultdict[str, float] = defaultdict(float)
        for one in self.groups:
            sums[one.group.kind] += one.noise
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    def to_json(self) -> dict[str, Any]:
        """The table as JSON's types; a part without any noise has no decibels."""
        return {
            "scheme": self.scheme,
            "all": {"noise": self.noise, "decibels": _finite(self.noise)},
            "kinds": {kind: {"noise": noise, "decibels": _finite(noise)} for kind, noise in self.by_kind.items()},
            "groups": [
                {
                    "name": one.group.name,
                    "row": one.group.row,
                    "kind": one.group.kind,
                    "nodes": list(one.group.nodes),
                    "noise": one.noise,
                    "decibels": _finite(one.noise),
                }
                for one in self.groups
            ],
        }


def sensitivities(
    plain: Path,
    quantised: Path,
    images: np.ndarray,
    *,
    scheme: str = "",
    threads: int = 1,
    report: Report | None = None,
) -> Sensitivities:
    """How sensitive the parts of the artifact `plain` are to being rounded as in `quantised`, which was made of it.

    Rounding errors are small and nearly independent, so what one part adds by itself says what leaving it in floating
    point takes away; the other way round, one part in floating point and the rest in int8, the difference would drown
    in the noise of the rest. Scores are those of up to `IMAGES` of `images` `(N, …)`, which are what the artifact
    takes, in ONNX Runtime. Groups without noise (nothing of them is rounded) come last.
    """
    images = images[np.unique(np.linspace(0, len(images) - 1, min(IMAGES, len(images))).astype(int))]
    model, places = load(plain), places_of(load(quantised))
    groups = groups_of(model)
    with TemporaryDirectory() as folder, Worker("onnxruntime") as worker:
        exact = _scores(worker, plain, images, threads)
        path = Path(folder) / "rounded.onnx"

        def noise(nodes: frozenset[str]) -> float:
            onnx.save(rounded_at(model, places, nodes), path)
            return _noise(exact, _scores(worker, path, images, threads))

        found: list[Sensitivity] = []
        for done, group in enumerate(groups, 1):
            found.append(Sensitivity(group, noise(frozenset(group.nodes))))
            if report is not None:
                report(done, len(groups))
        everything = noise(frozenset(node.name for node in model.graph.node))
    return Sensitivities(scheme, tuple(sorted(found, key=lambda one: -one.noise)), everything)


def decibels(noise: float) -> float:
    """The signal-to-noise ratio of a noise that is a share of the signal's power."""
    return -10 * log10(noise) if noise else inf


def _finite(noise: float) -> float | None:
    return decibels(noise) if noise else None


def _scores(worker: Worker, path: Path, images: np.ndarray, threads: int) -> np.ndarray:
    """Class scores `(N, K)` from a worker that lives on: starting one takes longer than most of these networks."""
    worker.load("scores", path, threads=threads)
    rows = []
    for image in images:  # one at a time: all of them at once could be more than a reply holds
        ((scores, *_),) = worker.run("scores", image.tobytes())
        rows.append(scores.ravel())
    worker.unload("scores")
    return np.stack(rows)


def _noise(exact: np.ndarray, rounded: np.ndarray) -> float:
    """Of scores `(N, K)`, what they have in common per image left out: the classes' order does not depend on it."""
    signal = exact.astype(np.float64)
    error = rounded.astype(np.float64) - signal
    if exact.shape[1] > 1:
        signal, error = (one - one.mean(1, keepdims=True) for one in (signal, error))
    return float((error**2).sum() / max((signal**2).sum(), np.finfo(np.float64).tiny))
