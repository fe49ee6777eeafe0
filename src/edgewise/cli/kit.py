"""`edgewise device kit` and `edgewise device import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console


def kit(
    out: Annotated[Path, Option(help="The zip to write.")],
    size: Annotated[int, Option("--input", help="Pixels of the images that latencies will be predicted for.")] = 224,
    classes: Annotated[int, Option(help="Classes of the networks.")] = 1000,
    networks: Annotated[int, Option(help="How many networks of the zoo the device times, 8 or more.")] = 50,
    precision: Annotated[
        list[str] | None, Option(help="fp32 or int8; by default both; may be given more than once.")
    ] = None,
    rounds: Annotated[int | None, Option(help="In how many rounds networks are timed.")] = None,
) -> None:
    """Write a zip that measures any device with nothing but Python, onnxruntime and numpy."""
    from edgewise.verbs.kit import make_device_kit

    made = make_device_kit(
        out,
        size=size,
        classes=classes,
        networks=networks,
        precisions=precision,
        rounds=rounds,
        progress=console.counting("files made"),
    )
    several = " and ".join(made.precisions)
    console.show(
        f"{made.networks} networks and {made.probes} probes in {several}, {console.mebibytes(made.size_bytes)} MiB: "
        f"{made.path}"
    )
    console.show("on the device: unpack it, pip install onnxruntime numpy, python run.py")
    console.show("then here: edgewise device import result.json --out device.json")


def import_(
    result: Annotated[Path, Argument(help="The result.json that the kit's run.py wrote.")],
    out: Annotated[Path, Option(help="The device profile to write (.json), or to add to.")],
) -> None:
    """Read what a kit gave back into the device's profile, to predict latencies from."""
    from edgewise.verbs.kit import import_device

    found = import_device(result, out)
    for note in found.notes:
        console.note(f"note: {note}")
    machine = found.profile.machine
    for setting, networks in found.settings.items():
        console.show(f"{machine.get('cpu') or machine.get('architecture')}, {setting}: {networks} networks")
    console.show(f"{console.counted(found.new, 'new round')} written to {found.path}")
