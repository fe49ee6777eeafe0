"""Wiring pictures: as many lines as there are wires, and those that reach the middle output in colour."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from edgewise.blocks import ConvBNAct, Fire, InvertedResidual, ShuffleUnitV2
from edgewise.explaining.connectivity import Connectivity
from edgewise.explaining.wiring import wiring

SVG = "{http://www.w3.org/2000/svg}"


def counted(picture: str, *, reaching: bool) -> list[int]:
    """The lines of each panel, of those that reach the middle output or of the others."""
    css = "wires reaching" if reaching else "wires"
    groups = [one for one in ElementTree.fromstring(picture).iter(f"{SVG}g") if one.get("class") == css]
    return [len(list(one)) for one in groups]


def names(picture: str) -> list[str]:
    return re.findall(r'text-anchor="middle">([^<]+)</text>', picture)


def test_a_convolution_has_its_lines() -> None:
    """Channels: each of 6 reads 4; positions: 7, each reads 3, those at the edges 2."""
    picture = wiring(Connectivity.of(ConvBNAct(out_channels=6), image=(4, 7, 7)), "a convolution")
    assert counted(picture, reaching=True) == [4, 3]
    assert counted(picture, reaching=False) == [5 * 4, 5 * 3 + 2 * 2 - 3]
    assert "24·9·49 = 10,584 multiply-adds" in picture


def test_depthwise_channels_stay_among_themselves() -> None:
    row = ConvBNAct(out_channels=6, groups=6)
    picture = wiring(Connectivity.of(row, image=(6, 7, 7)), "depthwise")
    assert counted(picture, reaching=True) == [1, 3]
    assert counted(picture, reaching=False)[0] == 5
    assert "3×3 depthwise" in picture


def test_every_value_has_its_dots_and_its_name() -> None:
    made = Connectivity.of(InvertedResidual(out_channels=4, expanded=8), image=(4, 5, 5))
    picture = wiring(made, "an inverted residual")
    assert names(picture) == ["input", "1×1", "3×3 depthwise", "1×1", "add"] * 2
    assert picture.count("<circle") == (4 + 8 + 8 + 4 + 4) + 5 * 5
    assert picture.count("<path") == 4 + 5  # the shortcut passes over three columns


def test_branches_stand_below_each_other() -> None:
    picture = wiring(Connectivity.of(Fire(squeezed=3, pointwise=4, spatial=4), image=(6, 7, 7)), "fire")
    assert picture.count("<circle") == (6 + 3 + 4 + 4 + 8) + 5 * 7
    (channels, _) = [one for one in ElementTree.fromstring(picture).iter(f"{SVG}g") if one.get("class") == "dots"]
    places = [(one.get("cx"), one.get("cy")) for one in channels]
    assert len(set(places)) == len(places)
    assert len({x for x, _ in places}) == 4


def test_what_is_sliced_off_is_drawn_from_where_it_was() -> None:
    made = Connectivity.of(ShuffleUnitV2(out_channels=8, passed=4, inner=4), image=(8, 4, 4))
    found = names(wiring(made, "ShuffleNet v2"))
    assert {"input", "concat", "shuffle"} <= {*found}
    assert not any("slice" in one for one in found)
