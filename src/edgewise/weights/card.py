"""The header of a model file: what the tensors are, read without torch and without unpickling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edgewise.data.preprocessing import Preprocessing
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture
from edgewise.papers.header import FORMAT, damage_told, parsed, read_header
from edgewise.version import VERSION

IN_A_FOLDER = "model.safetensors"
"""What the model file is called in a folder that is shared, or that a run wrote."""


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from: the version that wrote it, a digest of its data, the seed, the command."""

    edgewise: str = VERSION
    data: str = ""
    data_digest: str = ""
    seed: int | None = None
    command: str = ""


@dataclass(frozen=True)
class ModelCard:
    """Everything a model file says of its tensors.

    `classes` are the names in the order of the scores, `metrics` numbers by name (`test_accuracy`).
    """

    architecture: Architecture
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    multi_label: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        if len(self.classes) != self.architecture.classes:
            raise EdgewiseError(
                f"{len(self.classes)} class names were given for {self.architecture.name}, which tells "
                f"{self.architecture.classes} classes apart; give one name for each"
            )

    def to_json(self) -> str:
        body = {
            "format": FORMAT,
            "architecture": self.architecture.to_dict(),
            "preprocessing": self.preprocessing.to_json(),
            "classes": list(self.classes),
            "multi_label": self.multi_label,
            "metrics": dict(self.metrics),
            "provenance": asdict(self.provenance),
        }
        # Escaped, because a class may be called what UTF-8 cannot hold: a folder's name need not be text.
        return json.dumps(body)

    @classmethod
    def from_json(cls, text: str, where: Path) -> ModelCard:
        """Raises `EdgewiseError`, naming the file, for a newer format or a card that is not whole."""
        with damage_told(where):
            body = parsed(text, where)
            return cls(
                architecture=Architecture.from_dict(body["architecture"]),
                preprocessing=Preprocessing.from_json(body["preprocessing"]),
                classes=tuple(_of(str, body, "classes", list)),
                multi_label=_is(bool, body["multi_label"], "multi_label"),
                metrics=_of(int | float, body, "metrics", dict),
                provenance=Provenance(**_of(str | int | None, body, "provenance", dict)),
            )


def read_card(path: str | Path) -> ModelCard:
    """The card of the model file `path`, without reading its tensors and without torch.

    Raises `EdgewiseError` when there is no such file, or it is no model file, or cut short, or newer than this version.
    """
    path = Path(path)
    return ModelCard.from_json(read_header(path), path)


def _is(kind: Any, value: Any, what: str) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{what} is a {type(value).__name__}")
    return value


def _of(kind: Any, body: Mapping[str, Any], name: str, container: type[list[Any]] | type[dict[str, Any]]) -> Any:
    """The list or dict `name` of a card, once all its values are known to be of the right kind."""
    content = _is(container, body[name], name)
    for value in content.values() if isinstance(content, dict) else content:
        _is(kind, value, f"a value in {name}")
    return content
