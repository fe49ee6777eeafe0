"""A study: a question that a paper answers by training variants of a network alike. Data; training is the verb's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from edgewise.papers import Architecture

__all__ = ["Claim", "Form", "Study", "Variant"]

Form = Literal["float", "int8", "int8 tuned"]
"""How a trained variant is scored: as it is, quantised, or tuned for that."""


@dataclass(frozen=True)
class Claim:
    """What a paper says: the variant `better` is more accurate than `worse`, or with a `margin` at most so many points
    of accuracy (a share of one) less."""

    says: str
    better: str
    worse: str
    margin: float = 0.0


@dataclass(frozen=True)
class Variant:
    """A network at the paper's size; `scale` is the share of a study's input size that it takes."""

    architecture: Architecture
    scale: float = 1.0
    form: Form = "float"


@dataclass(frozen=True)
class Study:
    """The question, where it is from, the variants by name, the base first, and what the paper says of them.

    `width` is the multiplier at which the networks are trained on small images, unless the user says.
    """

    name: str
    question: str
    source: str
    variants: Callable[[], Mapping[str, Variant]]
    claims: tuple[Claim, ...]
    width: float = field(default=0.5, kw_only=True)


def plain(networks: Mapping[str, Architecture]) -> dict[str, Variant]:
    """Variants that differ in their architecture alone."""
    return {name: Variant(architecture) for name, architecture in networks.items()}
