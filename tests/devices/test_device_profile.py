"""The device profile's file: written and read again, other sections kept, damaged and newer files refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgewise.devices import describe_machine
from edgewise.devices.profile import Bandwidth, DeviceProfile, Level, Overhead, Peak, Quantum, SweptWidth
from edgewise.errors import EdgewiseError

PEAK = Peak("openvino", "fp32", 1, 5e10, "wide", {"wide": 5e10, "narrow": 4e10}, "2026.1", 0.0, 30.0)
OVERHEAD = Overhead("openvino", "fp32", "add", 1.5, 20.0, ((1, 21.5), (11, 36.5)), "2026.1", 0.1, 30.0)
QUANTUM = Quantum(
    "openvino",
    "fp32",
    "pointwise",
    16,
    1.3,
    {8: 0.1, 16: 1.02},
    (SweptWidth(33, 14, 5.0, 5.2), SweptWidth(48, 14, 4.0, 4.1)),
    "2026.1",
    0.0,
    30.0,
)
BANDWIDTH = Bandwidth((Level("L1", 32768, 2e11, 1e11), Level("memory", None, 2e10, 1e10)), ((8192, 2e11, 1e11),), 30.0)


@pytest.fixture
def profile() -> DeviceProfile:
    made = DeviceProfile.of(describe_machine())
    for entry in (PEAK, QUANTUM, OVERHEAD, BANDWIDTH):
        made = made.with_entry(entry)
    return made


@pytest.fixture
def written(profile: DeviceProfile, tmp_path: Path) -> Path:
    profile.write(tmp_path / "device.json")
    return tmp_path / "device.json"


def changed(path: Path, **fields: Any) -> Path:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return path


def test_what_is_written_is_read(profile: DeviceProfile, written: Path) -> None:
    read = DeviceProfile.read(written)
    assert read == profile
    assert (read.peaks, read.overheads, read.quanta, read.bandwidth) == ((PEAK,), (OVERHEAD,), (QUANTUM,), BANDWIDTH)


def test_an_empty_profile_is_one(tmp_path: Path) -> None:
    DeviceProfile.of(describe_machine()).write(tmp_path / "empty.json")
    read = DeviceProfile.read(tmp_path / "empty.json")
    assert (read.peaks, read.bandwidth, read.peak("fp32", 1), read.quantum("openvino", "fp32")) == (
        (),
        None,
        None,
        None,
    )


def test_sections_of_others_survive_a_rewrite(written: Path, tmp_path: Path) -> None:
    table = {"version": 7, "rows": [1, 2, 3]}
    DeviceProfile.read(changed(written, later=table)).with_entry(replace(PEAK, threads=2)).write(
        tmp_path / "again.json"
    )
    again = DeviceProfile.read(tmp_path / "again.json")
    assert again.others == {"later": table}
    assert {one.threads for one in again.peaks} == {1, 2}
    assert again.with_section("table", [1]).others == {"later": table, "table": [1]}
    with pytest.raises(EdgewiseError, match="'peaks'"):
        again.with_section("peaks", [])


def test_a_measurement_takes_the_place_of_its_predecessor(profile: DeviceProfile) -> None:
    again = profile.with_entry(replace(PEAK, multiply_adds_per_second=6e10))
    assert [one.multiply_adds_per_second for one in again.peaks] == [6e10]
    assert len(again.with_entry(replace(PEAK, runtime="onnxruntime")).peaks) == 2


def test_the_peak_is_the_best_of_all_runtimes(profile: DeviceProfile) -> None:
    both = profile.with_entry(replace(PEAK, runtime="onnxruntime", multiply_adds_per_second=7e10))
    assert both.peak("fp32", 1) == 7e10
    best = both.best_peak("fp32", 1)
    assert best is not None
    assert best.runtime == "onnxruntime"
    assert both.peak("fp32", 2) is None
    assert both.peak("int8", 1) is None


def test_int8_with_bf16_has_the_peak_and_the_quantum_of_int8(profile: DeviceProfile) -> None:
    both = profile.with_entry(replace(PEAK, precision="int8", multiply_adds_per_second=2e11))
    both = both.with_entry(replace(QUANTUM, precision="int8", channels=32))
    assert both.peak("int8+bf16", 1) == 2e11
    assert both.quantum("openvino", "int8+bf16") == 32
    assert both.quantum("openvino", "int8", "depthwise") is None
    assert both.with_entry(replace(QUANTUM, precision="int8+bf16")).quantum("openvino", "int8+bf16") == 16


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"format": "something else"}, "no device profile"),
        ({"version": None}, "which version"),
        ({"version": True}, "which version"),
        ({"version": 2}, "upgrade edgewise"),
        ({"machine": "mine"}, "which machine"),
        ({"peaks": {}}, "no list"),
        ({"peaks": [3]}, "lacks fields"),
        ({"peaks": [{"runtime": "openvino"}]}, "lacks fields"),
        ({"quanta": [json.loads(json.dumps({**QUANTUM.__dict__, "channels": "many", "sweep": []}))]}, "channels"),
        ({"quanta": [json.loads(json.dumps({**QUANTUM.__dict__, "channels": -8, "sweep": []}))]}, "positive"),
        ({"peaks": [{**PEAK.__dict__, "multiply_adds_per_second": float("nan")}]}, "NaN"),
        ({"peaks": [{**PEAK.__dict__, "multiply_adds_per_second": 0}]}, "positive"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(written: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(EdgewiseError, match=said) as refused:
        DeviceProfile.read(changed(written, **fields))
    assert str(written) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": "edgewise device profile"}'])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "device.json"
    path.write_bytes(content)
    with pytest.raises(EdgewiseError, match="choose another file, or measure or import it again") as reading:
        DeviceProfile.read(path)
    with pytest.raises(EdgewiseError, match=r"is no device profile.*choose another file$") as opening:
        DeviceProfile.opened(path, describe_machine())
    assert all("delete" not in str(one.value) for one in (reading, opening))
    assert path.read_bytes() == content


def test_half_a_file_is_refused(written: Path) -> None:
    written.write_bytes(written.read_bytes()[: written.stat().st_size // 2])
    with pytest.raises(EdgewiseError, match="no JSON"):
        DeviceProfile.read(written)


def test_a_missing_file_says_how_to_measure(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="edgewise device profile"):
        DeviceProfile.read(tmp_path / "none.json")
