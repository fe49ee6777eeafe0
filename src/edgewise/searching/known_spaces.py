"""Spaces by the name that a user gives: one that comes with the package, a network of the zoo, a file of their own."""

from __future__ import annotations

from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise.own_file import only_one
from edgewise.papers import names
from edgewise.searching.space import Space
from edgewise.searching.spaces import SPACES, scaled

_SIZES = (1.0, 7 / 8, 3 / 4, 5 / 8)
"""Shares of the input size that a network of the zoo is searched at (MobileNet v1's 224 to 128, and steps between)."""

_GRID = 4


def find_space(name: str, *, size: int, classes: int, width: float = 1.0) -> Space:
    """The space `name` for images of `size` pixels and so many `classes`, all its widths times `width`.

    A name of the zoo is that network at several widths and input sizes up to `size`; a name that ends in `.py` is a
    file with a `Space` in it. Raises `EdgewiseError` for any other name, and a file without exactly one space.
    """
    if name in SPACES:
        return SPACES[name].given(size=size, classes=classes, width=width)
    if name.endswith(".py"):
        return only_one(Path(name), Space, SPACES.values(), word="space", plural="spaces").given(
            size=size, classes=classes, width=width
        )
    if name in names():
        sizes = dict.fromkeys(max(_GRID, round(size * share / _GRID) * _GRID) for share in _SIZES)
        return scaled(name, sizes=tuple(sizes)).given(classes=classes, width=width)
    raise EdgewiseError(
        f"there is no space {name!r}; choose one of: {', '.join(SPACES)}; or a network of `edgewise models`, or a "
        "Python file with a Space in it"
    )
