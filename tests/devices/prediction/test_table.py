"""The table in its profile: written, read, merged, refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_device import SETTING, measured, some_networks

from edgewise.costs.units import Reads
from edgewise.devices import describe_machine
from edgewise.devices.prediction import LatencyTable
from edgewise.devices.prediction.table import SECTION, row_key, table_of, tables_of, with_table
from edgewise.devices.profile import DeviceProfile
from edgewise.errors import EdgewiseError
from edgewise.papers import find

PROFILE = DeviceProfile.of(describe_machine())


def test_a_table_survives_its_file(tmp_path: Path) -> None:
    table = measured(LatencyTable(SETTING), some_networks(0, 20))
    other = replace(table, setting=replace(SETTING, precision="int8"))
    path = tmp_path / "device.json"
    with_table(with_table(PROFILE, table), other).write(path)
    found = tables_of(DeviceProfile.read(path))
    assert [one.setting for one in found] == [table.setting, other.setting]
    assert found[0].networks.keys() == table.networks.keys()
    assert found[0].entries.keys() == table.entries.keys()
    digest = next(iter(table.networks))
    assert found[0].networks[digest].rounds_ms == pytest.approx(table.networks[digest].rounds_ms, abs=1e-4)
    assert with_table(PROFILE, found[0]).others[SECTION] == json.loads(path.read_text())[SECTION] | {
        "tables": json.loads(path.read_text())[SECTION]["tables"][:1]
    }
    assert table_of(DeviceProfile.read(path), replace(SETTING, threads=2)).networks == {}


def test_the_key_is_the_row_and_its_input() -> None:
    one, other = find("mobilenet_v2"), find("mobilenet_v2").with_input(160)
    assert row_key(one.rows[3], Reads((24, 56, 56))) == row_key(other.rows[3], Reads((24, 56, 56)))
    assert row_key(one.rows[3], Reads((24, 56, 56))) != row_key(one.rows[3], Reads((24, 40, 40)))


def test_a_head_is_another_one_on_other_maps() -> None:
    """It reads more than its input."""
    head = find("lr_aspp_mobilenet_v3_small").rows[-1]
    small, large = (Reads((576, 4, 4), ((name, (3, side, side)),)) for name, side in (("input", 64), ("input", 96)))
    assert row_key(head, small) != row_key(head, large)


def test_two_runs_of_one_device_merge() -> None:
    first = measured(LatencyTable(SETTING), some_networks(0, 20))
    second = measured(LatencyTable(SETTING), some_networks(0, 10))
    merged = first.merged(second)
    assert merged.networks.keys() == first.networks.keys() | second.networks.keys()
    digest = next(iter(first.networks))
    assert len(merged.networks[digest].rounds_ms) == 8
    assert merged.networks[digest].traced == 8
    key = next(iter(first.entries))
    assert merged.entries[key].times == first.entries[key].times + second.entries[key].times
    with pytest.raises(EdgewiseError, match=r"int8, 1 thread cannot be merged into one of onnxruntime 1\.31 fp32"):
        first.merged(replace(second, setting=replace(SETTING, precision="int8")))


def damaged(edit: Any) -> DeviceProfile:
    section = json.loads(json.dumps(with_table(PROFILE, measured(LatencyTable(SETTING), some_networks(0, 40))).others))
    edit(section[SECTION])
    return replace(PROFILE, others=section)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda body: body.pop("version"), "do not say which version"),
        (lambda body: body.update(version=99), "are a newer edgewise's; upgrade"),
        (lambda body: body.update(tables="none"), "are damaged; measure again"),
        (lambda body: body["tables"][0].pop("networks"), "a latency table is damaged"),
        (lambda body: body["tables"][0]["networks"][0].update(rounds_ms=[-1.0]), "a time is negative or no number"),
        (
            lambda body: body["tables"][0]["entries"][0].update(times=[{"network": "", "units": [["fast", 1]]}]),
            "a latency table is damaged",
        ),
        (lambda body: body["tables"][0]["entries"][0]["row"].update(row="Transformer"), "is a Transformer, which"),
    ],
)
def test_a_damaged_table_is_a_sentence(edit: Any, sentence: str) -> None:
    with pytest.raises(EdgewiseError, match=sentence):
        tables_of(damaged(edit))
