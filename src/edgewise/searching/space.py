"""A space: named choices, and what any combination of them is as a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

import numpy as np

from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture

Option = str | int | float | bool
Point = tuple[int, ...]
"""Of every choice the index of an option."""


@dataclass(frozen=True)
class Choice:
    """One decision. Raises `EdgewiseError` without options, or with the same one twice."""

    name: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        if not self.options:
            raise EdgewiseError(f"the choice {self.name!r} has no options; give it at least one")
        if len({repr(option) for option in self.options}) < len(self.options):
            raise EdgewiseError(f"the choice {self.name!r} has an option twice; give every option once")


@dataclass(frozen=True, eq=False)
class Space:
    """All networks that `build` makes of an option of each of the `choices`.

    A space of one's own is a function from names to an architecture, and the choices it reads:

        def build(chosen):
            width, kernel = int(chosen["width"]), int(chosen["kernel"])
            rows = (ConvBNAct(out_channels=width, kernel=kernel, stride=2), Classifier(classes=10))
            return Architecture("mine", rows, input=(3, 32, 32))

        mine = Space("mine", (Choice("width", (16, 24, 32)), Choice("kernel", (3, 5))), build)

    `layers` says which rows of different networks are the same layer, and may share weights: a name for every row.
    Without it those are that stand at the same place among the rows with as large a map. `around` is the network that
    the space was made around, if any, an option of every choice: where a search may begin.

    Raises `EdgewiseError` where `around` is not of this space.
    """

    name: str
    choices: tuple[Choice, ...]
    build: Callable[[Mapping[str, Option]], Architecture]
    layers: Callable[[Mapping[str, Option]], Sequence[str]] | None = None
    around: Mapping[str, Option] | None = None

    def __post_init__(self) -> None:
        if self.around is not None:
            self.point(self.around)

    @property
    def size(self) -> int:
        """How many points it has; some may be the same network."""
        return prod(len(choice.options) for choice in self.choices)

    def named(self, point: Point) -> dict[str, Option]:
        """The options of a point, by choice. Raises `EdgewiseError` for what is no point of this space."""
        if len(point) != len(self.choices) or not all(
            0 <= index < len(choice.options) for index, choice in zip(point, self.choices, strict=True)
        ):
            raise EdgewiseError(f"{list(point)} is no point of the space {self.name}")
        return {choice.name: choice.options[index] for index, choice in zip(point, self.choices, strict=True)}

    def point(self, named: Mapping[str, Option]) -> Point:
        """The point that has these options. Raises `EdgewiseError` where a choice or an option is not of this space."""
        if set(named) != {choice.name for choice in self.choices}:
            raise EdgewiseError(f"{sorted(named)} are not the choices of the space {self.name}")
        try:
            return tuple(choice.options.index(named[choice.name]) for choice in self.choices)
        except ValueError:
            raise EdgewiseError(f"{dict(named)} has options that the space {self.name} does not have") from None

    def architecture(self, point: Point) -> Architecture:
        """The network of a point. Raises `EdgewiseError` where there is none."""
        return self.build(self.named(point))

    def layers_of(self, point: Point) -> tuple[str, ...]:
        """Of every row of the point's network the name of its layer, once each. Raises `EdgewiseError` where there is
        no network, or `layers` does not name its rows."""
        architecture = self.architecture(point)
        names = _by_map(architecture) if self.layers is None else tuple(self.layers(self.named(point)))
        if len(names) != len(architecture.rows) or len(set(names)) != len(names):
            raise EdgewiseError(
                f"the space {self.name} names {len(set(names))} layers for the {len(architecture.rows)} rows of "
                f"{self.named(point)}; give every row a name of its own"
            )
        return names

    def sample(self, random: np.random.Generator) -> Point:
        """A point, all equally likely."""
        return tuple(int(random.integers(len(choice.options))) for choice in self.choices)

    def neighbours(self, point: Point) -> Iterator[Point]:
        """All points that differ in one choice."""
        for place, choice in enumerate(self.choices):
            for index in range(len(choice.options)):
                if index != point[place]:
                    yield (*point[:place], index, *point[place + 1 :])

    def points(self) -> Iterator[Point]:
        """All points, in order; for small spaces."""
        yield from (tuple(map(int, point)) for point in np.ndindex(*(len(choice.options) for choice in self.choices)))

    def given(self, *, size: int | None = None, classes: int | None = None, width: float = 1.0) -> Space:
        """The space for other images, an input of `size` pixels and so many `classes`; all widths times `width`."""

        def build(chosen: Mapping[str, Option]) -> Architecture:
            made = self.build(chosen).scaled(width)
            made = made if classes is None else made.with_classes(classes)
            return made if size is None else made.with_input(size)

        return replace(self, build=build)


def _by_map(architecture: Architecture) -> tuple[str, ...]:
    """A name for every row: the number of its map, counting those of another size, and its place among them."""
    names: list[str] = []
    sizes: list[tuple[int, ...]] = []
    for shape in architecture.shapes:
        sizes.append(shape[1:])
        stage = sum(before != after for before, after in pairwise(sizes))
        names.append(f"{stage}.{sum(name.startswith(f'{stage}.') for name in names)}")
    return tuple(names)


def stage_layers(depths: Sequence[int]) -> list[str]:
    """Names for the layers of stages of these depths: those at the same place of a stage are the same layer."""
    return [f"{stage}.{layer}" for stage, depth in enumerate(depths, 1) for layer in range(depth)]
