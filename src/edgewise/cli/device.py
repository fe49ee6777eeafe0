"""`edgewise device`: what a device can do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option, Typer

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.devices import DeviceProfile

device = Typer(
    name="device",
    help="What a device can do, measured once, here or by a kit, and the latencies it will have.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@device.callback()
def _device() -> None:
    """Without it typer would make the one command there is the group itself."""


@device.command()
def profile(
    out: Annotated[Path, Argument(help="The profile to write (.json), or to go on with.")],
    runtime: Annotated[
        list[str] | None, Option(help="By default all that are installed and take ONNX files; may be repeated.")
    ] = None,
    precision: Annotated[list[str] | None, Option(help="fp32, bf16, int8; by default all; may be repeated.")] = None,
    threads: Annotated[
        list[int] | None, Option(help="Threads to measure peaks on; by default 1 and all cores; may be repeated.")
    ] = None,
    seconds: Annotated[float, Option(help="About how long it may take; 300 or more sweeps every width.")] = 120.0,
    quick: Annotated[bool, Option("--quick", help="In well under a minute: just enough widths, wider errors.")] = False,
    again: Annotated[bool, Option("--again", help="Measure everything anew.")] = False,
    figure: Annotated[Path | None, Option(help="Draw the staircases of the quanta (.svg).")] = None,
    as_json: Annotated[bool, Option("--json", help="Print the profile as JSON.")] = False,
) -> None:
    """Measure this machine once, into one file that other verbs read; the same command goes on where it was."""
    from edgewise.verbs.device import QUICK_SECONDS, profile_device

    found = profile_device(
        out,
        runtimes=runtime,
        precisions=precision,
        threads=threads,
        seconds=QUICK_SECONDS if quick else seconds,
        again=again,
        figure=figure,
        progress=_progress(),
    )
    for note in found.notes:
        console.note(f"note: {note}")
    if found.kept:
        console.note(f"{console.counted(found.kept, 'measurement')} kept from before; --again measures anew")
    disturbed = [
        one for one in (*found.profile.peaks, *found.profile.overheads, *found.profile.quanta) if one.unquiet > 0.2
    ]
    if disturbed:
        console.note(
            f"other work disturbed {console.counted(len(disturbed), 'measurement')}; measure again on a quiet machine"
        )
    if as_json:
        console.show_json(found.profile.to_json())
        return
    _show(found.profile)
    console.show(f"written to {found.path}" + (f", drawn in {figure}" if figure is not None else ""))


def _progress() -> Callable[[int, int, str], None] | None:
    """Shows what is being measured, on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        return None

    def report(done: int, total: int, label: str) -> None:
        text = f"{done} of {total} measured, now {label}" if label else ""
        print(f"\r{text}", end="\x1b[K", file=sys.stderr, flush=True)

    return report


def _show(profile: DeviceProfile) -> None:
    machine = profile.machine
    name = machine.get("cpu") or machine.get("architecture") or "this machine"
    console.show(
        console.table(
            f"{name}: peaks",
            ["precision", "threads", "multiply-adds/s", "reached on", "in"],
            [
                (precision, str(threads), _giga(best.multiply_adds_per_second), best.probe, best.runtime)
                for precision, threads in dict.fromkeys((one.precision, one.threads) for one in profile.peaks)
                if (best := profile.best_peak(precision, threads)) is not None
            ],
            left=(0, 3, 4),
        )
    )
    if profile.bandwidth is not None:
        console.show(
            console.table(
                "bandwidth of numpy's loops, 1 thread",
                ["level", "KiB", "read, GB/s", "copy, GB/s"],
                [
                    (
                        one.name,
                        "" if one.size_bytes is None else f"{one.size_bytes // 1024:,}",
                        f"{one.read_bytes_per_second / 1e9:.0f}",
                        f"{one.copy_bytes_per_second / 1e9:.0f}",
                    )
                    for one in profile.bandwidth.levels
                ],
            )
        )
    console.show(
        console.table(
            "1 thread",
            ["runtime", "precision", "quantum", "off it", "depthwise", "off it", "an op, µs", "an inference, µs"],
            [_row(profile, *pair) for pair in dict.fromkeys((one.runtime, one.precision) for one in profile.quanta)],
            left=(0, 1),
        )
    )
    console.show("a quantum is in channels; 'off it' is the time of widths that are no multiple to the next multiple's")


def _row(profile: DeviceProfile, runtime: str, precision: str) -> tuple[str, ...]:
    cells: list[str] = []
    for kind in ("pointwise", "depthwise"):
        found = [one for one in profile.quanta if one.key == (runtime, precision, kind)]
        cells.append(str(found[0].channels) if found else "–")
        cells.append(f"{found[0].penalty:.2f}×" if found and found[0].penalty is not None else "–")
    costs = [one for one in profile.overheads if one.key == (runtime, precision)]
    cells += [f"{costs[0].per_op_us:.1f}", f"{costs[0].per_inference_us:.0f}"] if costs else ["–", "–"]
    return (runtime, precision, *cells)


def _giga(number: float) -> str:
    return f"{number / 1e9:,.1f}G"
