"""Bars of a table's rows, as an SVG file that stands alone."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from edgewise.explaining import Bar, bar_figure

SVG = "{http://www.w3.org/2000/svg}"
BARS = [Bar("0 stem", 4.0, "4.00 M"), Bar("1 <wide> & deep", 8.0, "8.00 M"), Bar("2 nothing", 0.0, "0")]


def drawn(bars: list[Bar]) -> ElementTree.Element:
    return ElementTree.fromstring(bar_figure(bars, summary="three rows", heading="by row", x_label="millions", hue=2))


def test_bars_are_as_long_as_their_values_and_in_order() -> None:
    root = drawn(BARS)
    boxes = [box for box in root.iter(f"{SVG}rect") if box.get("class") == "mark hue2"]
    widths = [float(box.attrib["width"]) for box in boxes]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)
    assert widths[2] == 0
    assert len({box.attrib["x"] for box in boxes}) == 1
    heights = [float(box.attrib["y"]) for box in boxes]
    assert heights == sorted(heights)
    assert len(set(heights)) == 3


def test_everything_is_inside_and_named() -> None:
    root = drawn(BARS)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for box in root.iter(f"{SVG}rect"):
        assert float(box.get("x", "0")) + float(box.attrib["width"]) <= width
        assert float(box.get("y", "0")) + float(box.attrib["height"]) <= height
    words = [text.text for text in root.iter(f"{SVG}text")]
    for bar in BARS:
        assert bar.name in words
        assert bar.written in words
    assert {"by row", "millions"} <= set(words)
    (picture,) = [part for part in root.iter(f"{SVG}svg") if part.get("role") == "img"]
    assert picture.get("aria-label") == "three rows"


def test_the_file_asks_for_nothing_and_brings_its_colours() -> None:
    text = bar_figure(BARS, summary="s", heading="h", x_label="x")
    assert "--hue0:" in text
    assert "url(" not in text
    assert "@import" not in text
    assert "<script" not in text
    assert text.count("http") == text.count("http://www.w3.org/2000/svg")


def test_no_bars_are_refused() -> None:
    with pytest.raises(ValueError, match="without bars"):
        drawn([])


def test_bars_of_nothing_and_one_bar() -> None:
    assert len([1 for _ in drawn([Bar("0", 0.0, "0")]).iter(f"{SVG}text")]) > 3
