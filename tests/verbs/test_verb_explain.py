"""`explain`: a page is written whole or not at all, and says what the command line says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual
from edgewise.data.statistics import preprocessing_for
from edgewise.deploy import ArtifactCard
from edgewise.deploy.model_file import write_model_file
from edgewise.deploy.tensors import random_tensors
from edgewise.devices import DeviceProfile, describe_machine
from edgewise.devices.profile import Bandwidth, Level, Overhead, Peak
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.verbs.explain import explain

TINY = Architecture("tiny", (ConvBNAct(out_channels=8), Classifier(classes=4)), input=(3, 16, 16))


def profile(path: Path, threads: int = 1, cpu: str | None = None) -> Path:
    """That of this machine, or of another with the processor `cpu`."""
    peak = Peak("onnxruntime", "fp32", threads, 5e10, "1x1", {"1x1": 5e10}, "1", 0.0, 1.0)
    levels = (Level("L1", 32_768, 5e10, 4e10), Level("L2", 2**20, 6e10, 4e10), Level("memory", None, 1e10, 1e10))
    found = DeviceProfile.of(describe_machine())
    for entry in (
        peak,
        Bandwidth(levels, (), 1.0),
        Overhead("onnxruntime", "fp32", "1x1", 2.0, 9.0, (), "1", 0.0, 1.0),
    ):
        found = found.with_entry(entry)
    if cpu is not None:
        found = DeviceProfile({**found.machine, "cpu": cpu}, found.entries)
    found.write(path)
    return path


def test_what_the_machine_can_do_is_read_or_measured(tmp_path: Path) -> None:
    given = profile(tmp_path / "device.json")
    read = explain([TINY], out=tmp_path / "read.html", profile=given, seconds=0.0)
    assert read.ceilings.multiply_adds_per_second == 5e10
    assert [one.bytes_per_second for one in read.ceilings.stores] == [6e10, 6e10, 1e10]  # a cache is never slower
    told: list[str] = []
    measured = explain([TINY], out=tmp_path / "measured.html", seconds=0.0, tell=told.append)
    assert measured.ceilings.multiply_adds_per_second > 1e8
    assert told == ["measuring what this machine can do", "timing tiny"]
    for made in (read, measured):
        assert "ConvBNAct(out_channels=8)" in made.path.read_text(encoding="utf-8")
        assert len(made.networks) == len(made.slow) == 1


def test_what_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    given = profile(tmp_path / "device.json", threads=7)
    with pytest.raises(EdgewiseError, match=r"has no peak, bandwidth or overhead of onnxruntime .* fp32, 1 thread"):
        explain([TINY], out=tmp_path / "page.html", profile=given)
    other = profile(tmp_path / "other.json", cpu="another")
    with pytest.raises(EdgewiseError, match="is the profile of another device"):
        explain([TINY], out=tmp_path / "page.html", profile=other)
    with pytest.raises(EdgewiseError, match="there is nothing to explain"):
        explain([], out=tmp_path / "page.html")
    with pytest.raises(EdgewiseError, match="torch_eager does not say what its kernels take"):
        explain([TINY], out=tmp_path / "page.html", runtime="torch_eager")
    assert not (tmp_path / "page.html").exists()


def test_of_a_model_file_filters_and_gates_are_shown(tmp_path: Path, coloured_folder: Callable[..., Path]) -> None:
    rows = (ConvBNAct(out_channels=8), InvertedResidual(out_channels=8, expanded=16, squeeze=4), Classifier(classes=2))
    architecture = Architecture("gated", rows, input=(3, 16, 16))
    images = coloured_folder(tmp_path / "images", ("cat", "dog"), 20)
    card = ArtifactCard(preprocessing_for(16), ("cat", "dog"))
    write_model_file(architecture, random_tensors(architecture), tmp_path / "model.safetensors", card=card)
    given = profile(tmp_path / "device.json")
    options = {"profile": given, "seconds": 0.0, "out": tmp_path / "page.html"}
    made = explain([tmp_path / "model.safetensors"], **options)  # type: ignore[arg-type]
    page = made.path.read_text(encoding="utf-8")
    assert "What its first layer looks for" in page
    assert "What its gates say" not in page
    made = explain([tmp_path / "model.safetensors", TINY], data=images, **options)  # type: ignore[arg-type]
    assert made.networks[0].learnt.classes == ("cat", "dog")
    assert made.path.read_text(encoding="utf-8").count("What its gates say of the classes") == 1
    with pytest.raises(EdgewiseError, match="nothing that was named is a model file with squeeze-and-excitation"):
        explain([TINY], data=images, **options)  # type: ignore[arg-type]
    with pytest.raises(EdgewiseError, match="use data with the classes it was trained for"):
        explain([tmp_path / "model.safetensors"], data="digits", **options)  # type: ignore[arg-type]
