"""`device kit` and `device import`: measuring a device that has no edgewise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgewise.devices.prediction.predictor import FEWEST
from edgewise.profiling.filling import ROUNDS
from edgewise.profiling.kit import Imported, import_result, kit_probes, make_kit
from edgewise.profiling.kit.making import Progress, check_kit
from edgewise.profiling.samples import zoo_sample
from edgewise.verbs.checks import at_least

PRECISIONS = ("fp32", "int8")


@dataclass(frozen=True)
class Kit:
    """A kit that was written: its digest, and how many networks and probes it times in each precision."""

    path: Path
    digest: str
    networks: int
    probes: int
    precisions: tuple[str, ...]
    size_bytes: int


def make_device_kit(
    out: str | Path,
    *,
    size: int = 224,
    classes: int = 1000,
    networks: int = 50,
    precisions: Sequence[str] | None = None,
    rounds: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Kit:
    """Writes a zip that measures any device with Python, onnxruntime and numpy, for images of `size` pixels.

    It has `networks` of those that `fit` considers for such images and `classes` classes, and the probes of a device
    profile, in all `precisions` (by default fp32 and int8), timed in `rounds` rounds. `seed` draws the networks. The
    same arguments give the same file. Raises `EdgewiseError` for fewer networks than predicting takes, a precision
    that ONNX Runtime lacks, a name for no zip, images too small for every network, and where `out` cannot be written.
    """
    at_least(1, {"input": size, "classes": classes, "rounds": rounds})
    at_least(FEWEST, {"networks": networks})
    path = Path(out)
    asked = tuple(dict.fromkeys(precisions or PRECISIONS))
    check_kit(path, asked)
    chosen, probes = zoo_sample(size, classes, networks, seed), kit_probes()
    made = make_kit(path, chosen, probes, asked, rounds=rounds or ROUNDS, progress=progress)
    return Kit(path, made.digest, len(chosen), len(probes), asked, path.stat().st_size)


def import_device(result: str | Path, out: str | Path) -> Imported:
    """Reads what a kit gave back into the device profile `out`, which is made, or gains what it lacks.

    Raises `EdgewiseError` where the result is damaged, foreign, of a newer edgewise, has too few networks to predict
    from, or is of another device than the profile.
    """
    return import_result(Path(result), Path(out))
