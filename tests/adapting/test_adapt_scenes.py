"""Networks for boxes and masks made narrower, as classifiers are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import edgewise
from edgewise.blocks import Task
from edgewise.data.assemble import Options
from edgewise.data.decoded import hold_out, read_decoded, write_decoded
from edgewise.data.preprocessing import Preprocessing
from edgewise.data.scenes.annotations import BoxAnnotations, MaskAnnotations
from edgewise.data.scenes.composed import COUNTS, SIZE, open_scenes
from edgewise.deploy import ArtifactCard, read_artifact
from edgewise.deploy.model_file import write_model_file
from edgewise.deploy.tensors import random_tensors
from edgewise.devices import installed_runtime
from edgewise.devices.prediction import Setting
from edgewise.papers import find
from edgewise.papers.lr_aspp import lr_aspp
from edgewise.papers.ssdlite import ssdlite
from edgewise.profiling.suppressing import Suppressing, suppression_ms
from edgewise.verbs.adapt import Adapted
from predicted_device import device

GREY = (0.2, 0.2, 0.2)


@pytest.fixture(autouse=True)
def few_scenes() -> Iterator[None]:
    """A tenth of the scenes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, count in COUNTS.items():
            patch.setitem(COUNTS, name, count // 10)
        yield


def prepared(task: Task, folder: Path) -> Path:
    """A model file with random weights."""
    classes = open_scenes(task, Options()).classes
    base = find("mobilenet_v3_small_0.35")
    if task == "detect":
        architecture = ssdlite(base, len(classes), size=64)
    else:
        architecture = lr_aspp(base, len(classes), height=64, width=64)
    card = ArtifactCard(Preprocessing(64, 64, GREY, GREY, stretch=True), classes, task=task)
    return write_model_file(architecture, random_tensors(architecture), folder / "model.safetensors", card=card)


@pytest.mark.parametrize(
    ("task", "measure"), [pytest.param("detect", "mAP", marks=pytest.mark.slow), ("segment", "mean IoU")]
)
def test_they_are_narrowed_step_by_step(task: Task, measure: str, tmp_path: Path) -> None:
    model, profile, told = prepared(task, tmp_path), tmp_path / "device.json", []
    device().write(profile)
    made = edgewise.adapt(
        model,
        "scenes",
        "0.98x",
        out=tmp_path / "run",
        device=profile,
        quantum=64,
        short=2,
        epochs=1,
        workers=2,
        score="taylor",
        progress=False,
        tell=told.append,
    )
    assert isinstance(made, Adapted)
    assert made.kept
    assert made.steps[-1].multiply_adds < made.steps[0].multiply_adds
    assert any(f"% {measure} on the holdout" in line for line in told)
    assert any("without decoding" in line for line in told) == (task == "detect")
    assert read_artifact(made.artifact).task == task
    expected = edgewise.evaluate_scenes(made.artifact, "scenes").scores.metrics()
    assert {name: made.metrics[f"test_{name}"] for name in expected} == pytest.approx(expected)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert f"{measure} on the holdout, %" in page
    assert "95% interval" not in page  # images are not right or wrong


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_what_is_decoded_once_is_what_was_there(task: Task, tmp_path: Path) -> None:
    parts = hold_out(open_scenes(task, Options()).splits["train"], 0)
    write_decoded(tmp_path, parts, Preprocessing(48, 64, GREY, GREY, stretch=True))
    for part, split in read_decoded(tmp_path).items():
        given = parts[part]
        assert len(split) == len(given)
        assert split.load(0).shape == (48, 64, 3)
        if isinstance(split.annotations, BoxAnnotations):
            assert isinstance(given.annotations, BoxAnnotations)
            for one, other in zip(split.annotations.images, given.annotations.images, strict=True):
                assert np.array_equal(one.labels, other.labels)
                shares = np.array([64, 48, 64, 48]) / SIZE
                assert one.boxes == pytest.approx(other.boxes * shares, rel=1e-5)
        else:
            assert isinstance(split.annotations, MaskAnnotations)
            assert isinstance(given.annotations, MaskAnnotations)
            mask = split.annotations.load(3)
            assert mask.shape == (48, 64)
            assert set(np.unique(mask)) <= set(np.unique(given.annotations.load(3)))


def test_decoding_and_suppression_are_part_of_a_detectors_latency() -> None:
    class Network:
        here = True
        settled = 0.0

        def expected(self, architecture: object) -> float:
            return 2.0

        def measured(self, architectures: list[object]) -> list[float]:
            return [3.0 for _ in architectures]

        glanced = measured

        def settle(self, architecture: object, ms: float) -> None:
            self.settled = ms

    architecture = ssdlite(find("mobilenet_v3_small_0.35"), 3, size=64)
    setting = Setting("onnxruntime", installed_runtime("onnxruntime").version(), "fp32", 1)
    image = np.random.default_rng(0).normal(size=(3, 64, 64)).astype(np.float32)
    assert suppression_ms(architecture, random_tensors(architecture), image, setting) > 0
    network = Network()
    gauge = Suppressing(network, 0.5)  # type: ignore[arg-type]
    assert gauge.here
    assert gauge.expected(architecture) == 2.5
    assert gauge.measured([architecture]) == gauge.glanced([architecture]) == [3.5]
    gauge.settle(architecture, 3.5)
    assert network.settled == 3.0
