"""`edgewise figures`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edgewise.errors import EdgewiseError
from edgewise.verbs import figures as module
from edgewise.verbs.figures import available, figures


def test_names_are_unlike_each_other_and_each_says_what_it_shows() -> None:
    every = available()
    assert len({one.name for one in every}) == len(every) > 30
    assert all(len(one.says) > 5 for one in every)


def test_those_that_are_named_are_written(tmp_path: Path) -> None:
    told: list[str] = []
    written = figures(tmp_path / "new", ["depthwise", "separable"], tell=told.append)
    assert [path.name for path in written] == ["depthwise.svg", "separable.svg"]
    assert len(told) == 2
    for path in written:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_what_is_measured_is_drawn_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [replace(one, drawn=lambda: "<svg/>") for one in available()]
    monkeypatch.setattr(module, "available", lambda: every)
    measured = {f"{one.name}.svg" for one in every if one.measured}
    assert len(measured) >= 6
    assert not measured & {path.name for path in figures(tmp_path / "computed")}
    assert measured < {path.name for path in figures(tmp_path / "all", measured=True)}


def test_what_is_no_figure_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="no figure 'depthwse'; did you mean depthwise"):
        figures(tmp_path / "new", ["separable", "depthwse"])
    assert not (tmp_path / "new").exists()


def test_the_page_shows_all_of_them() -> None:
    page = Path(__file__).parents[2] / "docs" / "why.md"
    shown = re.findall(r"\{figure\} figures/(\w+)\.svg", page.read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(one.name for one in available())
