"""`edgewise device kit`, `import`, `predict` and `table`, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from edgewise.blocks import Classifier, ConvBNAct
from edgewise.cli.app import main
from edgewise.costs import count
from edgewise.costs.units import units
from edgewise.data import Preprocessing
from edgewise.devices import DeviceProfile, Machine, describe_machine
from edgewise.devices.prediction import LatencyTable, Setting, UnitTime
from edgewise.devices.prediction.table import tables_of, with_table
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.profiling.filling import fill
from edgewise.verbs import kit, latency
from edgewise.weights import ModelCard, save_model


def chain(width: int) -> Architecture:
    rows = (ConvBNAct(out_channels=width, kernel=3, stride=2), ConvBNAct(out_channels=width, kernel=1))
    return Architecture(name=f"chain_{width}", rows=(*rows, Classifier(classes=10)), input=(3, 32, 32))


WIDTHS = (16, 24, 32, 48, 64, 80, 96, 128)


def typed(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["edgewise", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    code = ended.value.code
    return code if isinstance(code, int) else int(code is not None)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A zoo of eight narrow chains, and kits with few probes."""
    every = kit.kit_probes()

    def sample(size: int, classes: int, count: int, seed: int) -> list[Architecture]:
        assert (size, classes, seed) == (32, 10, 0)
        return [chain(width) for width in WIDTHS[:count]]

    for module in (kit, latency):
        monkeypatch.setattr(module, "zoo_sample", sample)
    monkeypatch.setattr(kit, "kit_probes", lambda: every[5:7])


@pytest.mark.usefixtures("narrow")
def test_from_a_kit_to_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    zipped, out = tmp_path / "kit.zip", tmp_path / "device.json"
    asked = ("--out", zipped, "--input", 32, "--classes", 10, "--networks", 8, "--rounds", 2)
    assert typed(monkeypatch, "device", "kit", *asked) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("8 networks and 2 probes in fp32 and int8, ")
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(tmp_path / "kit")
        precisions = [item["precision"] for item in json.loads(archive.read("manifest.json"))["items"]]
    assert sorted(precisions) == 10 * ["fp32"] + 10 * ["int8"]
    subprocess.run([sys.executable, "-I", str(tmp_path / "kit" / "run.py")], cwd=tmp_path, check=True)
    assert typed(monkeypatch, "device", "import", tmp_path / "result.json", "--out", out) == 0
    said = capsys.readouterr()
    assert "fp32, 1 thread: 8 networks" in said.out
    assert f"32 new rounds written to {out}" in said.out
    assert "fp32 peak left out" in said.err
    models = [tmp_path / "model.json", tmp_path / "other.json"]
    for path, width in zip(models, (64, 40), strict=True):
        path.write_text(chain(width).to_json())
    assert typed(monkeypatch, "device", "predict", out, *models, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    rows = {(Path(one["model"]).name, one["precision"]): one for one in found["predictions"]}
    assert len(found["predictions"]) == len(rows) == 4
    assert all(0 < one["low_ms"] <= one["ms"] <= one["high_ms"] for one in rows.values())
    assert rows["model.json", "fp32"]["known"] == 1.0
    assert rows["other.json", "fp32"]["known"] < 1.0
    assert [(one["precision"], one["networks"]) for one in found["settings"]] == [("fp32", 8), ("int8", 8)]
    assert typed(monkeypatch, "device", "predict", out, *models) == 0
    said = capsys.readouterr().out
    assert "100%" in said
    assert said.count("predictions of 8 networks left out in turns are off by") == 2
    assert said.count("measuring itself by") == 2


@pytest.mark.usefixtures("narrow")
def test_a_table_of_this_machine_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "device.json"
    done: list[int] = []

    def stop(number: int, total: int) -> None:
        done.append(number)
        if number == 12:
            raise KeyboardInterrupt

    monkeypatch.setattr("edgewise.profiling.filling._SAVE_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        latency.fill_table(path, size=32, classes=10, networks=8, rounds=3, progress=stop)
    (before,) = tables_of(DeviceProfile.read(path))
    assert sum(len(one.rounds_ms) for one in before.networks.values()) >= 10
    asked = ("--input", 32, "--classes", 10, "--networks", 8, "--rounds", 3)
    assert typed(monkeypatch, "device", "table", path, *asked) == 0
    (after,) = tables_of(DeviceProfile.read(path))
    assert {len(one.rounds_ms) for one in after.networks.values()} == {3}
    for digest, network in before.networks.items():
        assert after.networks[digest].rounds_ms[: len(network.rounds_ms)] == network.rounds_ms
    assert "predictions of 8 networks left out in turns" in capsys.readouterr().out


def here(**changes: Any) -> DeviceProfile:
    return DeviceProfile.of(Machine(**(describe_machine().to_json() | changes)))


def test_what_cannot_be_predicted(tmp_path: Path) -> None:
    path = tmp_path / "device.json"
    with pytest.raises(EdgewiseError, match="there is no device profile"):
        latency.predict_latency(path, ["resnet18"])
    here().write(path)
    with pytest.raises(EdgewiseError, match="has no latency table; measure one with: edgewise device table"):
        latency.predict_latency(path, ["resnet18"])
    with pytest.raises(EdgewiseError, match="no model is called 'resnet1'"):
        latency.predict_latency(path, ["resnet1"])


def test_what_cannot_be_measured(tmp_path: Path) -> None:
    path = tmp_path / "device.json"
    with pytest.raises(EdgewiseError, match="networks must be at least 8, not 7"):
        latency.fill_table(path, networks=7)
    with pytest.raises(EdgewiseError, match="bf16"):
        latency.fill_table(path, precision="bf16")
    here(cpu="Another").write(path)
    with pytest.raises(EdgewiseError, match="of another device"):
        latency.fill_table(path, size=32, classes=10, networks=8)
    with pytest.raises(EdgewiseError, match="input must be at least 1, not 0"):
        kit.make_device_kit(tmp_path / "kit.zip", size=0)
    with pytest.raises(EdgewiseError, match="input must be at least 1, not 0"):
        latency.fill_table(path, size=0)


def test_what_can_be_refused_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*_: object, **__: object) -> list[Architecture]:
        raise AssertionError("began to work")

    for module in (kit, latency):
        monkeypatch.setattr(module, "zoo_sample", work)
    able = "torch_eager does not say what its kernels take.*choose one of: onnxruntime, openvino$"
    with pytest.raises(EdgewiseError, match=able):
        latency.fill_table(tmp_path / "device.json", runtime="torch_eager")
    with pytest.raises(EdgewiseError, match=able):
        fill(tmp_path / "device.json", [], runtime="torch_eager")
    with pytest.raises(EdgewiseError, match="a kit is a zip file"):
        kit.make_device_kit(tmp_path / "kit.tar")
    with pytest.raises(EdgewiseError, match="networks must be at least 8, not 7"):
        kit.make_device_kit(tmp_path / "kit.zip", networks=7)
    with pytest.raises(EdgewiseError, match="fp4"):
        kit.make_device_kit(tmp_path / "kit.zip", precisions=["fp4"])


def tabled(path: Path) -> Path:
    """A profile with a table of narrow chains, whose times grow with their width."""
    table = LatencyTable(Setting("onnxruntime", "1", "fp32", 1))
    for one in map(chain, WIDTHS):
        parts = units(one.graph)
        rows = [[UnitTime(10.0, 1) for unit in parts if unit.row == index] for index in range(len(one.rows))]
        table = table.with_trace(one, rows).with_round(one, 0.1 + count(one).multiply_adds / 1e9)
    with_table(here(), table).write(path)
    return path


def test_width_input_and_classes_are_for_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profile, file = tabled(tmp_path / "device.json"), tmp_path / "model.safetensors"
    trained = chain(64)
    preprocessing = Preprocessing(32, 32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    save_model(file, Network(trained, seed=0), ModelCard(trained, preprocessing, tuple("abcdefghij")))
    asked = ("device", "predict", profile, "mobilenet_v3_large", file)
    assert typed(monkeypatch, *asked, "--width", 0.75, "--input", 64, "--classes", 7, "--json") == 0
    said = capsys.readouterr()
    found = {one["model"]: one for one in json.loads(said.out)["predictions"]}
    assert set(found) == {"mobilenet_v3_large_0.75", str(file)}
    assert found["mobilenet_v3_large_0.75"]["input"] == [3, 64, 64]
    assert found[str(file)]["input"] == [3, 32, 32]
    assert found[str(file)]["known"] == 1.0
    assert f"note: {file} is predicted as it is" in said.err
    assert typed(monkeypatch, *asked) == 0
    said = capsys.readouterr()
    assert "as it is" not in said.err
    assert "224×224" in said.out


def test_what_lies_beyond_the_table_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profile, near = tabled(tmp_path / "device.json"), tmp_path / "near.json"
    near.write_text(chain(40).to_json())
    assert typed(monkeypatch, "device", "predict", profile, "mobilenet_v3_large", near, "--json") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert {one["model"]: one["beyond"] for one in found["predictions"]} == {
        "mobilenet_v3_large": True,
        str(near): False,
    }
    (note,) = found["notes"]
    assert note.startswith("mobilenet_v3_large: mostly estimated, and unlike what the table of onnxruntime 1 fp32, 1 ")
    assert "networks of 32 pixels and " in note
    assert f"note: {note}" in said.err
