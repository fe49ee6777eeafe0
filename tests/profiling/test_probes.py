"""Probes ask what they say: linear in their width, nothing but what is measured; and what is made of their times."""

import itertools
import random
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edgewise.blocks import ConvBNAct, InvertedResidual
from edgewise.costs import count
from edgewise.devices import Latency
from edgewise.devices.profile import Quantum, SweptWidth
from edgewise.errors import EdgewiseError
from edgewise.profiling import (
    KINDS,
    Between,
    Confirmation,
    Setting,
    measure_overhead,
    measure_peak,
    sweeps,
    write_staircases,
)
from edgewise.profiling import measure_quantum as measured_quantum
from edgewise.profiling.confirm import network
from edgewise.profiling.overhead import robust_line
from edgewise.profiling.probes import POINTWISE_MAPS, depthwise, peak_probes, pointwise, tiny_ops
from edgewise.profiling.staircase import STEPS, triplet

SVG = "{http://www.w3.org/2000/svg}"


def test_peaks_are_asked_of_arithmetic_and_nothing_else() -> None:
    for probe in peak_probes():
        costs = count(probe)
        assert costs.multiply_adds > 1e8
        assert costs.multiply_adds / costs.parameters > 100
    assert len({probe.name for probe in peak_probes()}) == len(peak_probes())


def test_swept_probes_grow_linearly_with_the_width() -> None:
    for side in POINTWISE_MAPS:
        costs = [count(pointwise(width, side)).multiply_adds for width in (48, 64, 80)]
        assert costs[0] < costs[1]
        assert costs[1] - costs[0] == costs[2] - costs[1]
    costs = [count(depthwise(width, 28)).multiply_adds for width in (48, 64, 80)]
    assert costs[1] - costs[0] == costs[2] - costs[1]


def test_tiny_ops_are_tiny_and_as_many_as_asked() -> None:
    small, large = count(tiny_ops(4)).multiply_adds, count(tiny_ops(14)).multiply_adds
    assert large - small == 10 * 1024


def test_sweeps_hold_the_triplets_of_every_quantum() -> None:
    for kind in KINDS:
        for seconds, steps in ((30.0, STEPS[1:]), (120.0, STEPS[1:]), (600.0, STEPS)):
            for widths in sweeps(kind, seconds).values():
                for step in steps:
                    found = [
                        width for width in widths if width % step == 0 and set(triplet(step, width)) <= set(widths)
                    ]
                    assert len(found) >= 3
    first, *_ = sweeps("pointwise", 120.0).values()
    assert sum(set(triplet(2, width)) <= set(first) for width in range(32, 128, 2)) >= 6
    assert len(sweeps("pointwise", 30.0)) == 1


def test_the_line_is_not_moved_by_a_disturbed_point() -> None:
    points = [(number, 20 + 1.5 * number) for number in (4, 8, 16, 24, 32)]
    assert robust_line(points) == pytest.approx((1.5, 20.0))
    points[3] = (24, 400.0)
    assert robust_line(points) == pytest.approx((1.5, 20.0), rel=0.01)
    drawn = random.Random(0)
    noisy = [(number, 20 + 1.5 * number + drawn.gauss(0, 0.2)) for number in range(4, 40, 4)]
    slope, intercept = robust_line(noisy)
    assert slope == pytest.approx(1.5, abs=0.03)
    assert intercept == pytest.approx(20, abs=0.6)


def test_a_tiny_real_peak_and_overhead(tmp_path: Path) -> None:
    setting = Setting("onnxruntime", "fp32", tmp_path)
    peak = measure_peak(setting, 0.01, [tiny_ops(1), pointwise(64, 14)])
    assert peak.probe == "pointwise_64_at_14"
    assert peak.multiply_adds_per_second == max(peak.probes.values()) > 1e8
    overhead = measure_overhead(setting, 0.01, (2, 40, 80))
    assert 0 < overhead.per_op_us < 1000
    assert [number for number, _ in overhead.points] == [2, 40, 80]


def test_a_tiny_real_sweep(tmp_path: Path) -> None:
    found = measured_quantum("depthwise", {7: (16, 32), 14: (16,)}, Setting("onnxruntime", "fp32", tmp_path), 0.01)
    assert [(one.width, one.side) for one in found.sweep] == [(16, 7), (32, 7), (16, 14)]
    assert (found.channels, found.penalty, found.kind) == (1, None, "depthwise")
    assert found.runtime_version is not None


def test_networks_lie_on_and_off_the_multiples() -> None:
    for added in (0, 8, 16):
        rows = network(0.75, 16, added).rows
        widths = [row.out_channels for row in rows if isinstance(row, ConvBNAct | InvertedResidual)]
        widths += [row.expanded for row in rows if isinstance(row, InvertedResidual) and row.expanded]
        assert {width % 16 for width in widths} == {added % 16}
    costs = [count(network(0.75, 16, added)).multiply_adds for added in (0, 8, 16)]
    assert costs == sorted(set(costs))


def made(latency: object, step: int, *ms: float) -> Between:
    lower, own, upper = (latency(f"{step}", one, one) for one in ms)  # type: ignore[operator]
    return Between(0.75, step, (100, 150, 200), (lower, own, upper))


def test_a_quantum_is_confirmed_where_networks_off_it_are_slower_and_off_its_double_are_not(latency: object) -> None:
    off, on = made(latency, 16, 10.0, 14.5, 15.0), made(latency, 32, 10.0, 15.1, 20.0)
    assert off.expected_ms == pytest.approx(12.5)
    assert off.slower == pytest.approx(2 / 12.5)
    assert off.share == pytest.approx(2 / 2.5)
    assert Confirmation(16, (off, on)).confirmed
    assert not Confirmation(16, (made(latency, 16, 10.0, 12.6, 15.0), on)).confirmed
    assert not Confirmation(16, (off, made(latency, 32, 10.0, 19.0, 20.0))).confirmed


@pytest.fixture
def latency() -> object:
    def make(name: str, ms: float, p10: float) -> Latency:
        return Latency(name, ms, p10, ms, ms, 0.0, 12, 120, ms, 0, 0, True, "onnxruntime", 1)

    return make


def quantum(runtime: str) -> Quantum:
    sweep = tuple(SweptWidth(width, side, float(width * side), 1.0) for side in (14, 7) for width in range(32, 65, 4))
    return Quantum(runtime, "fp32", "pointwise", 16, 1.2, {16: 1.0}, sweep, "1", 0.0, 1.0)


def test_the_figure_has_a_chart_for_each_quantum_and_a_mark_for_each_width(tmp_path: Path) -> None:
    write_staircases([quantum("one"), quantum("<two>")], tmp_path / "quantum.svg")
    root = ElementTree.parse(tmp_path / "quantum.svg").getroot()
    charts = [one for one in root.iter(f"{SVG}svg") if "chart" in one.get("class", "")]
    assert len(charts) == 2
    assert ["<two>" in one.attrib["aria-label"] for one in charts] == [False, True]
    marks = [one for one in charts[0].iter() if "mark" in one.get("class", "")]
    assert len(marks) == 2 * len(range(32, 65, 4))
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {"32", "48", "64", "14×14 map", "7×7 map"} <= set(words)
    tops = [float(one.attrib["y"]) for one in root.iter(f"{SVG}svg") if "y" in one.attrib]
    heights = [float(one.attrib["height"]) for one in root.iter(f"{SVG}svg") if "y" in one.attrib]
    assert all(top + high <= below for (top, high), (below, _) in itertools.pairwise(zip(tops, heights, strict=True)))
    assert tops[-1] + heights[-1] <= float(root.attrib["height"])


def lefts(chart: ElementTree.Element) -> set[float]:
    return {float(one.attrib["x1"]) for one in chart.iter(f"{SVG}line") if one.get("class") == "axis"}


def test_channels_line_up_down_the_page(tmp_path: Path) -> None:
    """Times of five digits beside times of one: the plots begin at one place, and no text at the edge of the page."""
    fast = replace(quantum("one"), sweep=tuple(replace(one, us=one.us / 1000) for one in quantum("one").sweep))
    slow = replace(fast, sweep=tuple(replace(one, us=one.us * 1e5) for one in fast.sweep))
    write_staircases([fast, slow], tmp_path / "quantum.svg")
    root = ElementTree.parse(tmp_path / "quantum.svg").getroot()
    panels = [one for one in root.iter(f"{SVG}svg") if "y" in one.attrib]
    assert len(panels) == 2
    assert {float(one.attrib["x"]) for one in panels} == {12.0}
    assert lefts(panels[0]) == lefts(panels[1])
    assert all(float(one.attrib["x"]) + float(one.attrib["width"]) <= float(root.attrib["width"]) for one in panels)


def test_no_line_joins_widths_that_are_far_apart(tmp_path: Path) -> None:
    widths = (32, 48, 50, 52, 56, 62, 80)
    swept = tuple(SweptWidth(width, 14, 10.0 + width, 1.0) for width in widths)
    write_staircases([replace(quantum("one"), sweep=swept)], tmp_path / "quantum.svg")
    root = ElementTree.parse(tmp_path / "quantum.svg").getroot()
    assert [len(one.attrib["points"].split()) for one in root.iter(f"{SVG}polyline")] == [5]
    assert sum("mark" in one.get("class", "") for one in root.iter()) == len(widths)


def test_there_must_be_something_to_draw_and_a_name_for_it(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="no quantum to draw"):
        write_staircases([], tmp_path / "quantum.svg")
    with pytest.raises(EdgewiseError, match=r"\.svg"):
        write_staircases([quantum("one")], tmp_path / "quantum.png")
