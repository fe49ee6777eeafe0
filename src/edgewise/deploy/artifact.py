"""What an artifact says of itself: the metadata that exporters put into it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from edgewise.data.preprocessing import Preprocessing
from edgewise.errors import EdgewiseError


@dataclass(frozen=True)
class ArtifactCard:
    """The preprocessing, class names and kind of labels of an artifact, and the digest of its architecture.

    With `normalise_inside` the artifact takes uint8 pixels `(1, 3, H, W)`, otherwise normalised float32. Exporters fill
    in the digest.
    """

    preprocessing: Preprocessing
    classes: tuple[str, ...] = ()
    multi_label: bool = False
    normalise_inside: bool = False
    digest: str = ""

    def to_metadata(self) -> dict[str, str]:
        """All but the digest, as the names and values that `read_artifact` finds in a file's metadata."""
        metadata = {
            "edgewise.preprocessing": json.dumps(self.preprocessing.to_json()),
            "edgewise.multi_label": json.dumps(self.multi_label),
            "edgewise.normalise_inside": json.dumps(self.normalise_inside),
        }
        if self.classes:
            metadata["edgewise.classes"] = json.dumps(list(self.classes))
        return metadata


def read_artifact(path: Path) -> ArtifactCard:
    """The card of the artifact `path`.

    Raises `EdgewiseError` when it cannot be read as ONNX, or was not exported with preprocessing and class names.
    """
    from edgewise.deploy.onnx_file import load

    model = load(path)
    said = {entry.key: entry.value for entry in model.metadata_props}
    try:
        preprocessing, classes, multi_label, inside = (
            json.loads(said[f"edgewise.{name}"])
            for name in ("preprocessing", "classes", "multi_label", "normalise_inside")
        )
        names = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
        if not (names and isinstance(multi_label, bool) and isinstance(inside, bool)):
            raise ValueError
        return ArtifactCard(
            Preprocessing.from_json(preprocessing), tuple(classes), multi_label, inside, said["edgewise.digest"]
        )
    except (EdgewiseError, KeyError, ValueError, TypeError):
        raise EdgewiseError(
            f"{path} does not say how images are prepared for it and what its classes are called; "
            "only artifacts that `edgewise export` or `edgewise fit` wrote can be used on images"
        ) from None
