"""`edgewise search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Context, Option, Typer

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.verbs.search import Searched

search = Typer(name="search", invoke_without_command=True, no_args_is_help=True)


@search.callback()
def _search(
    context: Context,
    space: Annotated[
        str | None,
        Option(
            help="mnasnet, mobilenet_v3, mobilenet_v3_early, mobilenet_v3_regular, shufflenet_v2, nas_bench_macro, "
            "a network of the zoo, or a .py file."
        ),
    ] = None,
    data: Annotated[str | None, Option(help="Images: a folder, a CSV, or digits, cifar10, …")] = None,
    budget: Annotated[str | None, Option(help="Latency for one image: 5ms, or 0.6x mobilenet_v2.")] = None,
    out: Annotated[Path, Option(help="Folder for everything; the same command on it resumes.")] = Path("runs/search"),
    evaluator: Annotated[
        str, Option(help="supernet: shared weights, trained once; proxy: each from scratch; lookup: a table.")
    ] = "supernet",
    searcher: Annotated[
        str, Option(help="surrogate, ppo (MnasNet's), ppo_tuned, evolution, tpe, nsga2, gp or random.")
    ] = "surrogate",
    objective: Annotated[
        str, Option(help="Of searchers that look at one number: soft, hard, mobilenet_v3_small or absolute.")
    ] = "soft",
    trials: Annotated[int, Option(help="The most networks to try.")] = 100,
    minutes: Annotated[float | None, Option(help="Try no more after about so long.")] = None,
    span: Annotated[
        tuple[float, float],
        Option(help="Latencies of interest, in shares of the budget; --span 0.8 1 spends all trials near it."),
    ] = (0.6, 1.5),
    finish: Annotated[int, Option(help="Train so many whole: within the budget, 0.7 and 1.4 times it, …")] = 1,
    adapt: Annotated[
        bool, Option("--adapt", help="Search at 1.25 times the budget, and narrow what is found, as MobileNetV3 did.")
    ] = False,
    runtime: Annotated[str, Option(help="What it is to run in.")] = "onnxruntime",
    precision: Annotated[str, Option(help="fp32, bf16 or int8, as far as the runtime has it.")] = "fp32",
    threads: Annotated[int, Option(help="Threads it will run with.")] = 1,
    device: Annotated[
        Path | None, Option(help="A profile from `edgewise device import`: latencies are predicted for that device.")
    ] = None,
    measure: Annotated[bool, Option("--measure", help="Measure every network that is tried.")] = False,
    size: Annotated[int | None, Option("--input", help="Image size in pixels; by default that of the images.")] = None,
    width: Annotated[float, Option(help="A factor for all widths of the space.")] = 1.0,
    proxy_epochs: Annotated[
        int | None, Option(help="Epochs of the training by which networks are judged (supernet 15, proxy 5).")
    ] = None,
    proxy_precision: Annotated[
        str, Option(help="That training's arithmetic: fp32, bf16, or auto, the faster as measured when it begins.")
    ] = "auto",
    prefilter: Annotated[
        bool, Option("--prefilter", help="Of networks drawn at random, take the best of 6 by an untrained look.")
    ] = False,
    epochs: Annotated[int | None, Option(help="Epochs of the models that are trained whole.")] = None,
    results: Annotated[Path | None, Option(help="The table of results that lookup reads (CSV).")] = None,
    workers: Annotated[int | None, Option(help="Processes that evaluate; by default one a core.")] = None,
    storage: Annotated[str | None, Option(help="Optuna URL of a server, for workers on other machines.")] = None,
    flip: Annotated[bool | None, Option("--flip/--no-flip", help="Mirror training images at random.")] = None,
    seed: Annotated[int, Option(help="Seed of everything random.")] = 0,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be used.")] = False,
    root: Annotated[Path | None, Option(help="Where named datasets lie.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search a space for the most accurate networks around a latency budget; `search status` shows how it goes."""
    if context.invoked_subcommand is not None:
        return
    from edgewise.errors import EdgewiseError
    from edgewise.verbs.search import search as run

    if space is None or data is None or budget is None:
        missing = next(name for name, value in (("space", space), ("data", data), ("budget", budget)) if value is None)
        raise EdgewiseError(f"search takes --space, --data and --budget; --{missing} is missing")
    made = run(
        space,
        data,
        budget,
        out=out,
        evaluator=evaluator,
        searcher=searcher,
        objective=objective,
        trials=trials,
        minutes=minutes,
        span=span,
        finish=finish,
        adapt=adapt,
        runtime=runtime,
        precision=precision,
        threads=threads,
        device=device,
        measure=measure,
        size=size,
        width=width,
        proxy_epochs=proxy_epochs,
        proxy_precision=proxy_precision,
        prefilter=prefilter,
        epochs=epochs,
        results=results,
        workers=workers,
        storage=storage,
        flip=flip,
        seed=seed,
        skip_bad=skip_bad,
        root=root,
        command=console.command_line(),
        tell=console.note,
    )
    if as_json:
        console.show_json(made.to_json())
    else:
        _show(made)


@search.command()
def status(
    folder: Annotated[Path, Argument(help="The search's folder.")] = Path("runs/search"),
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how far a search is, and its front."""
    from edgewise.verbs.search_status import search_status

    made = search_status(folder)
    if as_json:
        console.show_json(made.to_json())
        return
    rows = [
        (str(one.number), console.milliseconds(one.cost), console.percent(one.accuracy or 0.0)) for one in made.front
    ]
    console.show(console.table(f"the front after {made.trials} trials", ("trial", "ms", "accuracy"), rows))
    console.show(made.state)


def _show(made: Searched) -> None:
    rows = [
        (
            str(one.trial.number),
            console.milliseconds(one.ms),
            console.percent(one.trial.accuracy or 0.0),
            "yes" if one.ms <= made.budget_ms else "no",
        )
        for one in made.front
    ]
    title = f"the front of {len(made.trials)} trials, in {made.folder}"
    console.show(console.table(title, ("trial", "ms", "accuracy", "within the budget"), rows))
    if made.models:
        models = [
            (
                one.name,
                str(one.trial),
                console.milliseconds(one.ms),
                console.percent(one.metrics.get("test_accuracy", one.metrics.get("test_mean_average_precision", 0.0))),
                one.file,
            )
            for one in made.models
        ]
        console.show(console.table("trained whole", ("chosen for", "trial", "ms", "test", "file"), models, left=(0, 4)))
    console.show(f"written to {made.folder / 'report.html'}")
