"""Training for boxes and masks: it learns, resumes to the same bits, and refuses networks for something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from edgewise.blocks import Task
from edgewise.data import Augmentation, Dataset, Preprocessing
from edgewise.data.assemble import Options
from edgewise.data.scenes.annotations import IGNORED
from edgewise.data.scenes.composed import open_scenes
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.papers.lr_aspp import lr_aspp
from edgewise.papers.ssdlite import ssdlite
from edgewise.training import Recipe, evaluate_scenes, train
from edgewise.training.segment import Segment

PREPROCESSING = Preprocessing(64, 64, (0.1, 0.1, 0.1), (0.3, 0.3, 0.3), stretch=True)
BASE = find("mobilenet_v3_small").scaled(0.35)
NETWORKS: dict[Task, Architecture] = {
    "detect": ssdlite(BASE, 10, size=64),
    "segment": lr_aspp(BASE, 11, height=64, width=64),
}
RECIPE = Recipe(
    epochs=3,
    batch_size=8,
    learning_rate=0.03,
    clip_norm=5.0,
    precision="32",
    augmentation=Augmentation(crop="resized", flip=True, scale=(0.5, 1.0)),
)


def scenes(task: Task) -> Dataset:
    made = open_scenes(task, Options())
    return replace(made, splits={name: split.take(range(32)) for name, split in made.splits.items()})


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_it_learns_and_resumes_to_the_same_bits(task: Task, tmp_path: Path) -> None:
    data = scenes(task)
    options = {"preprocessing": PREPROCESSING, "accelerator": "cpu", "progress": False}
    straight, broken = (Network(NETWORKS[task], seed=0) for _ in range(2))
    whole = train(straight, data, RECIPE, tmp_path / "straight", **options)
    train(broken, data, RECIPE, tmp_path / "broken", until_step=11, **options)
    again = train(Network(NETWORKS[task], seed=5), data, RECIPE, tmp_path / "broken", **options)
    assert again.history == whole.history
    kept = Network(NETWORKS[task], seed=9)
    train(kept, data, RECIPE, tmp_path / "broken", **options)
    for name, value in straight.state_dict().items():
        assert torch.equal(value, kept.state_dict()[name]), name
    assert whole.history[-1].train_loss < whole.history[0].train_loss
    made = evaluate_scenes(straight, data.splits["val"], PREPROCESSING)
    assert made.metrics() == pytest.approx(whole.metrics)


def test_a_network_for_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match=r"the data has boxes and .* gives masks; use a network for boxes"):
        train(Network(NETWORKS["segment"]), scenes("detect"), RECIPE, tmp_path, preprocessing=PREPROCESSING)
    with pytest.raises(EdgewiseError, match=r"the data has masks and .* gives whole images"):
        evaluate_scenes(Network(BASE.with_input(64)), scenes("segment").splits["val"], PREPROCESSING)


def test_a_batch_of_nobodys_pixels_alone_teaches_nothing() -> None:
    network = Network(lr_aspp(find("mobilenet_v3_small").scaled(0.25), 3, height=64, width=64), seed=0)
    task = Segment(network, Recipe(epochs=1, batch_size=2), classes=3, steps_per_epoch=1)
    masks = torch.full((2, 64, 64), IGNORED, dtype=torch.uint8)
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert float(task.batch_loss(images, masks).detach()) == 0
    masks[0, 5, 7] = 1
    with torch.no_grad():
        scores = network.train()(images)[0, :, 5, 7]
        expected = -scores.log_softmax(0)[1]
    assert float(task.batch_loss(images, masks).detach()) == pytest.approx(float(expected), rel=1e-4)


def test_one_image_a_batch_cannot_be_normalised_on_maps_of_one_cell(tmp_path: Path) -> None:
    network = Network(ssdlite(find("mobilenet_v3_small").scaled(0.25), 10, size=96), seed=0)
    data = open_scenes("detect", Options())
    recipe = Recipe(epochs=1, batch_size=1)
    with pytest.raises(EdgewiseError, match="train with a batch of 2 or more, or on larger images"):
        train(network, data, recipe, tmp_path / "run", preprocessing=Preprocessing(96, 96, (0, 0, 0), (1, 1, 1)))
