"""`edgewise figures`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console


def figures(
    names: Annotated[list[str] | None, Argument(help="Which; by default all. `--list` names them.")] = None,
    out: Annotated[Path, Option(help="The folder that gets them, as NAME.svg.")] = Path("figures"),
    measured: Annotated[bool, Option("--measured", help="Also those measured on this machine: seconds each.")] = False,
    listed: Annotated[bool, Option("--list", help="Say what there is and draw nothing.")] = False,
) -> None:
    """Draw why networks are cheap: the wiring of their blocks, and small computations with their figures."""
    from edgewise.verbs.figures import available
    from edgewise.verbs.figures import figures as draw

    if listed:
        rows = [(one.name, one.says + (" Measured." if one.measured else "")) for one in available()]
        console.show(console.table("figures", ("name", "what it shows"), rows, left=(0, 1)))
        return
    written = draw(out, names or (), measured=measured, tell=console.note)
    console.show(f"{console.counted(len(written), 'figure')} in {out}")
