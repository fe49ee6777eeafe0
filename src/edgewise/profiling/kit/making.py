"""Making a kit: one zip with everything that measures a device that has only Python, onnxruntime and numpy."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgewise.costs import count
from edgewise.deploy import build, random_tensors
from edgewise.deploy.export import IMAGE
from edgewise.devices import find_runtime
from edgewise.devices.prediction.predictor import FEWEST
from edgewise.devices.runtimes import check_precision
from edgewise.errors import EdgewiseError
from edgewise.files import replacing
from edgewise.papers import Architecture
from edgewise.profiling.filling import ROUNDS, TRACES
from edgewise.profiling.kit.manifest import Input, Item, Kind, Manifest, Plan

RUNTIME = "onnxruntime"
"""What a kit measures in."""

_BLOCK_ROUNDS = 8
_DATE = (1980, 1, 1, 0, 0, 0)
_PATTERN = 1021
_CLIP = 1.5
_FOLDERS = {"network": "networks", "block": "blocks"}

_README = """\
1. Unpack this file on the device, and there: pip install onnxruntime numpy
2. Run: python run.py (stopped or interrupted, the same command goes on; --minutes 20 stops it by itself)
3. Send back the file result.json; it goes to: edgewise device import result.json --out device.json
"""

Progress = Callable[[int, int], None]
"""Called with the files made and all there are to make."""


def make_kit(
    out: Path,
    networks: Sequence[Architecture],
    blocks: Sequence[Architecture],
    precisions: Sequence[str],
    *,
    rounds: int = ROUNDS,
    progress: Progress | None = None,
) -> Manifest:
    """Writes the kit `out`, whole or not at all: every network and block in every precision, timed in `rounds` rounds.

    The same arguments give the same bytes. Raises `EdgewiseError` for fewer networks than predicting takes, a
    precision that ONNX Runtime lacks, and where `out` is no name for a zip or cannot be written.
    """
    networks, blocks = _unique(networks), _unique(blocks)
    if len(networks) < FEWEST:
        raise EdgewiseError(f"predicting takes {FEWEST} networks or more and the kit has {len(networks)}; give more")
    if rounds < 1 or not precisions:
        raise EdgewiseError("a kit measures in at least one round and one precision; give more")
    check_kit(out, precisions)
    asked: list[tuple[Kind, Architecture, str]] = [
        *(("network", one, precision) for precision in dict.fromkeys(precisions) for one in networks),
        *(("block", one, precision) for precision in dict.fromkeys(precisions) for one in blocks),
    ]
    items: list[Item] = []
    with replacing(out) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for done, (kind, architecture, precision) in enumerate(asked):
            if progress is not None:
                progress(done, len(asked))
            content = _file(architecture, precision)
            name = f"{_FOLDERS[kind]}/{len(items):04}_{_plain(architecture.name)}.{precision}.onnx"
            _add(archive, name, content)
            items.append(_item(name, content, kind, architecture, precision))
        plan = Plan(rounds, min(rounds, _BLOCK_ROUNDS), min(rounds, TRACES))
        manifest = Manifest(plan, tuple(items))
        _add(archive, "manifest.json", (json.dumps(manifest.to_dict(), indent=1) + "\n").encode())
        _add(archive, "run.py", Path(__file__).with_name("run.py").read_bytes())
        _add(archive, "README.txt", _README.encode())
    if progress is not None:
        progress(len(asked), len(asked))
    return manifest


def check_kit(out: Path, precisions: Sequence[str]) -> None:
    """Raises `EdgewiseError` for a precision that ONNX Runtime lacks, and where `out` is no name for a zip."""
    if out.suffix != ".zip":
        raise EdgewiseError(f"a kit is a zip file, and {out} is named otherwise; let its name end in .zip")
    for precision in precisions:
        check_precision(find_runtime(RUNTIME), precision)


def repetitive_tensors(architecture: Architecture) -> dict[str, np.ndarray]:
    """Tensors for timing that a zip makes small: weights repeat one short pattern of random numbers.

    A prime length keeps filters different from one another. Values are clipped, so that most filters have the same
    range and stay repetitive when they are quantised; batch norm changes nothing, so that folding it does neither.
    """
    pattern = np.clip(np.random.default_rng(0).standard_normal(_PATTERN, dtype=np.float32), -_CLIP, _CLIP)
    tensors: dict[str, np.ndarray] = {}
    for name, drawn in random_tensors(architecture).items():
        if drawn.ndim > 1:
            deviation = np.float32((2 / np.prod(drawn.shape[1:])) ** 0.5)
            tensors[name] = np.resize(pattern, drawn.shape) * deviation
        else:
            tensors[name] = np.full(drawn.shape, 1.0 if name.endswith(("weight", "running_var")) else 0.0, np.float32)
    return tensors


def _file(architecture: Architecture, precision: str) -> bytes:
    with TemporaryDirectory() as folder:
        tensors = repetitive_tensors(architecture)
        return build(architecture, tensors, Path(folder), "it", runtime=RUNTIME, precision=precision).read_bytes()


def _item(name: str, content: bytes, kind: Kind, architecture: Architecture, precision: str) -> Item:
    return Item(
        file=name,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        kind=kind,
        precision=precision,
        architecture=json.loads(json.dumps(architecture.to_dict())),
        input=Input(IMAGE, (1, *architecture.input), "float32"),
        multiply_adds=count(architecture).multiply_adds,
    )


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix, wherever it is made
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)


def _unique(architectures: Iterable[Architecture]) -> list[Architecture]:
    return list({one.digest: one for one in architectures}.values())


def _plain(name: str) -> str:
    """The name with nothing in it that a file system could object to."""
    return "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in name)
