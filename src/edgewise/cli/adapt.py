"""`edgewise adapt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.adapting.adaptation import Plan
    from edgewise.verbs.adapt import Adapted


def adapt(
    model: Annotated[Path, Argument(help="A trained model file (.safetensors), or a folder with one.")],
    data: Annotated[str, Option(help="The images it was trained for: a folder, a CSV, or digits, cifar10, …")],
    budget: Annotated[str, Option(help="Latency for one image: 5ms, or a share of the model's own: 0.7x.")],
    out: Annotated[Path, Option(help="Folder for everything; the same command on it resumes.")] = Path("runs/adapt"),
    form: Annotated[str, Option(help="netadapt, or mobilenet_v3 for that paper's form of it.")] = "netadapt",
    score: Annotated[str, Option(help="Channels that go first: lowest magnitude, norm_scale, taylor.")] = "magnitude",
    runtime: Annotated[str, Option(help="What it is to run in.")] = "onnxruntime",
    precision: Annotated[str, Option(help="fp32, bf16 or int8, as far as the runtime has it.")] = "fp32",
    threads: Annotated[int, Option(help="Threads it will run with.")] = 1,
    device: Annotated[
        Path | None, Option(help="A device profile with a latency table: latencies are predicted for that device.")
    ] = None,
    quantum: Annotated[int | None, Option(help="Widths become multiples of it; by default found by a sweep.")] = None,
    short: Annotated[int, Option(help="The most steps a proposal is tuned for.")] = 40,
    epochs: Annotated[
        int | None, Option(help="Epochs of the last training; by default a third of a whole one's.")
    ] = None,
    scratch: Annotated[bool, Option("--scratch", help="Train from scratch in the end.")] = False,
    workers: Annotated[int | None, Option(help="Processes that tune proposals; by default one a core.")] = None,
    storage: Annotated[str | None, Option(help="Optuna URL of a server, for workers on other machines.")] = None,
    plan: Annotated[bool, Option("--plan", help="Show the first step's proposals and train nothing.")] = False,
    flip: Annotated[
        bool | None, Option("--flip/--no-flip", help="Mirror training images at random; by default all but digits.")
    ] = None,
    seed: Annotated[int, Option(help="Seed of splits, order and augmentation.")] = 0,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be used.")] = False,
    ignored: Annotated[
        list[int] | None, Option("--ignore-index", help="A value of masks that is no class, beside 255.")
    ] = None,
    root: Annotated[Path | None, Option(help="Where named datasets lie.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Narrow a trained network until it keeps a latency budget, losing as little accuracy as possible."""
    from edgewise.verbs.adapt import Adapted
    from edgewise.verbs.adapt import adapt as run

    made = run(
        model,
        data,
        budget,
        out=out,
        form=form,
        score=score,
        runtime=runtime,
        precision=precision,
        threads=threads,
        device=device,
        quantum=quantum,
        short=short,
        epochs=epochs,
        scratch=scratch,
        workers=workers,
        storage=storage,
        plan=plan,
        flip=flip,
        seed=seed,
        skip_bad=skip_bad,
        root=root,
        ignored=tuple(ignored or ()),
        command=console.command_line(),
        tell=console.note,
    )
    if isinstance(made, Adapted):
        _show(made, as_json)
    else:
        _show_plan(made, as_json)


def _show(made: Adapted, as_json: bool) -> None:
    if as_json:
        console.show_json(made.to_json())
        return
    rows = [
        (
            str(step.number),
            step.name,
            console.milliseconds(step.ms),
            console.percent(step.accuracy),
            console.amount(step.multiply_adds),
            console.amount(step.parameters),
        )
        for step in made.steps
    ]
    columns = ("step", "narrowed", "ms", "holdout", "multiply-adds", "parameters")
    console.show(console.table(f"{made.card.architecture.name}, in {made.folder}", columns, rows, left=(0, 1)))
    metrics = [console.metric(name, value) for name, value in made.metrics.items()]
    console.show(console.table("the finished network", ("metric", "value"), metrics))
    verdict = "kept" if made.kept else "missed"
    console.show(
        f"{made.ms:.3f} ms, {made.ms / made.seed_ms:.2f} times what it was; the budget of {made.target_ms:.3f} ms is "
        f"{verdict}; written to {made.artifact}"
    )


def _show_plan(made: Plan, as_json: bool) -> None:
    if as_json:
        proposals = [{"name": one.name, "widths": dict(one.widths), "ms": one.ms} for one in made.proposals]
        body = {"seed_ms": made.seed_ms, "target_ms": made.target_ms, "least_ms": made.least_ms, "proposals": proposals}
        console.show_json(body)
        return
    rows = [
        (one.name, console.milliseconds(one.ms), console.milliseconds(made.seed_ms - one.ms)) for one in made.proposals
    ]
    if not made.proposals:
        console.show(f"{made.seed_ms:.3f} ms now, {made.target_ms:.3f} wanted: there is nothing to narrow")
        return
    title = f"{made.seed_ms:.3f} ms now, {made.target_ms:.3f} wanted; the first step cuts at least {made.least_ms:.3f}"
    console.show(console.table(title, ("narrowed", "expected ms", "saved"), rows))
