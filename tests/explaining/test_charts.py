"""Axes, the scatter, confusion matrices, curves, thumbnails, formats."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import Page

from edgewise.explaining import (
    Epoch,
    Limit,
    Point,
    confusion,
    fit_axis,
    scatter,
    thumbnail,
    training_curves,
    wilson_interval,
)
from edgewise.explaining.formats import count, measured_bytes, millions, milliseconds, per_cent
from edgewise.explaining.marks import mark

# Not below a billionth: what vanishes beside 1e-300 is nobody's latency.
finite = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False).map(lambda value: round(value, 9))


@given(st.lists(finite, min_size=1, max_size=8))
def test_an_axis_holds_its_values_and_its_ticks(values: list[float]) -> None:
    axis = fit_axis(values)
    assert axis.low < axis.high
    assert all(axis.low <= value <= axis.high for value in values)
    ticks = [tick.value for tick in axis.ticks]
    assert ticks == sorted(set(ticks))
    assert all(axis.low <= value <= axis.high for value in ticks)
    assert len({tick.label for tick in axis.ticks}) == len(axis.ticks)
    shares = [axis.share(value) for value in sorted(values)]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


@given(st.floats(min_value=1e-6, max_value=1e3), st.floats(min_value=11, max_value=1e6))
def test_values_far_apart_get_a_logarithmic_axis(low: float, times: float) -> None:
    axis = fit_axis([low, low * times])
    assert axis.logarithmic
    middle = axis.share(math.sqrt(low * low * times))
    assert middle == pytest.approx((axis.share(low) + axis.share(low * times)) / 2, abs=1e-6)


def test_close_values_get_a_linear_axis() -> None:
    assert not fit_axis([1.0, 2.0]).logarithmic


@pytest.mark.parametrize("last", [1, 2, 3, 17, 18, 60, 1000])
@pytest.mark.parametrize("ticks", [4, 8])
def test_an_axis_of_what_is_counted_has_whole_ticks(last: int, ticks: int) -> None:
    axis = fit_axis(range(1, last + 1), logarithmic=False, floor=1.0, ticks=ticks, whole=True)
    assert axis.ticks
    assert all(tick.value == int(tick.value) and "." not in tick.label for tick in axis.ticks)
    assert axis.low <= 1 <= last <= axis.high


def test_one_epoch_is_no_fraction_of_it() -> None:
    drawn = str(training_curves([Epoch(1, 2.25, val_loss=2.5, val_accuracy=0.5)]))
    assert not re.search(r">1\.0\d<", drawn)


def points(number: int) -> list[Point]:
    return [
        Point(
            name=f"network {index}",
            group=f"family {index % 3}",
            x=0.1 * 1.3**index,
            x_interval=(0.1 * 1.3**index * 0.95, 0.1 * 1.3**index * 1.05),
            y=None if index % 2 else 50.0 + index,
            y_interval=None,
        )
        for index in range(number)
    ]


def drawing(shown: list[Point], limit: Limit | None = None) -> str:
    return str(
        scatter(
            shown, summary="networks", caption="Accuracy", x_label="latency, ms", y_label="accuracy, %", limit=limit
        )
    )


def test_a_scatter_shows_every_point_its_interval_and_the_limit() -> None:
    drawn = points(12)
    page = Page(drawing(drawn, Limit(0.4, "budget 0.4 ms")))
    titles = page.text
    for point in drawn:
        assert point.name in titles
    assert "budget 0.4 ms" in titles


def test_families_differ_in_shape_and_not_only_in_colour() -> None:
    source = drawing(points(6))
    drawn = re.findall(r"<(circle|rect|path|polygon) ([^>]*hue\d[^>]*)>", source)
    # Polygons are told apart by how many corners they have.
    shapes = {(kind, len(re.findall(r"[-0-9.]+,[-0-9.]+", rest))) for kind, rest in drawn}
    assert len(shapes) >= 3


def shape_and_filling(number: int) -> tuple[str, bool]:
    """What a mark is without its colour."""
    drawn = str(mark(number, 0, 0, 5))
    return re.sub(r' class="[^"]*"', "", drawn), "hollow" in drawn


def test_groups_of_one_colour_differ_in_shape_and_in_filling() -> None:
    for number in range(7):
        (first, filled), (second, hollow) = shape_and_filling(number), shape_and_filling(number + 7)
        assert first != second
        assert (filled, hollow) == (False, True)
    assert len({str(mark(number, 0, 0, 5)) for number in range(49)}) == 49


def test_no_two_shapes_are_nearly_the_same() -> None:
    """A circle and a hexagon are at this size; what has many corners has deep ones."""
    for number in range(14):
        drawn = str(mark(number, 0, 0, 5))
        corners = re.findall(r"([-0-9.]+),([-0-9.]+)", drawn)
        radii = [math.hypot(float(x), float(y)) for x, y in corners]
        assert len(corners) <= 4 or min(radii) < 0.5 * max(radii)


@pytest.mark.parametrize("classes", [2, 10, 300])
def test_confusion_of_few_and_of_many_classes(classes: int) -> None:
    names = [f"class {index}" for index in range(classes)]
    matrix = np.eye(classes, dtype=np.int64) * 9
    matrix[1, 0] = 7
    page = Page(str(confusion(matrix, names)))
    assert "class 1" in page.text
    assert "7" in page.text.split()
    if classes == 300:
        assert len(page.all("td")) < 1000  # pairs, not ninety thousand cells
    else:
        assert len(page.all("td")) >= classes**2


def test_confusion_refuses_what_is_no_count() -> None:
    with pytest.raises(ValueError, match="counts"):
        confusion(np.array([[0.5, 0.5], [0.0, 1.0]]), ["a", "b"])
    with pytest.raises(ValueError, match="shape"):
        confusion(np.eye(3, dtype=np.int64), ["a", "b"])


def test_curves_survive_missing_values() -> None:
    history = [Epoch(1, 2.0), Epoch(2, 1.0, val_loss=float("nan")), Epoch(3, 0.5, val_loss=0.7, val_accuracy=0.9)]
    text = Page(str(training_curves(history))).text
    assert "90.0" in text
    assert "nan" not in text.lower()


def test_thumbnails_are_small_and_refuse_other_arrays() -> None:
    small = thumbnail(np.zeros((32, 32, 3), np.uint8))
    assert small.startswith("data:image/png;base64,")
    large = np.random.default_rng(0).integers(0, 256, (2000, 3000, 3), dtype=np.uint8)
    assert thumbnail(large).startswith("data:image/jpeg;base64,")
    assert len(thumbnail(large)) < 200_000
    with pytest.raises(ValueError, match="uint8"):
        thumbnail(np.zeros((32, 32, 3), np.float32))  # type: ignore[arg-type]


def test_numbers_in_words() -> None:
    assert per_cent(0.97765) == "97.8%"
    assert per_cent(None) == per_cent(float("nan")) == "–"
    assert count(1234567) == "1,234,567"
    assert millions(37_012_736) == "37.01 M"
    assert measured_bytes(912) == "912 bytes"
    assert measured_bytes(2_830_000) == "2.83 MB"
    assert milliseconds(0.4053) == "0.405 ms"


def test_wilson_interval_is_the_textbook_one() -> None:
    low, high = wilson_interval(0.5, 100)
    assert (low, high) == (pytest.approx(0.4038, abs=1e-4), pytest.approx(0.5962, abs=1e-4))
    assert wilson_interval(1.0, 10)[1] == 1.0
