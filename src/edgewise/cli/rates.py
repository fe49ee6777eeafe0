"""What `edgewise bench --throughput` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgewise.cli import console
from edgewise.cli.settling import note_unsettled

if TYPE_CHECKING:
    from edgewise.devices.throughput import Rate
    from edgewise.verbs.bench import Throughput, Throughputs


def show_throughput(found: Throughputs, *, as_json: bool) -> None:
    """Notes, then a table of all ways with a sentence for each artifact, or JSON."""
    for note in found.notes:
        console.note(f"note: {note}")
    if as_json:
        console.show_json(found.to_json())
        return
    columns = ("model", "runtime", "precision", "way", "images/s", "95% interval", "ms each")
    rows = [cells for row in found.rows for cells in _rows(row)]
    title = f"{found.machine.cpu or found.machine.architecture}, {found.streams} streams of one thread each"
    console.show(console.table(title, columns, rows, left=(0, 1, 2, 3)))
    for row in found.rows:
        console.show(f"{row.name} in {row.runtime} {row.precision}: {row.sentence}")
    ways = [(f"{row.name} as {name}", rate) for row in found.rows for name, rate in _ways(row)]
    note_unsettled([name for name, rate in ways if not rate.settled], len(ways), what="rates")


def _ways(row: Throughput) -> list[tuple[str, Rate]]:
    ways = [(f"{row.streams.way.streams} streams", row.streams), ("one stream", row.one)]
    if row.batch is not None:
        way = row.batch.way
        ways.append((f"batches of {way.batch}, {console.counted(way.variant.threads, 'thread')}", row.batch))
    return ways


def _rows(row: Throughput) -> list[tuple[str, ...]]:
    return [
        (
            row.name,
            row.runtime,
            row.precision,
            name,
            f"{rate.images_per_second:,.1f}",
            f"{rate.low:,.1f}–{rate.high:,.1f}",
            console.milliseconds(rate.inference_ms),
        )
        for name, rate in _ways(row)
    ]
