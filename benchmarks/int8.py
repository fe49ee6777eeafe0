"""What int8 costs in accuracy: networks in floating point against the artifact that `quantize` keeps.

    python benchmarks/int8.py CIFAR10_FOLDER            an hour and a half on two cores, most of it training

CIFAR10_FOLDER is CIFAR-10 as an image folder, `train/<class>/*` and `test/<class>/*`; MobileNets of three generations
are trained on it first. ImageNet weights are looked for in the folder EDGEWISE_SHARED, else in `shared` beside the
checkout: 200 photographs in `data/imagenet-200.zip`, and checkpoints in `data/pretrained`; what is missing is left out
and said. Half of the photographs calibrates and the other half judges, then the other way round; their accuracies are
of all 200. Every network that is done is written at once, and a second call goes on with the others. Expect losses of
less than a point. Writes benchmarks/results/int8.json, or what --out names.
"""

from __future__ import annotations

import argparse
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# Before torch loads OpenMP: what the command line does too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import edgewise
from edgewise.data import Dataset, open_dataset
from edgewise.deploy.quantization.trials import Attempt
from edgewise.devices import INTEGER_PRECISIONS, describe_machine, find_runtime
from edgewise.files import write_text
from edgewise.verbs.convert import convert
from edgewise.verbs.fine_tuning import EPOCHS
from edgewise.verbs.quantize import Quantized, quantize_on

RESULTS = Path(__file__).parent / "results" / "int8.json"
SHARED = Path(os.environ.get("EDGEWISE_SHARED") or Path(__file__).parents[2] / "shared") / "data"

IMAGENET = {
    "mobilenet_v1_0.25": "mobilenet_v1_0.25_224_keras.npz",
    "mobilenet_v2": "mobilenet_v2_1.0_224_tf_folded.npz",
    "fd_mobilenet_0.5": "fd_mobilenet_0.5x_224.pth.tar",
}
"""ImageNet's weights by network, as files in `pretrained`."""

CIFAR = {"mobilenet_v1": 0.25, "mobilenet_v2": 0.35, "mobilenet_v3_small": 0.5}
"""Networks and their width multipliers, at 32 pixels."""

BUSY = 1.5
"""From what load on latencies are marked as not to be relied on."""

Report = dict[str, Any]


def say(text: str) -> None:
    print(text, flush=True)


def quantised(model: Path, dataset: Dataset, runtimes: Sequence[str], seconds: float, qat: int) -> Quantized:
    """What `edgewise quantize` does, on data that is open."""
    return quantize_on(
        model,
        dataset,
        model.with_suffix(".int8.onnx") if len({find_runtime(name).suffix for name in runtimes}) == 1 else None,
        runtimes=[find_runtime(name) for name in runtimes],
        points=1.0,
        calibration=256,
        qat=qat,
        sensitivity=model.with_suffix(".sensitivity.json"),
        threads=1,
        seconds=seconds,
        workers=1,
        tell=lambda text: say(f"  {text}"),
    )


def described(attempt: Attempt) -> Report:
    latency = attempt.latency
    shown = {"median_ms": latency.median_ms, "low_ms": latency.low_ms, "high_ms": latency.high_ms} if latency else None
    return {
        "scheme": attempt.name,
        "runtime": attempt.runtime,
        "precision": attempt.precision,
        "accuracy": attempt.accuracy,
        "in_float": list(attempt.in_float),
        "fine_tuned": attempt.fine_tuned,
        "latency": shown,
    }


def run_of(made: Quantized) -> Report:
    """One call of `quantize`: what was kept, beside the floating-point artifact, and all that was tried."""
    load = os.getloadavg()[0]
    table = json.loads(
        made.artifact.with_name(made.artifact.name.replace(".int8.onnx", ".sensitivity.json")).read_text()
    )
    return {
        "float_accuracy": made.attempts[0].accuracy,
        "accuracy": made.kept.accuracy,
        "points_lost": made.lost,
        "latency_ratio": made.speedup,
        "busy": load >= BUSY,
        "load": load,
        "kept": described(made.kept),
        "worst_kinds": [
            {"kind": kind, "decibels": found["decibels"]} for kind, found in list(table["kinds"].items())[:5]
        ],
        "attempts": [described(one) for one in made.attempts],
    }


def photographs(folder: Path) -> Dataset:
    """The photographs as ImageNet has them: a folder per class, called by its WordNet id."""
    with zipfile.ZipFile(SHARED / "imagenet-200.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".JPEG"):
                place = folder / name.partition("_")[0]
                place.mkdir(exist_ok=True)
                (place / name).write_bytes(archive.read(name))
    return open_dataset(folder, only="all")


def imagenet(name: str, folder: Path, runtimes: Sequence[str], seconds: float) -> Report:
    """Both halves of the photographs in turn calibrate and judge."""
    model = folder / f"{name}.safetensors"
    convert(name, SHARED / "pretrained" / IMAGENET[name], model)
    with TemporaryDirectory() as place:
        whole = photographs(Path(place))
        everything = whole.splits["all"]
        halves = [range(start, len(everything), 2) for start in (0, 1)]
        runs = []
        for judging, calibrating in (halves, halves[::-1]):
            splits = {
                "train": replace(everything.take(calibrating), name="train"),
                "val": replace(everything.take(judging), name="val"),
            }
            # A hundred photographs can calibrate a network, but not train it.
            runs.append(run_of(quantised(model, replace(whole, splits=splits), runtimes, seconds, qat=0)))
    return {"data": "imagenet-200", "images": len(everything), **joined(runs), "runs": runs}


def joined(runs: Sequence[Report]) -> Report:
    """Means over runs on as many images each."""
    names = ("float_accuracy", "accuracy", "points_lost")
    return {name: sum(run[name] for run in runs) / len(runs) for name in names} | {"busy": any(r["busy"] for r in runs)}


def cifar(name: str, data: Path, folder: Path, runtimes: Sequence[str], seconds: float, epochs: int) -> Report:
    """A network trained here, chosen on validation images, and judged on the test images too."""
    width = CIFAR[name]
    trained = edgewise.train(
        data,
        name,
        width=width,
        size=32,
        epochs=epochs,
        out=folder / "cifar" / f"{name}_{width:g}",
        progress=False,
        command=f"edgewise train {data.name} --model {name} --width {width:g} --input 32 --epochs {epochs}",
        tell=lambda text: say(f"  {text}"),
    )
    made = quantised(trained.model_file, open_dataset(data), runtimes, seconds, qat=EPOCHS)
    run = run_of(made)
    test = edgewise.evaluate(made.artifact, data, split="test", runtime=made.kept.runtime)
    accuracy = test.scores.metrics()["accuracy"]
    return {
        "data": "cifar10",
        "images": len(open_dataset(data, only="test").splits["test"]),
        "epochs": epochs,
        "float_test_accuracy": trained.test.accuracy,
        "test_accuracy": accuracy,
        "test_points_lost": 100 * (trained.test.accuracy - accuracy),
        **joined([run]),
        "runs": [run],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="CIFAR-10 as an image folder; without it ImageNet's alone")
    parser.add_argument("--epochs", type=int, default=4, help="of training on CIFAR-10")
    parser.add_argument("--runtime", action="append", help="onnxruntime unless named; may be given more than once")
    parser.add_argument("--seconds", type=float, default=12.0, help="the longest that latencies are measured")
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark-int8"), help="where models lie meanwhile")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    arguments = parser.parse_args()
    runtimes = arguments.runtime or ["onnxruntime"]
    arguments.runs.mkdir(parents=True, exist_ok=True)
    found: Report = json.loads(arguments.out.read_text())["results"] if arguments.out.exists() else {}

    def keep(key: str, make: Callable[[], Report]) -> None:
        if key in found:
            say(f"{key}: done before")
            return
        say(key)
        found[key] = make()
        report = {
            "what": "accuracy of the int8 artifact beside floating point, and its latency",
            "quick": False,
            "command": f"edgewise quantize MODEL DATA --runtime {' --runtime '.join(runtimes)}",
            "edgewise": edgewise.__version__,
            "machine": describe_machine(runtimes[0]).to_json(),
            "precisions": {
                name: [one for one in find_runtime(name).precisions if one in INTEGER_PRECISIONS] for name in runtimes
            },
            "results": found,
        }
        write_text(arguments.out, json.dumps(report, indent=1, allow_nan=False) + "\n")
        say(f"  {found[key]['points_lost']:.2f} points lost")

    for name, file in IMAGENET.items():
        missing = [path for path in (SHARED / "pretrained" / file, SHARED / "imagenet-200.zip") if not path.is_file()]
        if missing:
            say(f"{name} is left out: there is no {missing[0]}")
        else:
            keep(f"imagenet {name}", lambda name=name: imagenet(name, arguments.runs, runtimes, arguments.seconds))
    for name in CIFAR if arguments.data else ():
        keep(
            f"cifar10 {name}",
            lambda name=name: cifar(
                name, arguments.data, arguments.runs, runtimes, arguments.seconds, arguments.epochs
            ),
        )
    say(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
