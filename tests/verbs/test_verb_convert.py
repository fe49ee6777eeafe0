"""`convert`, and training that starts from the weights of others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from tiny_run import RECIPE, Made

import edgewise
from edgewise.errors import EdgewiseError
from edgewise.papers import find
from edgewise.verbs.convert import read_classes
from edgewise.verbs.models import published_weights
from edgewise.weights import imagenet, load_model, read_card
from random_weights import randomise


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """torchvision's smallest network with random weights, in a file that is called as its release."""
    reference = torchvision.models.mobilenet_v3_small()
    randomise(reference, (3, 64, 64))
    path = tmp_path / "mobilenet_v3_small-047dcff4.pth"
    torch.save(reference.state_dict(), path)
    return path


def test_a_checkpoint_becomes_a_model_file(checkpoint: Path, tmp_path: Path) -> None:
    made = edgewise.convert("mobilenet_v3_small", checkpoint, tmp_path / "out.safetensors", command="convert it")
    network, card = load_model(made.model_file)
    assert card == made.card
    assert card.classes == imagenet.CLASSES
    assert card.metrics == {}  # the file is called as torchvision's, but its digest is not the one in the name
    assert card.provenance.command == "convert it"
    assert card.provenance.data == "torchvision: mobilenet_v3_small-047dcff4.pth"
    assert (card.preprocessing.height, card.preprocessing.crop) == (224, 224 / 256)
    reference = torchvision.models.mobilenet_v3_small()
    reference.load_state_dict(torch.load(checkpoint, weights_only=True))
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(network(x), reference.eval()(x), rtol=1e-4, atol=1e-4)


def test_what_the_source_reports_is_told_of_its_own_file_only(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.weights.foreign.fetching._sha256", lambda path: "047dcff4" + 56 * "0")
    made = edgewise.convert("mobilenet_v3_small", checkpoint, tmp_path / "out.safetensors")
    expected = {"reported_accuracy": pytest.approx(0.67668), "reported_top5": pytest.approx(0.87402)}
    assert made.card.metrics == expected


def test_classes_of_ones_own(tmp_path: Path) -> None:
    torch.save(torchvision.models.mobilenet_v3_small(num_classes=3).state_dict(), tmp_path / "mine.pth")
    names = tmp_path / "names.txt"
    names.write_text("cat\ndog\n\n bird \n", "utf-8")
    out = tmp_path / "out.safetensors"
    made = edgewise.convert("mobilenet_v3_small", tmp_path / "mine.pth", out, classes=read_classes(names))
    assert made.card.classes == ("cat", "dog", "bird")
    assert made.card.metrics == {}
    assert edgewise.convert("mobilenet_v3_small", tmp_path / "mine.pth", out).card.classes[1] == "class 1"
    with pytest.raises(EdgewiseError, match="4 class names were given for mobilenet_v3_small, which tells 3"):
        edgewise.convert("mobilenet_v3_small", tmp_path / "mine.pth", out, classes=("a", "b", "c", "d"))
    names.write_text("cat\ncat\n", "utf-8")
    with pytest.raises(EdgewiseError, match="has the class name 'cat' more than once"):
        read_classes(names)
    with pytest.raises(EdgewiseError, match="cannot read the class names"):
        read_classes(tmp_path / "none.txt")


def test_what_cannot_be_converted(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match=r"a model file ends in \.safetensors; .*out\.pth does not"):
        edgewise.convert("mobilenet_v3_small", checkpoint, tmp_path / "out.pth")
    with pytest.raises(EdgewiseError, match="is a model file already"):
        edgewise.convert(str(tmp_path / "some.safetensors"), checkpoint)
    with pytest.raises(EdgewiseError, match="holds no weights of resnet18"):
        edgewise.convert("resnet18", checkpoint, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_training_starts_from_the_weights_and_takes_their_pixels(made: Made, checkpoint: Path, tmp_path: Path) -> None:
    still = replace(RECIPE, epochs=1, learning_rate=1e-9)
    trained = edgewise.train(
        made.images,
        "mobilenet_v3_small",
        weights=checkpoint,
        out=tmp_path / "run",
        recipe=still,
        progress=False,
    )
    card = read_card(trained.model_file)
    assert (card.preprocessing.mean, card.preprocessing.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert card.architecture.classes == 3
    weights = load_model(trained.model_file)[0].state_dict()
    original = torch.load(checkpoint, weights_only=True)
    torch.testing.assert_close(weights["1.depthwise.conv.weight"], original["features.1.block.0.0.weight"])
    torch.testing.assert_close(weights["13.hidden.weight"], original["classifier.0.weight"])
    assert weights["13.classes.weight"].shape == (3, 1024)


def test_a_model_file_has_weights_of_its_own(made: Made, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="has weights of its own; name a network of the zoo for torchvision"):
        edgewise.train(made.images, made.model_file, weights="torchvision", out=tmp_path / "run")


def test_weights_whose_size_is_fixed_say_so(made: Made, tmp_path: Path) -> None:
    """AlexNet's fully connected layers are as large as its last map."""
    zero = torch.zeros(())
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in torchvision.models.alexnet().state_dict().items()}
    torch.save({name: zero.expand(shape) for name, shape in shapes.items()}, tmp_path / "alexnet.pth")
    with pytest.raises(EdgewiseError, match=r"do not fit alexnet_one_tower: .* give --input 224"):
        edgewise.train(
            made.images, "alexnet_one_tower", weights=tmp_path / "alexnet.pth", out=tmp_path / "run", size=64
        )


def test_what_there_is_for_a_network() -> None:
    found = published_weights("mobilenet_v1*")
    assert found[0].top1 == max(info.top1 or 0 for info in found)
    assert {info.source for info in found} == {"keras", "timm"}
    assert all(info.url.startswith("https://") for info in found)
    with pytest.raises(EdgewiseError, match="publishes weights for 'shufflenet_v1_g3'; leave out the pattern"):
        published_weights("shufflenet_v1_g3")
    assert find("mobilenet_v1").name in {info.model for info in found}
    assert np.isfinite([info.top1 or 0 for info in found]).all()
