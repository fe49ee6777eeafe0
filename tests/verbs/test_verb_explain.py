"""`explain`: a page is written whole or not at all, and says what the command line says."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewise.blocks import Classifier, ConvBNAct
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
