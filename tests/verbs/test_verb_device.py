"""`edgewise device profile`: measured part by part, kept part by part, refused where it cannot be."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli.app import main
from edgewise.devices.profile import DeviceProfile, Overhead, Peak, Quantum
from edgewise.errors import EdgewiseError
from edgewise.profiling import peaks
from edgewise.profiling.probes import pointwise
from edgewise.verbs import device
from edgewise.verbs.device import Profiled, profile_device


@pytest.fixture(autouse=True)
def few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same profile with a handful of networks."""
    monkeypatch.setattr(peaks, "peak_probes", lambda: (pointwise(32, 7), pointwise(64, 7)))
    monkeypatch.setattr(device, "sweeps", lambda kind, seconds: {7: (16, 32)})
    measured = device.measure_bandwidth, device.measure_overhead
    monkeypatch.setattr(device, "measure_bandwidth", lambda seconds: measured[0](0.01, (8192, 16384, 32768)))
    monkeypatch.setattr(device, "measure_overhead", lambda setting, seconds: measured[1](setting, 0.01, (2, 4, 8)))


def profiled(path: Path, **options: Any) -> Profiled:
    asked = {"runtimes": ["onnxruntime"], "precisions": ["fp32"], "threads": [1], "seconds": 0.5} | options
    return profile_device(path, **asked)


def test_a_profile_has_everything_and_is_read_again(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    path = tmp_path / "device.json"
    found = profiled(
        path, figure=tmp_path / "quantum.svg", progress=lambda done, total, label: told.append((done, total, label))
    )
    assert found.profile == DeviceProfile.read(path)
    assert (found.measured, found.kept, found.notes) == (5, 0, ())
    assert [type(one).__name__ for one in found.profile.entries] == [
        "Bandwidth",
        "Peak",
        "Overhead",
        "Quantum",
        "Quantum",
    ]
    peak = found.profile.peak("fp32", 1)
    assert peak is not None
    assert peak > 1e8
    assert {one.seconds for one in found.profile.entries} == {0.5}
    assert [done for done, _, _ in told] == [0, 1, 2, 3, 4, 5]
    assert "</svg>" in (tmp_path / "quantum.svg").read_text()


def test_an_interrupted_profile_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "device.json"

    def stop(done: int, total: int, label: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        profiled(path, progress=stop)
    kept = DeviceProfile.read(path)
    assert len(kept.entries) == 2
    later = kept.with_section("table", {"rows": [1]})
    later.write(path)
    found = profiled(path)
    assert (found.measured, found.kept) == (3, 2)
    assert found.profile.peaks == kept.peaks
    assert found.profile.others == {"table": {"rows": [1]}}
    again = profiled(path, again=True)
    assert (again.measured, again.kept) == (5, 0)
    assert again.profile.others == {"table": {"rows": [1]}}


def test_what_had_less_time_or_another_version_is_measured_anew(tmp_path: Path) -> None:
    path = tmp_path / "device.json"
    profiled(path)
    assert profiled(path, seconds=0.4).kept == 5
    assert profiled(path, seconds=0.6).measured == 5
    content = json.loads(path.read_text())
    content["peaks"][0]["runtime_version"] = "0.1"
    path.write_text(json.dumps(content))
    found = profiled(path, seconds=0.6)
    assert (found.measured, found.kept) == (1, 4)


def test_a_measurement_that_fails_is_told_and_the_others_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(setting: object, seconds: float) -> Overhead:
        raise EdgewiseError("onnxruntime fell over")

    monkeypatch.setattr(device, "measure_overhead", fails)
    found = profiled(tmp_path / "device.json")
    assert found.measured == 4
    assert found.notes == ("onnxruntime fp32 overhead left out: onnxruntime fell over",)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seconds": 0}, "more than 0"),
        ({"threads": [0]}, "threads must be at least 1"),
        ({"runtimes": ["swim"]}, "no runtime named 'swim'"),
        ({"precisions": ["fp4"]}, "does not compute in 'fp4'"),
        ({"figure": "fig.png"}, r"a figure is an SVG file"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(EdgewiseError, match=said):
        profiled(tmp_path / "device.json", **options)
    assert list(tmp_path.iterdir()) == []


def test_the_profile_of_another_machine_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "device.json"
    DeviceProfile({"cpu": "Another", "cores": 64}).write(path)
    before = path.read_bytes()
    for again in (False, True):
        with pytest.raises(
            EdgewiseError, match=r"another device \(Another, 64 cores, not .+ cores\); choose another file"
        ):
            profiled(path, again=again)
    assert path.read_bytes() == before


def test_the_command_prints_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "device.json"
    common = ["--runtime", "onnxruntime", "--precision", "fp32", "--threads", "1", "--seconds", "0.5"]
    monkeypatch.setattr(sys, "argv", ["edgewise", "device", "profile", str(path), *common])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    out = capsys.readouterr().out
    for word in ("peaks", "multiply-adds/s", "L1", "quantum", "onnxruntime", f"written to {path}"):
        assert word in out
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--json"])
    with pytest.raises(SystemExit):
        main()
    captured = capsys.readouterr()
    assert json.loads(captured.out) == json.loads(path.read_text())
    assert "5 measurements kept from before" in captured.err


def test_entries_are_of_the_kinds_a_profile_has(tmp_path: Path) -> None:
    found = profiled(tmp_path / "device.json").profile
    assert all(isinstance(one, Quantum) for one in found.quanta)
    assert all(isinstance(one, Peak) for one in found.peaks)
    assert found.quantum("onnxruntime", "fp32") == 1
