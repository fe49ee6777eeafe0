"""Everybody whose weights edgewise reads, and loading them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from torch import from_numpy

from edgewise.data.preprocessing import Preprocessing
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers.architecture import Architecture
from edgewise.papers.form import Form
from edgewise.papers.zoo import families
from edgewise.weights.foreign import fd_mobilenet, google, timm, torchvision
from edgewise.weights.foreign.fetching import fetch, has_its_digest
from edgewise.weights.foreign.naming import NotTheirsError, RowNames, Tensors, looked_up
from edgewise.weights.foreign.pretrained import HALF, IMAGENET_MEAN, IMAGENET_STD, Pretrained, Triple
from edgewise.weights.foreign.reading import read_tensors


@dataclass(frozen=True)
class Source:
    """Somebody who publishes weights.

    `names` are its names for an architecture's modules (None for families it does not have), `convert` brings a
    file's tensors under ours, `classes` counts a file's classes, `form_of` is what its networks differ in and `mean`
    and `std` how they take pixels where no entry of `pretrained` says it.
    """

    name: str
    names: Callable[[Architecture], RowNames | None]
    convert: Callable[[Architecture, RowNames, Tensors], Tensors]
    pretrained: Callable[[], Sequence[Pretrained]]
    form_of: Callable[[Architecture], Form]
    classes: Callable[[RowNames, Tensors], int]
    mean: Triple = IMAGENET_MEAN
    std: Triple = IMAGENET_STD


def _classes(theirs: RowNames, tensors: Tensors) -> int:
    """Of a PyTorch state dict: the height of the last layer's matrix."""
    return looked_up(tensors, f"{theirs[-1][-1]}.weight").shape[0]


SOURCES: Mapping[str, Source] = {
    source.name: source
    for source in (
        Source(
            torchvision.NAME,
            torchvision.names,
            torchvision.convert,
            torchvision.pretrained,
            torchvision.form_of,
            _classes,
        ),
        Source(timm.NAME, timm.names, timm.convert, timm.pretrained, timm.form_of, _classes),
        Source(
            google.NAME, google.names, google.convert, google.pretrained, google.form_of, google.classes, HALF, HALF
        ),
        Source(
            fd_mobilenet.NAME,
            fd_mobilenet.names,
            fd_mobilenet.convert,
            fd_mobilenet.pretrained,
            fd_mobilenet.form_of,
            _classes,
        ),
    )
}
"""By the name that `--weights` takes."""


@dataclass(frozen=True, eq=False)
class Foreign:
    """Weights of others under our names: `tensors` of `architecture`, which may differ from the zoo's in its form, the
    `preprocessing` that belongs to them, the `file` they are from and the published set, `entry`, that they are, when
    that is certain."""

    source: str
    architecture: Architecture
    tensors: Tensors
    preprocessing: Preprocessing
    file: Path
    entry: Pretrained | None

    def network(self) -> Network:
        """The network with these weights, in eval mode."""
        network = Network(self.architecture)
        # Batch norm's counters of steps are in no file that matters.
        network.load_state_dict({name: from_numpy(tensor) for name, tensor in self.tensors.items()}, strict=False)
        return network.eval()


def pretrained(model: str | None = None) -> list[Pretrained]:
    """What all sources publish for the zoo, or for its `model`, source by source, the best first."""
    return [
        entry for source in SOURCES.values() for entry in source.pretrained() if model is None or entry.model == model
    ]


def load_foreign(architecture: Architecture, weights: str | Path, *, like: str | None = None) -> Foreign:
    """The weights `weights` for `architecture`, a network of the zoo.

    `weights` is a source ("torchvision", "timm", "keras", "authors": its best for the network is downloaded), the
    name of one published set, or a file of any of them. `like` names the published set whose form and preprocessing
    a file has, where its own name does not say it.

    Raises `EdgewiseError` when nobody publishes weights for the network, they cannot be fetched, or a file holds other
    tensors.
    """
    if architecture.task != "classify":
        raise EdgewiseError(f"weights of others are read for classifiers, and {architecture.name} is none yet")
    path = Path(weights)
    if str(weights) not in SOURCES and path.is_file():
        relative = None
        if like:
            relative = _best(architecture, like) if like in SOURCES else _named(architecture, like)
        return _from_file(architecture, path, relative)
    if like:
        raise EdgewiseError(f"`like` says of a file what it is a relative of; {weights} is no file, so leave it out")
    entry = _best(architecture, str(weights)) if str(weights) in SOURCES else _named(architecture, str(weights))
    return replace(_from_file(architecture, fetch(entry), entry), entry=entry)


def _best(architecture: Architecture, source: str) -> Pretrained:
    for entry in SOURCES[source].pretrained():
        if entry.model == architecture.name:
            return entry
    others = sorted({entry.source for entry in pretrained(architecture.name)})
    hint = f"there are some from {', '.join(others)}" if others else "nobody that edgewise knows publishes any"
    raise EdgewiseError(
        f"{source} publishes no weights for {architecture.name}; {hint}; `edgewise models --weights` lists them all"
    )


def _named(architecture: Architecture, name: str) -> Pretrained:
    known = pretrained(architecture.name)
    for entry in known:
        if entry.name == name:
            return entry
    near = get_close_matches(name, [*SOURCES, *(entry.name for entry in known)], 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise EdgewiseError(
        f"there are no weights '{name}' for {architecture.name}; {hint}give a file that exists, one of "
        f"{', '.join(SOURCES)}, or a name that `edgewise models {architecture.name} --weights` lists"
    )


def _from_file(architecture: Architecture, path: Path, like: Pretrained | None) -> Foreign:
    """The weights in `path`, of the form of `like` where that is given."""
    tensors = read_tensors(path)
    reasons: list[tuple[float, str]] = []
    for source in SOURCES.values():
        if like is not None and source.name != like.source:
            continue
        try:
            guess = like or _guessed(source, architecture, path)
            return replace(_converted(source, architecture, path, tensors, guess), entry=_called(guess, path))
        except NotTheirsError as error:
            reasons.append((_nearness(source, architecture, tensors), f"by {source.name}'s names {error}"))
    raise EdgewiseError(
        f"{path} holds no weights of {architecture.name} that edgewise can read: {max(reasons)[1]}; "
        + _hint(architecture, path, tensors)
    )


def _nearness(source: Source, architecture: Architecture, tensors: Tensors) -> float:
    """The share of the source's modules that the file has something of."""
    theirs = {name for row in source.names(architecture) or () for name in row}
    held = {key[: key.rfind(sign)] for key in (*tensors, *google.layers(tensors)) for sign in "./" if sign in key}
    return len(theirs & held) / max(1, len(theirs))


def _hint(architecture: Architecture, path: Path, tensors: Tensors) -> str:
    """Which other network of the family the weights are of, if any."""
    family = next((family for family in families() if architecture.name in family.variants), None)
    for name, build in family.variants.items() if family else ():
        for source in SOURCES.values():
            try:
                _converted(source, build(), path, tensors, None)
            except NotTheirsError:
                continue
            return f"they are those of {name}, so name that network"
    return "check that file and model belong together"


def _guessed(source: Source, architecture: Architecture, path: Path) -> Pretrained | None:
    """The entry that the file is called after, else the source's best for the network."""
    known = [entry for entry in source.pretrained() if entry.model == architecture.name]
    return next(filter(None, (_called(entry, path) for entry in known)), known[0] if known else None)


def _called(entry: Pretrained | None, path: Path) -> Pretrained | None:
    """`entry`, when the file has its name, and the digest that the name promises."""
    if entry is None or (path.name != entry.url.rpartition("/")[2] and not path.name.startswith(entry.name)):
        return None
    return entry if has_its_digest(path) else None


def _converted(
    source: Source, architecture: Architecture, path: Path, tensors: Tensors, entry: Pretrained | None
) -> Foreign:
    form = entry.form if entry else source.form_of(architecture)
    formed = form.of(architecture)
    if entry:
        formed = formed.with_input(entry.size, smallest_map=1)
    theirs = source.names(formed)
    if theirs is None:
        raise NotTheirsError("there is no such network")
    formed = formed.with_classes(source.classes(theirs, tensors))
    height, width = formed.input[1:]
    preprocessing = entry.preprocessing if entry else Preprocessing(height, width, source.mean, source.std, 0.875)
    converted = source.convert(formed, theirs, tensors)
    for name, tensor in converted.items():
        if not np.isfinite(tensor).all():
            raise EdgewiseError(
                f"{path} is of no use: {name} holds values that are not finite; take another checkpoint"
            )
    return Foreign(source.name, formed, converted, preprocessing, path, None)
