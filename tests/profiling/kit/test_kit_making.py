"""The zip: what is in it, the same every time, and small."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from running_a_kit import NETWORKS, Ran, chain

from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture, find
from edgewise.profiling.kit import kit_probes, make_kit, manifest
from edgewise.profiling.kit import making as module


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.zip", "other.zip"):
        make_kit(tmp_path / name, NETWORKS, kit_probes()[5:7], ["fp32", "int8"], rounds=2)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    make_kit(tmp_path / "third.zip", [*NETWORKS, chain(8)], kit_probes()[5:7], ["fp32"], rounds=2)
    digests = {
        json.loads(zipfile.ZipFile(tmp_path / f"{name}.zip").read("manifest.json"))["digest"]
        for name in ("one", "third")
    }
    assert len(digests) == 2


def test_the_manifest_tells_what_is_in_the_zip(ran: Ran) -> None:
    with zipfile.ZipFile(ran.kit) as archive:
        body = json.loads(archive.read("manifest.json"))
        files = set(archive.namelist())
        assert files == {"README.txt", "run.py", "manifest.json", *(item["file"] for item in body["items"])}
        assert len(archive.read("README.txt").decode().splitlines()) == 3
        assert archive.read("run.py") == Path(module.__file__).with_name("run.py").read_bytes()
        for item in body["items"]:
            content = archive.read(item["file"])
            assert (hashlib.sha256(content).hexdigest(), len(content)) == (item["sha256"], item["bytes"])
    assert body.pop("digest") == manifest.digest_of(body)
    assert {item["kind"] for item in body["items"]} == {"network", "block"}
    known = {one.digest: one for one in (*NETWORKS, *kit_probes())}
    found = [Architecture.from_dict(item["architecture"]) for item in body["items"]]
    assert {one.digest for one in found} == known.keys()
    assert [item["multiply_adds"] for item in body["items"]] == [count(one).multiply_adds for one in found]
    assert [tuple(item["input"]["shape"]) for item in body["items"]] == [(1, *one.input) for one in found]


def test_weights_that_a_zip_makes_small_compute_something_of_ordinary_size(tmp_path: Path) -> None:
    architecture = find("mobilenet_v3_small").with_input(64)
    tensors = module.repetitive_tensors(architecture)
    assert all(np.isfinite(array).all() for array in tensors.values())
    path = module.build(architecture, tensors, tmp_path, "it")
    with zipfile.ZipFile(tmp_path / "it.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path)
    assert (tmp_path / "it.zip").stat().st_size < path.stat().st_size / 8
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).standard_normal((1, 3, 64, 64), dtype=np.float32)
    (logits,) = session.run(None, {"image": image})
    assert 1e-6 < np.abs(np.asarray(logits)).max() < 1e6


@pytest.mark.parametrize(
    ("name", "networks", "precisions", "sentence"),
    [
        ("kit.zip", NETWORKS[:7], ["fp32"], "predicting takes 8 networks or more and the kit has 7; give more"),
        ("kit.zip", [NETWORKS[0]] * 9, ["fp32"], "predicting takes 8 networks or more and the kit has 1; give more"),
        ("kit.tar", NETWORKS, ["fp32"], "is a zip file"),
        ("kit.zip", NETWORKS, ["bf16"], "bf16"),
        ("kit.zip", NETWORKS, [], "at least one round and one precision"),
    ],
)
def test_what_no_kit_can_be_made_of(
    tmp_path: Path, name: str, networks: list[Architecture], precisions: list[str], sentence: str
) -> None:
    with pytest.raises(EdgewiseError, match=sentence):
        make_kit(tmp_path / name, networks, [], precisions)
    assert not any(tmp_path.iterdir())
