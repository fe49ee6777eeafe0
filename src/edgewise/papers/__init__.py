"""The papers, one file each, their tables as rows; `find` looks a variant up by name. No torch."""

from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family
from edgewise.papers.zoo import families, find, names

__all__ = ["Architecture", "Family", "families", "find", "names"]
