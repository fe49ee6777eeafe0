"""`edgewise figures`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console


def figures(
    names: Annotated[list[str] | None, Argument(help="Which; by default all. `--list` names them.")] = None,
    out: Annotated[Path, Option(help="The folder that gets them, as NAME.svg.")] = Path("figures"),
    listed: Annotated[bool, Option("--list", help="Say what there is and draw nothing.")] = False,
) -> None:
    """Draw why networks are cheap: the wiring of their blocks, and small computations with their figures."""
    from edgewise.verbs.figures import figures as every
    from edgewise.verbs.figures import write_figures

    if listed:
        rows = [(one.name, one.says) for one in every()]
        console.show(console.table("figures", ("name", "what it shows"), rows, left=(0, 1)))
        return
    written = write_figures(out, names or (), tell=console.note)
    console.show(f"{console.counted(len(written), 'figure')} in {out}")
