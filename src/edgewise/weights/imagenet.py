"""The 1,000 classes of ImageNet (ILSVRC 2012 to 2017) in the order that published weights score them.

Names are the first word that WordNet 3.0 gives for the class; where two classes share it, they say what they are:
`crane (bird)`, `crane (machine)`. Folders of ImageNet are called by the WordNet ids, which rise with the index.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    CLASSES: tuple[str, ...]
    """The 1,000 names; read from the table when first asked for."""

__all__ = ["CLASSES", "ids", "names_by_id"]


@cache
def names_by_id() -> Mapping[str, str]:
    """The name of each class by its WordNet id: `n01440764` is `tench`, and so on, in the standard order."""
    table = files("edgewise.weights").joinpath("imagenet.tsv").read_text(encoding="utf-8")
    return MappingProxyType(dict(line.split("\t") for line in table.splitlines()))


def ids() -> tuple[str, ...]:
    """The 1,000 WordNet ids in the standard order."""
    return tuple(names_by_id())


def __getattr__(name: str) -> tuple[str, ...]:
    if name == "CLASSES":
        return tuple(names_by_id().values())
    raise AttributeError(f"module {__name__} has no attribute {name}")
