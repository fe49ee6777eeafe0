"""`edgewise device table` and `edgewise device predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.devices.prediction import Setting
    from edgewise.devices.prediction.predictor import Accuracy


def table(
    profile: Annotated[Path, Argument(help="The profile of this machine, to write (.json) or to add to.")],
    size: Annotated[int, Option("--input", help="Pixels of the images that latencies will be predicted for.")] = 224,
    classes: Annotated[int, Option(help="Classes of the networks.")] = 1000,
    networks: Annotated[int, Option(help="How many networks of the zoo to time, 8 or more.")] = 50,
    runtime: Annotated[str, Option(help="The runtime to time in.")] = "onnxruntime",
    precision: Annotated[str, Option(help="fp32, bf16 or int8, as far as the runtime has it.")] = "fp32",
    threads: Annotated[int, Option(help="Threads of the runtime.")] = 1,
    rounds: Annotated[int | None, Option(help="In how many rounds networks are timed.")] = None,
) -> None:
    """Time networks of the zoo on this machine, to predict others from; the same command goes on where it was."""
    from edgewise.verbs.latency import fill_table

    filled = fill_table(
        profile,
        size=size,
        classes=classes,
        networks=networks,
        runtime=runtime,
        precision=precision,
        threads=threads,
        rounds=rounds,
        progress=console.counting("measurements made"),
    )
    console.show(_trust(filled.table.setting, filled.accuracy))
    console.show(f"written to {filled.path}")


def predict(
    profile: Annotated[Path, Argument(help="The device's profile, from `device table` or `device import`.")],
    models: Annotated[list[str], Argument(help="Model files, architectures (.json), or names from `edgewise models`.")],
    width: Annotated[float | None, Option(help="Width multiplier of models named from the zoo.")] = None,
    size: Annotated[int | None, Option("--input", help="Input pixels of models named from the zoo.")] = None,
    classes: Annotated[int | None, Option(help="Classes of models named from the zoo.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Predict the latency of models on a device, which need not be at hand."""
    from edgewise.verbs.latency import predict_latency

    found = predict_latency(profile, models, width=width, size=size, classes=classes)
    for note in found.notes:
        console.note(f"note: {note}")
    if as_json:
        console.show_json(found.to_json())
        return
    machine = found.profile.machine
    console.show(
        console.table(
            f"{machine.get('cpu') or machine.get('architecture')}, batch 1, predicted",
            ["model", "input", "runtime", "precision", "threads", "ms", "95% interval", "looked up"],
            [
                (
                    one.model,
                    f"{one.input[1]}×{one.input[2]}",
                    one.setting.runtime,
                    one.setting.precision,
                    str(one.setting.threads),
                    console.milliseconds(one.latency.ms),
                    f"{one.latency.low_ms:.3f}–{one.latency.high_ms:.3f}",
                    f"{100 * one.latency.known:.0f}%",
                )
                for one in sorted(found.predicted, key=lambda one: one.latency.ms)
            ],
            left=(0, 2, 3),
        )
    )
    for setting, accuracy in found.accuracies.items():
        console.show(_trust(setting, accuracy))
    console.show("looked up is the share of the time that was measured in other networks; the rest is estimated")


def _trust(setting: Setting, accuracy: Accuracy) -> str:
    return (
        f"{setting}: predictions of {accuracy.networks} networks left out in turns are off by "
        f"{100 * accuracy.error:.1f}% in the mean, {100 * accuracy.within_10:.0f}% of them by less than 10%; "
        f"measuring itself by {100 * accuracy.noise:.1f}%"
    )
