"""`edgewise explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.verbs.explain import Explained


def explain(
    models: Annotated[list[str], Argument(help="Names from `edgewise models`, model files, architectures (.json).")],
    out: Annotated[Path, Option(help="The page, one HTML file.")] = Path("explain.html"),
    width: Annotated[float | None, Option(help="Width multiplier of models named from the zoo.")] = None,
    size: Annotated[int | None, Option("--input", help="Input pixels of models named from the zoo.")] = None,
    runtime: Annotated[str, Option(help="The runtime to time in.")] = "onnxruntime",
    precision: Annotated[str, Option(help="fp32, bf16 or int8, as far as the runtime has it.")] = "fp32",
    threads: Annotated[int, Option(help="Threads of the runtime.")] = 1,
    profile: Annotated[
        Path | None,
        Option(help="What this machine can do, from `edgewise device profile`; else a short look."),
    ] = None,
    seconds: Annotated[float, Option(help="About how long the networks are timed.")] = 6.0,
    data: Annotated[str | None, Option(help="Images to ask the gates of model files about.")] = None,
    root: Annotated[Path | None, Option(help="Where a CSV's relative paths begin, and torchvision's data lie.")] = None,
) -> None:
    """Show where the time of networks goes and why: rows, roofline, wiring, and what is cheap but slow."""
    from edgewise.verbs.explain import explain as explain_models

    made = explain_models(
        models,
        out=out,
        width=width,
        size=size,
        runtime=runtime,
        precision=precision,
        threads=threads,
        profile=profile,
        seconds=seconds,
        data=data,
        root=root,
        command=console.command_line(),
        tell=console.note,
    )
    console.show(_networks(made))
    for one in made.networks:
        if one.doubt is not None:
            console.note(one.doubt)
    console.show(f"{made.path}, made in {made.seconds:.0f} s")


def _networks(made: Explained) -> object:
    from edgewise.explaining.layers import LayerCosts

    rows: list[tuple[str, ...]] = []
    for one, slow in zip(made.networks, made.slow, strict=True):
        every = LayerCosts.of(one.layers)
        reasons = dict.fromkeys(reason for row in slow.values() for reason in row)
        held = LayerCosts.of(layer for layer in one.layers if layer.row in slow)
        rows.append(
            (
                one.architecture.name,
                console.amount(every.multiply_adds),
                f"{one.ms:.3g}",
                f"{every.rate / 1e9:.3g}",
                console.percent(every.rate / made.ceilings.multiply_adds_per_second),
                console.percent(held.us / every.us if every.us else 0.0),
                ", ".join(reasons) or "–",
            )
        )
    columns = ("network", "multiply-adds", "ms", "G/s", "of the peak", "time in slow rows", "held up by")
    return console.table("where the time goes", columns, rows, left=(0, 6))
