"""torchvision's detectors and segmentation networks beside the same networks, with the same weights, as our artifacts.

A detector is timed from the pixels to the boxes: torchvision's module in eager mode with its own decoding and
suppression; our artifact with both inside, and with both outside in numpy. How long suppression takes depends on how
much is found, so a detector is timed twice: with a background so likely that about a thousand scores are above the
threshold, as in a photograph, and as drawn, where every anchor is a candidate for every class. Weights are random:
nobody's are there without a download, and they change nothing else. Segmentation networks are timed from the pixels to
the class scores.

    python benchmarks/scenes.py            about 6 minutes
    python benchmarks/scenes.py --quick    about a minute, too few rounds to conclude anything

One thread, one image, all ways in turns in this process; of each round the ratio to torchvision's, of all rounds the
median with the 10th and 90th percentile. Before anything is timed the outputs are compared. Writes
benchmarks/results/scenes.json, or what --out names.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import torchvision
from torch import nn

from edgewise.deploy import build, tensors_of
from edgewise.deploy.suppression import with_suppression
from edgewise.detection import Detections, Selection, anchor_boxes, selected
from edgewise.devices import describe_machine, find_runtime
from edgewise.files import write_text
from edgewise.nn import Network
from edgewise.papers import find
from edgewise.version import VERSION
from edgewise.weights.foreign import torchvision as theirs

RESULTS = Path(__file__).parent / "results" / "scenes.json"

CANDIDATES = 1000
"""Scores above the threshold in the first of a detector's two cases."""

WAYS = (("onnxruntime", "fp32"), ("onnxruntime", "int8"), ("openvino", "fp32"), ("openvino", "int8"))

Report = dict[str, Any]
Way = Callable[[], object]


@dataclass(frozen=True)
class Subject:
    """A network by our name and torchvision's, and how torchvision chooses among its boxes."""

    name: str
    reference: str
    selection: Selection | None = None


SUBJECTS = (
    Subject("ssdlite_mobilenet_v3_large_torchvision", "ssdlite320_mobilenet_v3_large", Selection()),
    Subject("ssd300_vgg16", "ssd300_vgg16", Selection(least_score=0.01, overlap=0.45, best=400, most=200)),
    Subject("lr_aspp_mobilenet_v3_large_torchvision", "lraspp_mobilenet_v3_large"),
    Subject("deeplab_v3_mobilenet_v3_large_torchvision", "deeplabv3_mobilenet_v3_large"),
)


def carried_over(name: str, reference: nn.Module) -> Network:
    """Our network with the reference's weights."""
    architecture = find(name)
    rows = theirs.names(architecture)
    assert rows is not None
    tensors = {key: value.numpy() for key, value in reference.state_dict().items()}
    network = Network(architecture)
    made = theirs.convert(architecture, rows, tensors)
    network.load_state_dict({key: torch.from_numpy(value) for key, value in made.items()}, strict=False)
    return network.eval()


def settled(module: nn.Module, x: torch.Tensor, forward: Callable[[torch.Tensor], object]) -> None:
    """Gives batch norms the statistics of random images, without which fresh networks' values vanish."""
    for one in module.modules():
        if isinstance(one, nn.BatchNorm2d):
            one.momentum = None
            one.reset_running_stats()
    with torch.no_grad():
        forward(x)
    module.eval()


def with_candidates(detector: Any, head: nn.Module, image: torch.Tensor, selection: Selection) -> None:
    """Makes the background likelier until only about `CANDIDATES` scores are above the threshold."""
    biases = [one.bias for one in head.modules() if isinstance(one, nn.Conv2d) and one.bias is not None]
    biases = [one for one in biases if len(one) % detector.num_classes == 0]
    with torch.no_grad():
        logits = detector.head(list(detector.backbone(image[None]).values()))["cls_logits"][0]
        low, high = 0.0, 40.0
        for _ in range(30):
            added = (low + high) / 2
            shifted = logits.clone()
            shifted[:, 0] += added
            found = int((shifted.softmax(1)[:, 1:] > selection.least_score).sum())
            low, high = (added, high) if found > CANDIDATES else (low, added)
        for bias in biases:
            bias[:: detector.num_classes] += high


def detector_ways(subject: Subject, few: bool, folder: Path) -> tuple[dict[str, Way], Report]:
    """What is timed of a detector, and what was found."""
    assert subject.selection is not None
    selection = subject.selection
    torch.manual_seed(0)
    detector: Any = torchvision.models.get_model(subject.reference, weights=None, weights_backbone=None)
    detector.num_classes = 91
    architecture = find(subject.name)
    image = torch.rand(architecture.input)
    mean, std = (
        torch.tensor(one)[:, None, None] for one in (detector.transform.image_mean, detector.transform.image_std)
    )
    prepared = (image - mean) / std
    settled(detector, torch.randn(8, *architecture.input), lambda x: detector.head(list(detector.backbone(x).values())))
    head = detector.head.classification_head
    nn.init.normal_(next(one for one in reversed(list(head.modules())) if isinstance(one, nn.Conv2d)).weight, std=0.03)
    if few:
        with_candidates(detector, head, prepared, subject.selection)
    network = carried_over(subject.name, detector)
    anchors = anchor_boxes(architecture)
    x = prepared[None].numpy()
    with torch.inference_mode():
        expected = detector([image])[0]

    def reference() -> object:
        with torch.inference_mode():
            return detector([image])

    ways: dict[str, Way] = {"torchvision": reference}
    found = len(expected["scores"])
    for runtime, precision in WAYS:
        if find_runtime(runtime).version() is None:
            continue
        raw = build(architecture, tensors_of(network), folder, "raw", runtime=runtime, precision=precision, images=x)
        whole = with_suppression(raw, raw.with_name(f"whole.{raw.name}"), subject.selection)
        inside, outside = (find_runtime(runtime).load(path, 1, precision) for path in (whole, raw))
        boxes = Detections(*inside.run([x]))
        if precision == "fp32":
            assert abs(len(boxes.scores) - found) <= 2
            same = min(found, len(boxes.scores))
            np.testing.assert_allclose(boxes.scores[:same], expected["scores"][:same].numpy(), rtol=1e-3, atol=1e-5)

        def suppressing(session: Any = inside) -> object:
            return session.run([x])

        def in_numpy(session: Any = outside) -> object:
            scores, distances = session.run([x])
            return selected(scores[0], distances[0], anchors, selection)

        def alone(session: Any = outside) -> object:
            return session.run([x])

        ways[f"{runtime} {precision}"] = suppressing
        ways[f"{runtime} {precision}, boxes in numpy"] = in_numpy
        ways[f"{runtime} {precision}, raw outputs"] = alone
    return ways, {"boxes": found}


def segmenter_ways(subject: Subject, folder: Path) -> dict[str, Way]:
    torch.manual_seed(0)
    reference: Any = torchvision.models.get_model(
        subject.reference, weights=None, weights_backbone=None, num_classes=21
    )
    architecture = find(subject.name)
    settled(reference, torch.randn(4, *architecture.input), reference)
    network = carried_over(subject.name, reference)
    image = torch.randn(1, *architecture.input)
    x = image.numpy()

    def eager() -> torch.Tensor:
        with torch.inference_mode():
            return reference(image)["out"]

    expected = eager().numpy()
    ways: dict[str, Way] = {"torchvision": eager}
    for runtime, precision in WAYS:
        if find_runtime(runtime).version() is None:
            continue
        path = build(architecture, tensors_of(network), folder, "raw", runtime=runtime, precision=precision, images=x)
        session = find_runtime(runtime).load(path, 1, precision)
        if precision == "fp32":
            difference = np.abs(session.run([x])[0] - expected).max() / np.abs(expected).max()
            assert difference < 1e-3, (subject.name, runtime, difference)
        ways[f"{runtime} {precision}"] = lambda session=session: session.run([x])
    return ways


def timed(ways: Mapping[str, Way], seconds: float) -> Report:
    """ms of each way, and its ratio to the first's of the same round: how many times as fast."""
    for way in ways.values():
        for _ in range(2):
            way()
    rounds: list[dict[str, float]] = []
    began = time.perf_counter()
    names = list(ways)
    while len(rounds) < 5 or time.perf_counter() - began < seconds:
        taken: dict[str, float] = {}
        for name in names if len(rounds) % 2 else reversed(names):
            start = time.perf_counter()
            ways[name]()
            taken[name] = 1000 * (time.perf_counter() - start)
        rounds.append(taken)
    first = names[0]
    found: Report = {}
    for name in names:
        ratios = [one[first] / one[name] for one in rounds]
        spread = quantiles(ratios, n=10)
        found[name] = {
            "median_ms": median(one[name] for one in rounds),
            "faster": median(ratios),
            "p10": spread[0],
            "p90": spread[-1],
        }
    return {"rounds": len(rounds), "ways": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    seconds = 2.0 if asked.quick else 25.0
    machine = describe_machine("onnxruntime").to_json()
    results: dict[str, Report] = {}
    for subject in SUBJECTS:
        cases = {"few candidates": True, "every candidate": False} if subject.selection else {"": None}
        for case, few in cases.items():
            with TemporaryDirectory() as place:
                said: Report = {}
                if few is None:
                    ways = segmenter_ways(subject, Path(place))
                else:
                    ways, said = detector_ways(subject, few, Path(place))
                label = f"{subject.reference}{f', {case}' if case else ''}"
                results[label] = {**said, **timed(ways, seconds)}
            best = max(results[label]["ways"].items(), key=lambda one: one[1]["faster"])
            print(f"{label}: {best[0]} {best[1]['faster']:.2f} times as fast as torchvision's", flush=True)
    report = {
        "benchmark": "scenes",
        "edgewise": VERSION,
        "quick": asked.quick,
        "machine": machine,
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "openvino": find_runtime("openvino").version(),
        "results": results,
    }
    write_text(asked.out, json.dumps(report, indent=1, allow_nan=False) + "\n")
    print(f"written to {asked.out}")


if __name__ == "__main__":
    main()
