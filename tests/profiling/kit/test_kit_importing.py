"""From a result to a device profile; and the results that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running_a_kit import NETWORKS, Ran, chain, changed

from edgewise.devices import DeviceProfile
from edgewise.devices.prediction import Predictor, Setting
from edgewise.devices.prediction.table import tables_of
from edgewise.errors import EdgewiseError
from edgewise.profiling.kit import import_result, read_result


def test_an_imported_result_is_a_profile_to_predict_from(ran: Ran, tmp_path: Path) -> None:
    out = tmp_path / "device.json"
    found = import_result(ran.result, out)
    assert found.notes == ()
    assert found.new == 2 * len(NETWORKS)
    profile = DeviceProfile.read(out)
    assert profile == found.profile
    machine = json.loads(ran.result.read_text())["machine"]
    assert profile.machine["cpu"] == machine["cpu"]
    assert [(one.runtime, one.precision, one.threads) for one in profile.peaks] == [("onnxruntime", "fp32", 1)]
    assert {one.kind for one in profile.quanta} == {"pointwise", "depthwise"}
    assert len(profile.overheads) == 1
    assert profile.peaks[0].runtime_version == machine["runtime_version"]
    (table,) = tables_of(profile)
    assert found.settings == {table.setting: len(NETWORKS)}
    assert table.setting == Setting("onnxruntime", machine["runtime_version"], "fp32", 1)
    assert {len(one.rounds_ms) for one in table.networks.values()} == {2}
    assert {one.traced for one in table.networks.values()} == {2}
    predictor = Predictor(table)
    small, large = predictor.predict(chain(24, 3)), predictor.predict(chain(96, 4))
    assert 0 < small.low_ms <= small.ms <= small.high_ms
    assert small.ms < large.ms
    assert small.known == 1.0


def test_rounds_count_once_however_often_they_are_imported(ran: Ran, tmp_path: Path) -> None:
    def first_round(content: dict[str, Any]) -> None:
        content["complete"] = False
        for item in content["items"].values():
            item["blocks"], item["traces"] = item["blocks"][:1], item["traces"][:1]

    out = tmp_path / "device.json"
    early = import_result(changed(ran.result, tmp_path / "early.json", first_round), out)
    assert early.new == len(NETWORKS)
    assert any("stopped before its end" in note for note in early.notes)
    assert import_result(ran.result, out).new == len(NETWORKS)
    once = tables_of(import_result(ran.result, tmp_path / "once.json").profile)
    again = import_result(ran.result, out)
    assert again.new == 0
    assert tables_of(again.profile) == once


def test_a_second_run_of_the_device_is_merged(ran: Ran, tmp_path: Path) -> None:
    out = tmp_path / "device.json"
    import_result(ran.result, out)
    other = changed(ran.result, tmp_path / "other.json", lambda content: content.update(run="another"))
    found = import_result(other, out)
    assert found.new == 2 * len(NETWORKS)
    (table,) = tables_of(found.profile)
    assert {len(one.rounds_ms) for one in table.networks.values()} == {4}
    assert len(found.profile.peaks) == 1


def test_what_a_profile_has_of_others_stays(ran: Ran, tmp_path: Path) -> None:
    out = tmp_path / "device.json"
    import_result(ran.result, out)
    DeviceProfile.read(out).with_section("of a later edgewise", [1]).write(out)
    assert import_result(ran.result, out).profile.others["of a later edgewise"] == [1]


def test_a_result_of_another_device_is_refused(ran: Ran, tmp_path: Path) -> None:
    out = tmp_path / "device.json"
    import_result(ran.result, out)
    before = out.read_bytes()
    other = changed(ran.result, tmp_path / "other.json", lambda content: content["machine"].update(cpu="Cortex-A76"))
    with pytest.raises(
        EdgewiseError, match=r"of another device \(.+, \d+ cores, not Cortex-A76, \d+ cores\); choose another"
    ):
        import_result(other, out)
    assert out.read_bytes() == before


def test_failed_and_missing_items_are_notes(ran: Ran, tmp_path: Path) -> None:
    def fail(content: dict[str, Any]) -> None:
        for file, item in content["items"].items():
            if "1x1_256" in file:
                item.update(failed="Fail: no memory", blocks=[])

    found = import_result(changed(ran.result, tmp_path / "r.json", fail), tmp_path / "device.json")
    assert found.profile.peaks == ()
    assert len(found.profile.quanta) == 2
    assert any("fp32 peak left out: 1 of its 5 probes were not measured, 1x1_256_at_28" in note for note in found.notes)
    assert any("failed on the device: Fail: no memory" in note for note in found.notes)


def test_too_few_networks_are_refused(ran: Ran, tmp_path: Path) -> None:
    def lose_one(content: dict[str, Any]) -> None:
        next(item for item in content["items"].values() if item["traces"])["traces"] = []

    few = changed(ran.result, tmp_path / "few.json", lose_one)
    with pytest.raises(EdgewiseError, match=r"7 of the 8 networks that predicting takes were measured.*run the kit on"):
        import_result(few, tmp_path / "device.json")
    assert not (tmp_path / "device.json").exists()


def _first(content: dict[str, Any]) -> dict[str, Any]:
    """What was measured of the first network."""
    return next(item for item in content["items"].values() if item["traces"])


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], object], bool, str]] = {
    "foreign": (lambda it: it.update(format="something"), True, "is not what a kit gives back"),
    "newer": (lambda it: it.update(version=2), True, "of version 2 and this edgewise reads up to 1; upgrade edgewise"),
    "no version": (lambda it: it.pop("version"), True, "does not say of which version"),
    "changed": (lambda it: it.update(threads=2), False, "its checksum does not hold"),
    "another kit": (lambda it: it["manifest"]["items"].pop(), True, "its items are not those of its kit"),
    "lost item": (lambda it: it["items"].popitem(), True, "its items are not those of its kit"),
    "negative": (lambda it: _first(it)["blocks"][0]["wall_ns"].append(-1), True, "are no times"),
    "nothing timed": (lambda it: _first(it)["blocks"][0].update(wall_ns=[], cpu_ns=[]), True, "are no times"),
    "no kernels": (lambda it: _first(it)["traces"][0].update(kernels=[]), True, "are no times"),
    "twice": (lambda it: _first(it)["blocks"].append(_first(it)["blocks"][0]), True, "a round of .* twice"),
    "no field": (lambda it: it["machine"].pop("cpu"), True, "machine.cpu: field required"),
    "threads": (lambda it: it.update(threads=0), True, "measured on 0 threads"),
    "counted otherwise": (
        lambda it: it["manifest"]["items"][0].update(multiply_adds=1),
        True,
        "has 1 multiply-adds by its kit and",
    ),
    "unknown row": (
        lambda it: it["manifest"]["items"][0]["architecture"]["rows"][0].update(row="Later"),
        True,
        "which this edgewise does not know",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_result_of_a_kit_is_refused(ran: Ran, tmp_path: Path, name: str) -> None:
    change, seal, sentence = REFUSED[name]
    bad = changed(ran.result, tmp_path / "bad.json", change, seal=seal)
    with pytest.raises(EdgewiseError, match=sentence) as raised:
        import_result(bad, tmp_path / "device.json")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "device.json").exists()


def test_a_result_with_the_manifest_of_another_kit_is_refused(ran: Ran, tmp_path: Path) -> None:
    def other(content: dict[str, Any]) -> None:
        content["kit"] = "0" * 64

    bad = changed(ran.result, tmp_path / "bad.json", lambda _: None)
    content = json.loads(bad.read_text())
    other(content)
    from edgewise.profiling.kit.manifest import digest_of

    content["sha256"] = digest_of({name: value for name, value in content.items() if name != "sha256"})
    bad.write_text(json.dumps(content))
    with pytest.raises(EdgewiseError, match="it is of another kit than it says"):
        read_result(bad)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_torn_result_is_refused(ran: Ran, tmp_path: Path, share: float) -> None:
    torn = tmp_path / "torn.json"
    content = ran.result.read_bytes()
    torn.write_bytes(content[: int(share * len(content))])
    with pytest.raises(EdgewiseError, match="it is no JSON"):
        import_result(torn, tmp_path / "device.json")


def test_files_that_are_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="there is no result"):
        read_result(tmp_path / "none.json")
    for content in ("[]", "{}", '{"format": "edgewise device profile", "version": 1}'):
        (tmp_path / "other.json").write_text(content)
        with pytest.raises(EdgewiseError, match="is not what a kit gives back"):
            read_result(tmp_path / "other.json")
