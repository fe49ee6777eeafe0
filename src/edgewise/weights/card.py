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
from edgewise.version import VERSION

FORMAT = 1
"""The version of the header; a reader refuses newer ones."""

KEY = "edgewise"
"""Where the card stands in the safetensors metadata."""

IN_A_FOLDER = "model.safetensors"
"""What the model file is called in a folder that is shared, or that a run wrote."""

_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000


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
        try:
            body = json.loads(text)
            if body["format"] > FORMAT:
                raise EdgewiseError(
                    f"{where} has format {body['format']} and this edgewise reads up to {FORMAT}; upgrade edgewise"
                )
            return cls(
                architecture=Architecture.from_dict(body["architecture"]),
                preprocessing=Preprocessing.from_json(body["preprocessing"]),
                classes=tuple(_of(str, body, "classes", list)),
                multi_label=_is(bool, body["multi_label"], "multi_label"),
                metrics=_of(int | float, body, "metrics", dict),
                provenance=Provenance(**_of(str | int | None, body, "provenance", dict)),
            )
        except EdgewiseError as error:
            message = str(error)
            raise EdgewiseError(message if str(where) in message else f"{where}: {message}") from None
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise EdgewiseError(
                f"{where} has a damaged header ({type(error).__name__}: {error}); export it again"
            ) from None


def read_card(path: str | Path) -> ModelCard:
    """The card of the model file `path`, without reading its tensors and without torch.

    Raises `EdgewiseError` when there is no such file, or it is no model file, or cut short, or newer than this version.
    """
    path = Path(path)
    metadata = _header(path).get("__metadata__")
    if not isinstance(metadata, dict) or KEY not in metadata:
        raise EdgewiseError(
            f"{path} holds tensors but does not say of which network; only files that edgewise wrote can be loaded"
        )
    return ModelCard.from_json(metadata[KEY], path)


def _header(path: Path) -> dict[str, Any]:
    """The JSON header of a safetensors file, once the file is known to hold all the bytes it announces."""
    try:
        if path.is_dir():
            raise EdgewiseError(f"{path} is a folder; name a model file (*.safetensors)")
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if size < _LENGTH_BYTES or not 2 <= length <= _LONGEST_HEADER:
                raise EdgewiseError(f"{path} is no model file: it does not begin with a safetensors header")
            if size < _LENGTH_BYTES + length:
                raise EdgewiseError(f"{path} is cut short: its header is not complete; copy or export it again")
            header = json.loads(file.read(length))
    except OSError as error:
        raise EdgewiseError(f"cannot read the model file {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise EdgewiseError(f"{path} is no model file: its header is not JSON") from None
    if not isinstance(header, dict):
        raise EdgewiseError(f"{path} is no model file: its header is not a safetensors header")
    try:
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        needed = max((_is(int, end, "an offset") for end in ends), default=0)
    except (TypeError, KeyError, IndexError):
        raise EdgewiseError(f"{path} is no model file: its header is not a safetensors header") from None
    missing = _LENGTH_BYTES + length + needed - size
    if missing > 0:
        raise EdgewiseError(f"{path} is cut short by {missing} bytes; copy or export it again")
    return header


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
