"""Where the time of networks goes: one HTML file with their tables, rooflines, wiring, and what is cheap but slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgewise.costs import cost_table
from edgewise.explaining.filters import filters
from edgewise.explaining.formats import count, measured_bytes, millions, milliseconds, per_cent, significant
from edgewise.explaining.gates import GateView, gates
from edgewise.explaining.html import NOTHING, Markup, Section, page, tag
from edgewise.explaining.layers import Ceilings, Layer, LayerCosts, by_kind, by_row
from edgewise.explaining.parts import stretches_of
from edgewise.explaining.roofline import roofline
from edgewise.explaining.slow import REASONS, slow_kinds, slow_rows
from edgewise.explaining.stretches import STRETCHES
from edgewise.explaining.tables import Column, facts, share_bar, table
from edgewise.explaining.wiring import wiring_figure
from edgewise.papers import Architecture

__all__ = ["Learnt", "TimedNetwork", "network_report"]

_STRAINED = 1.2
_GIGA = 1e9


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a trained network has learnt: the filters of its first layer `(N, 3, kH, kW)`, where it looks at colours,
    and what its gates say of `classes`, where there were images to ask about."""

    filters: np.ndarray | None = None
    gates: tuple[GateView, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TimedNetwork:
    """A network, its latency in ms, its layers, whose times add up to that, and what it has learnt, if it is trained.
    `strain` is how many times longer than an undisturbed inference the layers took when they were timed."""

    architecture: Architecture
    ms: float
    layers: tuple[Layer, ...]
    learnt: Learnt = field(default_factory=Learnt)
    strain: float = 1.0

    @property
    def doubt(self) -> str | None:
        """A sentence where the machine was too busy for the times to be relied on."""
        if self.strain <= _STRAINED:
            return None
        return (
            f"The machine was busy while {self.architecture.name} was timed: its layers took {self.strain:.1f} times "
            "as long as an undisturbed inference. Shares may be off; make this page again when nothing else runs."
        )


def network_report(
    networks: Sequence[TimedNetwork], ceilings: Ceilings, machine: Mapping[str, object], command: str
) -> str:
    """The page for one network or several side by side. `machine` says what all was measured on, `command` how it is
    made again. It needs no network, no script and no other file."""
    names = _names(networks)
    title = "Where the time goes: " + ", ".join(names)
    sections = [
        Section(f"network{index}", name, _network(one, name, ceilings))
        for index, (one, name) in enumerate(zip(networks, names, strict=True))
    ]
    sections.append(Section("wiring", "How it is wired", _wirings(networks)))
    sections.append(Section("device", "What the device can do", _device(ceilings)))
    again = tag("pre", {"tabindex": 0}, tag("code", None, command))
    sections.append(
        Section("machine", "The machine, and how to make this page again", tag("div", None, facts(machine), again))
    )
    return page(title, _side_by_side(networks, names, ceilings), sections)


def _names(networks: Sequence[TimedNetwork]) -> list[str]:
    """The networks' names, with their input where two are called the same."""
    plain = [one.architecture.name for one in networks]
    return [
        name if plain.count(name) == 1 else f"{name} at {'×'.join(map(str, one.architecture.input[1:]))}"
        for name, one in zip(plain, networks, strict=True)
    ]


def _side_by_side(networks: Sequence[TimedNetwork], names: Sequence[str], ceilings: Ceilings) -> Markup:
    columns = [
        Column("network"),
        Column("input", True),
        Column("multiply-adds", True, "convolutions and linear layers only, for one image"),
        Column("moved", True, "bytes read and written by every layer"),
        Column("multiply-adds per byte", True),
        Column("latency", True, "one image at a time"),
        Column("G multiply-adds a second", True),
        Column("of the peak", True, "of what the device's arithmetic allows"),
        Column("time without multiply-adds", True, "in layers that compute none: shuffles, adds, gates, pooling"),
    ]
    rows = [_compared(one, name, ceilings) for one, name in zip(networks, names, strict=True)]
    note = (
        "Few multiply-adds make a network fast only as far as they are what it spends its time on. Every row below is "
        "marked that takes much more of the time than it has of the multiply-adds, with what holds it up."
    )
    return tag("div", None, tag("p", None, note), table(columns, rows, caption="The networks beside each other"))


def _compared(one: TimedNetwork, name: str, ceilings: Ceilings) -> tuple[str | Markup, ...]:
    every = LayerCosts.of(one.layers)
    idle = sum(layer.us for layer in one.layers if not layer.multiply_adds)
    return (
        name,
        "×".join(map(str, one.architecture.input)),
        millions(every.multiply_adds),
        measured_bytes(every.moved),
        significant(every.multiply_adds / every.moved),
        milliseconds(one.ms),
        significant(every.rate / _GIGA),
        share_bar(every.rate / ceilings.multiply_adds_per_second),
        share_bar(idle / every.us if every.us else 0.0, hue=1),
    )


def _network(one: TimedNetwork, name: str, ceilings: Ceilings) -> Markup:
    learnt = one.learnt
    return tag(
        "div",
        None,
        NOTHING if one.doubt is None else tag("p", {"class": "doubt"}, one.doubt),
        _kinds(one),
        roofline(one.layers, ceilings, name),
        _rows(one, ceilings),
        NOTHING if learnt.filters is None else _part("What its first layer looks for", filters(learnt.filters)),
        _part("What its gates say of the classes", gates(learnt.gates, learnt.classes)) if learnt.gates else NOTHING,
    )


def _part(heading: str, body: Markup) -> Markup:
    return tag("div", None, tag("h3", None, heading), body)


def _kinds(one: TimedNetwork) -> Markup:
    every = LayerCosts.of(one.layers)
    columns = [
        Column("kind of layer"),
        Column("layers", True),
        Column("multiply-adds", True, "share of all"),
        Column("bytes", True, "share of all that are moved"),
        Column("time", True, "share of the latency"),
        Column("G multiply-adds a second", True),
    ]
    rows = [
        (
            kind,
            count(costs.layers),
            share_bar(costs.multiply_adds / max(1, every.multiply_adds)),
            share_bar(costs.moved / max(1, every.moved)),
            share_bar(costs.us / every.us if every.us else 0.0, hue=1),
            significant(costs.rate / _GIGA) if costs.multiply_adds else None,
        )
        for kind, costs in by_kind(one.layers).items()
        if costs.us > 0
    ]
    told = _cheap_kinds(one, every)
    content = table(columns, rows, caption="By kind of layer, what takes most first")
    return tag("div", None, content, tag("p", None, told)) if told else content


def _cheap_kinds(one: TimedNetwork, every: LayerCosts) -> str:
    found = [
        f"{kind} ({per_cent(costs.multiply_adds / max(1, every.multiply_adds))} of the multiply-adds, "
        f"{per_cent(costs.us / every.us)} of the time)"
        for kind, costs in slow_kinds(one.layers).items()
    ]
    return f"Cheap but slow, wherever they stand: {', '.join(found)}." if found else ""


def _rows(one: TimedNetwork, ceilings: Ceilings) -> Markup:
    slow = slow_rows(one.layers, ceilings)
    own = by_row(one.layers)
    every = LayerCosts.of(one.layers)
    columns = [
        Column("row"),
        Column("what it is"),
        Column("output", True, "channels × height × width"),
        Column("multiply-adds", True),
        Column("share", True, "of all multiply-adds"),
        Column("moved", True, "bytes read and written"),
        Column("per byte", True, "multiply-adds for each byte moved"),
        Column("µs", True),
        Column("share", True, "of the latency"),
        Column("cheap but slow", False, "where a row takes much more of the time than it has of the multiply-adds"),
    ]
    rows: list[tuple[str | Markup | None, ...]] = []
    for line in cost_table(one.architecture):
        costs = LayerCosts.of(own.get(int(line.row), ()))
        moved = line.bytes_read + line.bytes_written
        rows.append(
            (
                line.row,
                line.description,
                "×".join(map(str, line.output)),
                count(line.multiply_adds),
                share_bar(line.multiply_adds / max(1, every.multiply_adds)),
                measured_bytes(moved),
                significant(line.multiply_adds / moved) if moved else None,
                significant(costs.us),
                share_bar(costs.us / every.us if every.us else 0.0, hue=1),
                ", ".join(slow.get(int(line.row), ())) or NOTHING,
            )
        )
    content = table(columns, rows, caption="The table of the paper, with what every row takes", marked=list(slow))
    held: dict[str, list[str]] = {}
    for row, reasons in slow.items():
        for reason in reasons:
            held.setdefault(reason, []).append(str(row))
    meanings = facts({reason: _held(reason, rows) for reason, rows in held.items()}) if held else NOTHING
    return tag("div", None, content, tag("p", None, _verdict(slow, own, every)), meanings)


def _held(reason: str, rows: Sequence[str]) -> str:
    """Named below the table too: on a phone its last column is out of sight."""
    return f"{'row' if len(rows) == 1 else 'rows'} {', '.join(rows)}: {REASONS[reason]}"


def _verdict(slow: Mapping[int, Sequence[str]], own: Mapping[int, Sequence[Layer]], every: LayerCosts) -> str:
    if not slow:
        return "No row takes much more of the time than it has of the multiply-adds."
    costs = LayerCosts.of(layer for row in slow for layer in own[row])
    which, them = ("One row is", "it") if len(slow) == 1 else (f"{len(slow)} rows are", "them")
    return (
        f"{which} cheap but slow: {per_cent(costs.multiply_adds / max(1, every.multiply_adds))} of the multiply-adds, "
        f"{per_cent(costs.us / every.us)} of the time. What holds {them} up:"
    )


def _wirings(networks: Sequence[TimedNetwork]) -> Markup:
    names = dict.fromkeys(name for one in networks for name in stretches_of(one.architecture))
    note = (
        "What the networks above are made of, at a few channels: every line is a multiply-add for each cell of the "
        "window and each position of the map, so fewer lines cost less. In colour what reaches the middle output: what "
        "is cheap must still see everything."
    )
    pictures = [wiring_figure(STRETCHES[name].connectivity, STRETCHES[name].title) for name in names]
    return tag("div", {"class": "wirings"}, tag("p", None, note), *pictures)


def _device(ceilings: Ceilings) -> Markup:
    columns = [Column("memory"), Column("holds", True), Column("bytes a second", True), Column("worth it from", True)]
    rows = [
        (
            one.name,
            measured_bytes(one.size),
            measured_bytes(round(one.bytes_per_second)),
            f"{significant(ceilings.multiply_adds_per_second / one.bytes_per_second)} multiply-adds per byte",
        )
        for one in ceilings.stores
    ]
    lines = {
        "arithmetic": f"{significant(ceilings.multiply_adds_per_second / _GIGA)} G multiply-adds a second",
        "starting an op": f"{significant(ceilings.kernel_us)} µs",
        "channels at a time": ceilings.quantum,
    }
    caption = "Where less is computed for each byte than the last column says, memory sets the pace"
    return tag("div", None, facts(lines), table(columns, rows, caption=caption))
