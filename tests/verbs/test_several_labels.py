"""Images with several labels each, from a CSV through training, export, scoring and prediction."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_run import TINY

import edgewise
from edgewise.training import Recipe
from edgewise.verbs.train import Trained

COLOURS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise brightened in some of its colours; the labels say which, and one image in eight has none."""
    folder = tmp_path_factory.mktemp("several labels")
    random = np.random.default_rng(0)
    lines = ["path,label"]
    for index in range(64):
        present = [bool(index & bit) for bit in (1, 2, 4)]
        pixels = random.integers(0, 90, (24, 24, 3)) + 120 * np.array(present)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{index}.png")
        lines.append(f"{index}.png,{';'.join(name for name, here in zip(COLOURS, present, strict=True) if here)}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def trained(table: Path) -> Trained:
    recipe = Recipe(epochs=12, batch_size=8, learning_rate=0.2, loss="sigmoid", precision="32")
    return edgewise.train(table, TINY, out=table.parent / "run", recipe=recipe, progress=False)


def test_the_default_recipe_suits_several_labels(table: Path, tmp_path: Path) -> None:
    made = edgewise.train(table, TINY, out=tmp_path / "run", epochs=1, progress=False)
    assert made.card.multi_label
    assert {"val_mean_average_precision", "test_map_at_k"} <= set(made.card.metrics)


def test_the_network_has_learnt(trained: Trained) -> None:
    assert trained.card.classes == ("blue", "green", "red")
    assert trained.card.metrics["test_mean_average_precision"] > 0.9


def test_model_file_and_artifact_score_alike(trained: Trained, table: Path) -> None:
    exported = edgewise.export(trained.model_file, images=table.parent)
    network = edgewise.evaluate(trained.model_file, table, split="train").scores
    artifact = edgewise.evaluate(exported.artifact, table, split="train").scores
    assert network.confusion is None
    assert artifact.metrics() == {name: pytest.approx(value, abs=1e-4) for name, value in network.metrics().items()}
    np.testing.assert_allclose(artifact.per_class, network.per_class, atol=1e-4)


def test_probabilities_are_of_each_label_for_itself(trained: Trained, table: Path) -> None:
    exported = edgewise.export(trained.model_file, table.parent / "other.onnx", images=table.parent)
    all_three, none = table.parent / "7.png", table.parent / "8.png"
    for model in (trained.model_file, exported.artifact):
        full, empty = edgewise.predict([all_three, none], model, top=3)
        assert min(full.probabilities) > 0.5
        assert max(empty.probabilities) < 0.5
