"""`convert`: the weights of others to a model file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.verbs.resolve import architecture_of, is_model_file
from edgewise.weights import ModelCard, Provenance

if TYPE_CHECKING:
    from edgewise.weights.foreign import Foreign


@dataclass(frozen=True)
class Converted:
    """The model file that was written, its card, and where the weights came from: `source` and `file`."""

    model_file: Path
    card: ModelCard
    source: str
    file: Path


def convert(
    model: str | Architecture,
    weights: str | Path,
    out: str | Path | None = None,
    *,
    like: str | None = None,
    classes: Sequence[str] | None = None,
    command: str = "edgewise.convert(...)",
) -> Converted:
    """Writes the weights `weights` of the zoo's `model` as a model file to `out`, by default `<model>.safetensors`.

    `weights` is a source (torchvision, timm, keras, authors), the name of one published set, or a file of any of them;
    `like` names the published set that a file is a relative of. The architecture takes the form that the weights were
    trained in, and their preprocessing goes into the card. `classes` are the names of the scores; 1,000 are taken for
    ImageNet's. Raises `EdgewiseError` when the weights cannot be had or are of another network.
    """
    if isinstance(model, str) and is_model_file(model):
        raise EdgewiseError(f"{model} is a model file already; name the network of the zoo that the weights are of")
    target = Path(out) if out is not None else None
    if target is not None and target.suffix != ".safetensors":
        raise EdgewiseError(f"a model file ends in .safetensors; {target} does not")
    architecture = architecture_of(model)

    from edgewise.weights.foreign import load_foreign

    foreign = load_foreign(architecture, weights, like=like)
    card = card_of(foreign, classes, command=command)
    path = target or Path(f"{foreign.architecture.name}.safetensors")

    from edgewise.weights import save_model

    save_model(path, foreign.network(), card)
    return Converted(path, card, foreign.source, foreign.file)


def card_of(foreign: Foreign, classes: Sequence[str] | None = None, *, command: str = "") -> ModelCard:
    """The card of converted weights; what their source reports of them stands in its metrics as `reported_…`."""
    number = foreign.architecture.classes
    entry = foreign.entry
    reported = {"reported_accuracy": entry.top1, "reported_top5": entry.top5} if entry and classes is None else {}
    return ModelCard(
        architecture=foreign.architecture,
        preprocessing=foreign.preprocessing,
        classes=tuple(classes) if classes is not None else _class_names(number),
        metrics={name: value for name, value in reported.items() if value is not None},
        provenance=Provenance(data=f"{foreign.source}: {foreign.file.name}", command=command),
    )


def _class_names(number: int) -> tuple[str, ...]:
    from edgewise.weights import imagenet

    names: tuple[str, ...] = imagenet.CLASSES
    return names if number == len(names) else tuple(f"class {index}" for index in range(number))


def read_classes(path: Path) -> tuple[str, ...]:
    """Class names from a text file, one per line. Raises `EdgewiseError` when it cannot be read or repeats a name."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EdgewiseError(f"cannot read the class names in {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise EdgewiseError(f"{path} is no list of class names: it is not text in UTF-8") from None
    names = tuple(line.strip() for line in lines if line.strip())
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise EdgewiseError(f"{path} has the class name '{twice}' more than once; give every class its own")
    return names
