"""Published checkpoints on photographs: converted, they reach what the original program reaches.

Both lie in a folder beside the project that is no part of it; where it is missing the tests are skipped.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

import edgewise
from edgewise.papers import find
from edgewise.verbs.convert import convert

SHARED = Path(os.environ.get("EDGEWISE_SHARED") or Path(__file__).parents[3] / "shared") / "data"
PHOTOGRAPHS = SHARED / "imagenet-200.zip"

CHECKPOINTS = {
    "mobilenet_v1_0.25": ("mobilenet_v1_0.25_224_keras.npz", 0.615, 0.860),
    "fd_mobilenet_0.5": ("fd_mobilenet_0.5x_224.pth.tar", 0.660, 0.885),
    "mobilenet_v2": ("mobilenet_v2_1.0_224_tf_folded.npz", 0.885, 0.985),
}
"""File, top-1 and top-5 of another program with the same weights on the same 200 photographs."""

NEAR = 0.015

pytestmark = pytest.mark.skipif(not PHOTOGRAPHS.is_file(), reason=f"there are no photographs at {PHOTOGRAPHS}")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ImageNet has them: a folder per class, called by its WordNet id."""
    folder = tmp_path_factory.mktemp("photographs")
    with zipfile.ZipFile(PHOTOGRAPHS) as archive:
        for name in archive.namelist():
            if name.endswith(".JPEG"):
                place = folder / name.partition("_")[0]
                place.mkdir(exist_ok=True)
                (place / name).write_bytes(archive.read(name))
    return folder


@pytest.mark.parametrize("model", CHECKPOINTS)
def test_converted_it_is_as_accurate_as_in_the_original_program(model: str, photographs: Path, tmp_path: Path) -> None:
    file, top1, top5 = CHECKPOINTS[model]
    checkpoint = SHARED / "pretrained" / file
    if not checkpoint.is_file():
        pytest.skip(f"there is no {checkpoint}")
    made = convert(model, checkpoint, tmp_path / "model.safetensors")
    assert made.card.architecture.digest != find(model).digest or model.startswith("fd_")  # it has its release's form
    found = edgewise.evaluate(made.model_file, photographs, split="all")
    assert found.images == 200
    assert len(found.per_class()) == 200
    assert len(found.classes) == 1000
    metrics = found.scores.metrics()
    assert metrics["accuracy"] == pytest.approx(top1, abs=NEAR)
    assert metrics["top5"] == pytest.approx(top5, abs=NEAR)


def test_the_artifact_of_a_converted_network_is_as_accurate(photographs: Path, tmp_path: Path) -> None:
    model = "mobilenet_v1_0.25"
    file, top1, _ = CHECKPOINTS[model]
    checkpoint = SHARED / "pretrained" / file
    if not checkpoint.is_file():
        pytest.skip(f"there is no {checkpoint}")
    made = convert(model, checkpoint, tmp_path / "model.safetensors")
    exported = edgewise.export(made.model_file, images=photographs)
    assert exported.parity.difference < 1e-4
    found = edgewise.evaluate(exported.artifact, photographs, split="all")
    assert found.scores.metrics()["accuracy"] == pytest.approx(top1, abs=NEAR)
