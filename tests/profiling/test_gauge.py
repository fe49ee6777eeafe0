"""Latencies of networks of one kind: predicted for a device that is not here, measured on this one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from edgewise.adapting.versions import random_versions
from edgewise.costs import count
from edgewise.devices import installed_runtime
from edgewise.devices.prediction import Setting
from edgewise.devices.prediction.table import tables_of
from edgewise.papers import Architecture, find
from edgewise.profiling import gauge
from edgewise.profiling.gauge import Expecting, Measuring
from predicted_device import device

SEED = find("mobilenet_v2_0.5").with_classes(10).with_input(32)


@pytest.fixture(scope="module")
def versions() -> list[Architecture]:
    return random_versions(SEED, 8, 8)


def test_what_is_expected_follows_what_was_measured_last() -> None:
    made = Expecting(tables_of(device())[0])
    narrower = random_versions(SEED, 8, 1)[0]
    before = made.expected(SEED), made.expected(narrower)
    made.settle(SEED, 3 * before[0])
    assert (made.expected(SEED), made.expected(narrower)) == pytest.approx((3 * before[0], 3 * before[1]))
    assert made.measured([narrower]) == [made.expected(narrower)]


def test_measuring_here(tmp_path: Path, versions: list[Architecture]) -> None:
    """What a figure is depends on the machine and on who else uses it; that it is kept and followed does not."""
    setting = Setting("onnxruntime", installed_runtime("onnxruntime").version(), "fp32", 1)
    told: list[str] = []
    made = Measuring(SEED, setting, tmp_path / "device.json", lambda: versions, told.append)
    smallest = min(versions, key=lambda one: count(one).multiply_adds)
    assert all(ms > 0 for ms in made.glanced([SEED, smallest]))
    assert not (tmp_path / "device.json").exists()
    seed_ms, ms, again = made.measured([SEED, smallest, SEED])
    assert told[-1].startswith("latency table: 100% of ")
    assert seed_ms == again == pytest.approx(made.seed_ms)
    assert ms > 0
    made.settle(smallest, ms)
    assert made.expected(smallest) == pytest.approx(ms)
    before = [made.expected(one) for one in versions]
    assert all(ms > 0 for ms in before)
    made.settle(smallest, 2 * ms)
    assert [made.expected(one) for one in versions] == pytest.approx([2 * ms for ms in before], rel=1e-2)
    written = (tmp_path / "device.json").stat().st_mtime_ns
    again_ms = Measuring(SEED, setting, tmp_path / "device.json", lambda: versions, told.append).seed_ms
    assert again_ms == pytest.approx(made.seed_ms, rel=1e-4)  # nothing is measured again
    assert (tmp_path / "device.json").stat().st_mtime_ns == written


def test_latencies_are_relative_to_the_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine may be slower than when the table was filled, by whatever share."""
    slower = 7.0

    def timed(timed: object, names: Sequence[str]) -> dict[str, float]:
        return {name: slower if name == SEED.digest else slower / 2 for name in names}

    monkeypatch.setattr(gauge, "k_best", timed)
    setting = Setting("onnxruntime", installed_runtime("onnxruntime").version(), "fp32", 1)
    other = random_versions(SEED, 8, 1)[0]
    made = Measuring(SEED, setting, tmp_path / "device.json", lambda: [other], lambda text: None)
    assert made.glanced([SEED]) == [7.0]
    assert made.measured([other]) == [pytest.approx(made.seed_ms / 2)]
