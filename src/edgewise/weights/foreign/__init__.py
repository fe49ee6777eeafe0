"""Weights that others have published, converted: one file a source, each a table of names."""

from edgewise.weights.foreign.pretrained import Pretrained
from edgewise.weights.foreign.sources import SOURCES, Foreign, load_foreign, pretrained

__all__ = ["SOURCES", "Foreign", "Pretrained", "load_foreign", "pretrained"]
