"""`train`: the model file it writes, going on with a run, and starting from another model."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_run import RECIPE, TINY, Made

import edgewise
from edgewise import Architecture, EdgewiseError
from edgewise.blocks import ConvAct
from edgewise.data import open_dataset
from edgewise.data.statistics import statistics
from edgewise.nn import Network
from edgewise.training import recipes
from edgewise.training.recipe import GENTLE
from edgewise.verbs.train import Trained, named_recipe
from edgewise.weights import load_model, read_card

STILL = replace(RECIPE, epochs=1, learning_rate=1e-9)
"""Leaves the weights where they start."""


def train(images: Path, model: object, out: Path, **options: object) -> Trained:
    return edgewise.train(images, model, out=out, progress=False, **options)  # type: ignore[arg-type]


def tensors(path: Path) -> dict[str, torch.Tensor]:
    return load_model(path)[0].state_dict()


def test_the_network_has_learnt_and_the_card_says_so(made: Made) -> None:
    card = read_card(made.model_file)
    dataset = open_dataset(made.images)
    assert card.classes == ("cat", "dög pup", "eel")
    assert card.architecture.rows == TINY.rows
    assert card.metrics["test_accuracy"] == 1.0
    assert card.metrics["val_accuracy"] == 1.0
    assert (card.provenance.command, card.provenance.data_digest) == ("make it", dataset.digest)
    found = statistics(dataset.splits["train"])
    assert (card.preprocessing.height, card.preprocessing.width) == (24, 24)
    assert (card.preprocessing.mean, card.preprocessing.std) == (found.mean, found.std)
    record = json.loads((made.model_file.parent / "train.json").read_text())
    assert record["metrics"] == dict(card.metrics)
    assert record["recipe"] == RECIPE.to_json()
    assert len(record["training"]["history"]) == RECIPE.epochs


def test_a_finished_run_is_not_trained_again(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(made.model_file.parent, tmp_path / "run")
    (folder / "model.safetensors").unlink()
    checkpoint = folder / "checkpoint.safetensors"
    before = checkpoint.stat().st_mtime_ns
    told: list[str] = []
    again = edgewise.train(made.images, TINY, out=folder, recipe=RECIPE, tell=told.append)
    assert checkpoint.stat().st_mtime_ns == before
    assert "images/s" not in capsys.readouterr().err
    assert told == [f"{made.images}: 3 classes, 48 train, 6 val, 6 test; training tiny at 24 pixels"]
    assert again.training.steps == made.trained.training.steps
    assert dict(again.card.metrics) == dict(made.trained.card.metrics)
    expected = tensors(made.model_file)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in tensors(again.model_file).items())


def test_another_run_in_the_same_folder_is_refused(made: Made) -> None:
    folder = made.model_file.parent
    with pytest.raises(EdgewiseError, match=r"asked for something else \(epochs\)"):
        train(made.images, TINY, folder, recipe=replace(RECIPE, epochs=9))
    with pytest.raises(EdgewiseError, match=r"asked for something else \(weights\)"):
        train(made.images, made.model_file, folder, recipe=RECIPE)
    with pytest.raises(EdgewiseError, match=r"\(.*seed.*\)"):
        train(made.images, TINY, folder, recipe=RECIPE, seed=1)


def test_a_model_file_gives_its_weights(made: Made, tmp_path: Path) -> None:
    again = train(made.images, made.model_file, tmp_path / "run", recipe=STILL)
    before, after = tensors(made.model_file), tensors(again.model_file)
    for name in ("0.conv.conv.weight", "1.conv.conv.weight", "2.classes.weight"):
        torch.testing.assert_close(after[name], before[name], atol=1e-6, rtol=0)
    assert dict(again.card.metrics)["test_accuracy"] == 1.0


@pytest.mark.parametrize("classes", [("cat", "dog"), ("cat", "dog", "eel"), ("a", "b", "c", "d")])
def test_other_classes_get_a_fresh_classifier(
    made: Made, tmp_path: Path, coloured_folder: Callable[..., Path], classes: tuple[str, ...]
) -> None:
    """Also as many of them under other names: what the old classifier knows is about the old ones."""
    images = coloured_folder(tmp_path / "images", classes, 10)
    again = train(images, made.model_file, tmp_path / "run", recipe=STILL)
    before, after = tensors(made.model_file), tensors(again.model_file)
    torch.testing.assert_close(after["0.conv.conv.weight"], before["0.conv.conv.weight"], atol=1e-6, rtol=0)
    fresh = Network(TINY.with_classes(len(classes)), seed=0).state_dict()["2.classes.weight"]
    torch.testing.assert_close(after["2.classes.weight"], fresh, atol=1e-6, rtol=0)
    assert again.card.classes == classes


def test_weights_of_another_width_are_refused(made: Made, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match=r"0\.conv\.conv\.weight has another shape .* leave out --width"):
        train(made.images, made.model_file, tmp_path / "run", recipe=STILL, width=2.0)
    assert not (tmp_path / "run").exists()


def test_single_numbers_change_the_recipe(made: Made, tmp_path: Path) -> None:
    trained = train(made.images, TINY, tmp_path / "run", epochs=1, batch_size=16, learning_rate=0.5, flip=False)
    recipe = json.loads((tmp_path / "run" / "train.json").read_text())["recipe"]
    assert (recipe["epochs"], recipe["batch_size"], recipe["learning_rate"]) == (1, 16, 0.5)
    assert recipe["augmentation"]["flip"] is False
    assert trained.training.steps == 48 // 16


def test_two_runs_with_one_seed_are_equal(made: Made, tmp_path: Path) -> None:
    weights = [
        tensors(train(made.images, TINY, tmp_path / name, recipe=replace(RECIPE, epochs=2)).model_file)
        for name in ("one", "two")
    ]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


def test_training_from_weights_and_without_batch_norm_takes_a_lower_rate(made: Made, tmp_path: Path) -> None:
    plain = replace(TINY, rows=(ConvAct(out_channels=8, stride=2), TINY.rows[-1]))
    rates = [
        json.loads((train(made.images, model, tmp_path / name, epochs=1).model_file.parent / "train.json").read_text())[
            "recipe"
        ]["learning_rate"]
        for name, model in (("fresh", TINY), ("trained", made.model_file), ("plain", plain))
    ]
    assert rates[1:] == [pytest.approx(GENTLE * rates[0])] * 2


def test_a_name_of_the_zoo_is_scaled(made: Made, tmp_path: Path) -> None:
    options = {"width": 0.25, "size": 16, "recipe": replace(RECIPE, epochs=1)}
    trained = train(made.images, "mobilenet_v3_small", tmp_path / "run", **options)
    architecture = trained.card.architecture
    assert isinstance(architecture, Architecture)
    assert (architecture.name, architecture.input) == ("mobilenet_v3_small_0.25", (3, 16, 16))
    assert trained.card.preprocessing.height == 16
    assert np.isfinite(list(trained.card.metrics.values())).all()


def test_recipes_go_by_name() -> None:
    assert named_recipe("thorough") == recipes.thorough()
    with pytest.raises(EdgewiseError, match=r"there is no recipe 'soup'; there are .*quick"):
        named_recipe("soup")
