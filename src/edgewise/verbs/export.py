"""`export`: a model file to the artifact that ships."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgewise.data.decode import BadImage
from edgewise.data.preprocessing import Preprocessing
from edgewise.deploy import Forms, Parity, compare, export_fastest, tensors_of
from edgewise.deploy.artifact import artifact_card, copy_artifact
from edgewise.deploy.suppression import check_suppression, with_suppression
from edgewise.devices import installed_runtime
from edgewise.errors import EdgewiseError
from edgewise.verbs.checks import at_least
from edgewise.verbs.photographs import photographs
from edgewise.verbs.resolve import ARTIFACTS, existing, is_model_file


@dataclass(frozen=True)
class Exported:
    """The artifact, its size in bytes, how closely it agrees with torch, and which of its forms was kept."""

    artifact: Path
    size_bytes: int
    parity: Parity
    forms: Forms


def export(
    model: str | Path,
    out: str | Path | None = None,
    *,
    runtime: str = "onnxruntime",
    images: str | Path | None = None,
    normalise_inside: bool = False,
    suppress_inside: bool = False,
    threads: int = 1,
) -> Exported:
    """Writes the model file `model` as an artifact for `runtime` to `out` (by default beside it) and compares both on
    real images, in that runtime.

    OpenVINO takes the same `.onnx` as ONNX Runtime; for ExecuTorch it is a `.pte` with the card `NAME.pte.json` beside
    it, which belongs to it.
    `images` are the user's own (a file, folder or pattern); without them two photographs that come with scikit-learn
    are cut into pieces. `normalise_inside` makes the artifact take uint8 pixels. A detector gives raw scores and
    distances from anchors; with `suppress_inside` it decodes its boxes and suppresses overlapping ones itself. Where
    the network has shuffles, a form without them is measured beside the plain one on `threads` threads, and the faster
    kept. Raises `EdgewiseError` when the artifact's outputs are not the network's; it is then not left behind.
    """
    from edgewise.weights import load_model

    at_least(1, {"threads": threads})
    path = existing(model, "model file")
    if not is_model_file(path):
        raise EdgewiseError(f"{path} is no model file; only *.safetensors files that edgewise wrote can be exported")
    network, card = load_model(path)
    suffix = installed_runtime(runtime).suffix
    if suffix not in ARTIFACTS:
        raise EdgewiseError(f"{runtime} runs model files as they are; there is nothing to export for it")
    artifact = Path(out) if out is not None else path.with_suffix(suffix)
    if artifact.suffix != suffix:
        raise EdgewiseError(f"an artifact for {runtime} ends in {suffix}; {artifact} does not")
    if suppress_inside:
        check_suppression(card.architecture.task, path, [suffix])
    pixels = _pixels(images, card.preprocessing)
    with TemporaryDirectory() as folder:
        made = Path(folder) / artifact.name
        forms = export_fastest(
            card.architecture,
            tensors_of(network),
            made,
            card=artifact_card(card, normalise_inside=normalise_inside),
            runtime=runtime,
            threads=threads,
        )
        parity = compare(
            made, network, pixels, preprocessing=card.preprocessing, as_pixels=normalise_inside, runtime=runtime
        )
        if suppress_inside:
            with_suppression(made, made)
        copy_artifact(made, artifact)
    return Exported(artifact, artifact.stat().st_size, parity, forms)


def _pixels(images: str | Path | None, preprocessing: Preprocessing) -> np.ndarray:
    """Uint8 `(N, height, width, 3)` of the network's size."""
    if images is not None:
        from edgewise.verbs.predict import find_images, read_image

        read = [read_image(path) for path in list(find_images([images]))[:64]]
        if bad := next((one for one in read if isinstance(one, BadImage)), None):
            raise EdgewiseError(f"{bad}; mend or remove it, or give other images")
        return np.stack([preprocessing.resized(image) for image in read if not isinstance(image, BadImage)])
    return photographs(preprocessing)
