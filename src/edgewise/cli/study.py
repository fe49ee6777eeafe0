"""`edgewise study`."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.verbs.study import Studied


def study(
    name: Annotated[
        str | None, Argument(help="Which; or a .py file with a Study of your own. Without one, those there are.")
    ] = None,
    data: Annotated[str, Option(help="An image folder, a CSV, or `digits`.")] = "digits",
    out: Annotated[Path | None, Option(help="The folder of the study; by default runs/study/NAME.")] = None,
    seeds: Annotated[int, Option(help="Runs of every variant.")] = 3,
    epochs: Annotated[int, Option(help="Epochs of every run.")] = 10,
    images: Annotated[int | None, Option(help="Take so many of the training images.")] = None,
    width: Annotated[float | None, Option(help="Another width multiplier than the study's own.")] = None,
    size: Annotated[int | None, Option("--input", help="Input pixels; by default the images' own.")] = None,
    root: Annotated[Path | None, Option(help="Where a CSV's relative paths begin, and torchvision's data lie.")] = None,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave unreadable images out.")] = False,
    workers: Annotated[int | None, Option(help="Runs that are trained at a time; by default one a core.")] = None,
    listed: Annotated[bool, Option("--list", help="Say what there is and train nothing.")] = False,
) -> None:
    """Train a paper's ablation alike on your data, and say whether what the paper says was seen."""
    if listed or name is None:
        from edgewise.studies import STUDIES

        rows = [(one.name, one.question, one.source) for one in STUDIES.values()]
        console.show(console.table("studies", ("name", "question", "paper"), rows, left=(0, 1, 2)))
        return
    from edgewise.verbs.study import study as run

    made = run(
        name,
        data,
        out=out,
        seeds=seeds,
        epochs=epochs,
        images=images,
        width=width,
        size=size,
        root=root,
        skip_bad=skip_bad,
        workers=workers,
        command=console.command_line(),
        tell=console.note,
    )
    console.show(_variants(made), _outcomes(made), f"written to {made.report}")


def _variants(made: Studied) -> object:
    from edgewise.costs import count

    rows: list[tuple[str, ...]] = []
    for name, one in made.variants.items():
        found = one.interval
        spread = "–" if found is None else f"{console.percent(found[0])} to {console.percent(found[1])}"
        costs = count(one.architecture)
        rows.append(
            (
                name,
                console.amount(costs.multiply_adds),
                console.amount(costs.parameters),
                str(len(one.runs)),
                console.percent(fmean(one.accuracies)),
                spread,
            )
        )
    columns = ("variant", "multiply-adds", "parameters", "runs", "test accuracy", "95% interval")
    return console.table(made.study.question, columns, rows, left=(0,))


def _outcomes(made: Studied) -> object:
    from edgewise.explaining.study_report import points

    rows = [
        (
            one.claim.says,
            points(one.difference),
            "–" if one.interval is None else f"{points(one.interval[0])} to {points(one.interval[1])}",
            one.seen,
        )
        for one in made.outcomes
    ]
    return console.table(made.study.source, ("what the paper says", "points", "95% interval", ""), rows, left=(0, 3))
