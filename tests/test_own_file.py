"""What a user writes in a file of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewise.errors import EdgewiseError
from edgewise.own_file import only_one
from edgewise.searching import Space
from edgewise.searching.spaces import SPACES

FILE = """
from __future__ import annotations

from dataclasses import dataclass

from edgewise.blocks import Classifier, Row
from edgewise.blocks.conv import conv_bn_act
from edgewise.graph import Value
from edgewise.papers import Architecture
from edgewise.searching import Choice, Space
from edgewise.searching.spaces import MNASNET


@dataclass(frozen=True, slots=True, kw_only=True)
class Own(Row):
    width: int

    def apply(self, x: Value) -> Value:
        return conv_bn_act(x, self.width, kernel=3, stride=2, activation="relu", name="conv")


def build(chosen):
    return Architecture("mine", (Own(width=chosen["width"]), Classifier(classes=3)), input=(3, 16, 16))


MINE = Space("mine", (Choice("width", (8, 16)),), build)
"""


def read(path: Path) -> Space:
    return only_one(path, Space, SPACES.values(), word="space", plural="spaces")


def test_a_file_with_blocks_of_its_own_beside_what_it_imports(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    space = read(path)
    assert (space.name, space.size) == ("mine", 2)
    assert space.architecture((1,)).shapes[0] == (16, 8, 8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import nothing_of_this_name", r"cannot be imported \(ModuleNotFoundError: "),
        ("1 +", r"cannot be imported \(SyntaxError: "),
        ("", "has 0 spaces; a file with a space of your own has one"),
        (f"{FILE}\nANOTHER = Space('another', (Choice('width', (8,)),), build)", "has 2 spaces"),
    ],
)
def test_what_is_no_such_file(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(content)
    with pytest.raises(EdgewiseError, match=message):
        read(path)
    with pytest.raises(EdgewiseError, match=r"a space of your own is a Python file with one Space"):
        read(tmp_path / "yours.py")
