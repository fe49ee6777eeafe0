"""The command, and a small world for it to work in."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Command


@pytest.fixture
def edgewise(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line."""
    return Command(monkeypatch, capsys)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, coloured_folder: Callable[..., Path]) -> Path:
    """A folder with images, models and everything that can be wrong with them."""
    root = tmp_path_factory.mktemp("world")
    classes = ("cat", "dög pup", "eel")
    coloured_folder(root / "images", classes, 10)
    coloured_folder(root / "others", ("cat", "dog"), 10)
    coloured_folder(root / "one class", ("cat",), 4)
    damaged = coloured_folder(root / "damaged", classes, 10)
    (damaged / "cat" / "broken.jpg").write_bytes(b"\xff\xd8 and no more")
    (damaged / "eel" / "empty.png").write_bytes(b"")
    (root / "empty").mkdir()
    (root / "no pictures").mkdir()
    (root / "no pictures" / "read me.txt").write_text("hello")
    (root / "file").write_text("not a folder")
    (root / "broken.png").write_text("no picture")
    with zipfile.ZipFile(root / "images.zip", "w") as archive:
        archive.writestr("cat/0.png", "x")
    _write_models(root, classes)
    (root / "odd.json").write_text('{"rows": 3}')
    (root / "run").mkdir()
    shutil.copy(root / "model.onnx", root / "run")
    return root


def _write_models(root: Path, classes: tuple[str, ...]) -> None:
    from edgewise.data import Preprocessing
    from edgewise.deploy import ArtifactCard, export_onnx, tensors_of
    from edgewise.nn import Network
    from edgewise.papers import find
    from edgewise.weights import ModelCard, save_model

    architecture = find("mobilenet_v3_small").scaled(0.25).with_classes(len(classes)).with_input(24)
    preprocessing = Preprocessing(24, 24, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    network = Network(architecture, seed=0)
    card = ModelCard(architecture, preprocessing, classes)
    save_model(root / "model.safetensors", network, card)
    export_onnx(architecture, tensors_of(network), root / "model.onnx", card=ArtifactCard(preprocessing, classes))
    (root / "architecture.json").write_text(architecture.to_json())
    whole = (root / "model.safetensors").read_bytes()
    (root / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    (root / "cut.onnx").write_bytes((root / "model.onnx").read_bytes()[:300])
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    header["__metadata__"]["edgewise"] = header["__metadata__"]["edgewise"].replace('"format": 1', '"format": 99', 1)
    changed = json.dumps(header).encode()
    (root / "newer.safetensors").write_bytes(len(changed).to_bytes(8, "little") + changed + whole[8 + length :])


@pytest.fixture
def world(pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, where the command runs."""
    root = shutil.copytree(pristine, tmp_path / "world")
    monkeypatch.chdir(root)
    return root
