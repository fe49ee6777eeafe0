"""What is saved comes back: tensors and card, with no pickle and nothing that is not the network's."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from header import Saved, edit_card, read_header
from safetensors import SafetensorError
from safetensors.torch import load_file

from edgewise.data import Preprocessing
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.version import VERSION
from edgewise.weights import ModelCard, Provenance, load_model, model_file, read_card, save_model, tensor_shapes

WITHOUT_TORCH = """
import sys
import zipfile
from pathlib import Path
from edgewise.weights import read_card
card = read_card(Path(sys.argv[1]))
print(card.architecture.name, *card.classes, sep="|")
heavy = {"torch", "safetensors", "lightning"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else 0)
"""


def test_what_is_saved_comes_back(saved: Saved) -> None:
    network, card = load_model(saved.path)
    assert card == saved.card
    assert network.architecture == saved.card.architecture
    assert not network.training
    original = saved.network.state_dict()
    assert set(network.state_dict()) == set(original)
    for name, tensor in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, original[name])
    image = torch.randn(2, 3, 8, 12)
    with torch.inference_mode():
        assert torch.equal(network(image), saved.network.eval()(image))


def test_the_card_alone(saved: Saved) -> None:
    assert read_card(saved.path) == saved.card


def test_the_card_needs_no_torch(saved: Saved) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", WITHOUT_TORCH, str(saved.path)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "small|Füchse|собака|鳥 🐦"


def test_what_the_header_holds(saved: Saved) -> None:
    header = read_header(saved.path)
    card = json.loads(header["__metadata__"]["edgewise"])
    assert list(header["__metadata__"]) == ["edgewise"]
    assert card == {
        "format": 1,
        "architecture": saved.card.architecture.to_dict(),
        "preprocessing": saved.card.preprocessing.to_json(),
        "classes": ["Füchse", "собака", "鳥 🐦"],
        "multi_label": False,
        "metrics": {"test_accuracy": 0.975, "test_loss": 0.1},
        "provenance": {
            "edgewise": VERSION,
            "data": "photos",
            "data_digest": "ab" * 32,
            "seed": 7,
            "command": "edgewise train photos",
        },
    }


def test_the_tensors_are_the_networks_and_no_counters(saved: Saved) -> None:
    tensors = load_file(saved.path)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    assert shapes == tensor_shapes(saved.card.architecture.graph)
    assert not [name for name in tensors if "num_batches_tracked" in name]


def test_there_is_no_pickle_in_it(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpickling runs what the file says; neither saving nor loading knows how."""

    def unpickled(*_: object, **__: object) -> None:
        pytest.fail("something was pickled or unpickled")

    for name in ("load", "loads", "dump", "dumps", "Unpickler", "Pickler"):
        monkeypatch.setattr(pickle, name, unpickled)
    monkeypatch.setattr(torch, "load", unpickled)
    monkeypatch.setattr(torch, "save", unpickled)
    save_model(saved.path, saved.network, saved.card)
    load_model(saved.path)
    assert not zipfile.is_zipfile(saved.path)  # what torch.save would have written


@pytest.mark.parametrize("name", ["mobilenet_v3_small_0.35", "shufflenet_v2_0.5", "mobilenet_v1_0.25", "resnet18"])
def test_networks_of_the_zoo_with_lowered_strides(name: str, tmp_path: Path) -> None:
    architecture = find(name).with_input(32).with_classes(4)
    assert architecture.lowered
    network = Network(architecture, seed=0).to(memory_format=torch.channels_last)
    card = ModelCard(
        architecture, Preprocessing(32, 32, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), tuple("abcd"), multi_label=True
    )
    path = tmp_path / "deep" / "er" / "model.safetensors"
    save_model(path, network, card)
    again, its_card = load_model(path)
    assert its_card == card
    assert its_card.architecture.lowered == architecture.lowered
    assert its_card.architecture.with_input(224) == find(name).with_classes(4)
    ours, theirs = again.state_dict(), network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_several_labels_no_metrics_no_provenance(saved: Saved) -> None:
    card = ModelCard(saved.card.architecture, saved.card.preprocessing, ("a", "b", "c"), multi_label=True)
    save_model(saved.path, saved.network, card)
    again = read_card(saved.path)
    assert again == card
    assert again.provenance == Provenance(edgewise=VERSION)
    assert again.provenance.seed is None


@pytest.mark.parametrize(
    "classes", [("", " ", "a\nb"), ('"', "\\", "\x00"), ("\udcff", "e\u0301", "é"), ("a", "a", "a")]
)
def test_whatever_classes_are_called(classes: tuple[str, ...], saved: Saved) -> None:
    """Folders may be called anything, and their names need not even be text."""
    card = ModelCard(saved.card.architecture, saved.card.preprocessing, classes)
    save_model(saved.path, saved.network, card)
    assert load_model(saved.path)[1].classes == classes


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_tensors_of_another_precision_are_loaded_as_float32(dtype: torch.dtype, saved: Saved) -> None:
    save_model(saved.path, saved.network.to(dtype), saved.card)
    network, _ = load_model(saved.path)
    weight = network.state_dict()["2.classes.weight"]
    assert weight.dtype == torch.float32
    assert torch.equal(weight, saved.network.state_dict()["2.classes.weight"].float())


def test_the_number_of_class_names_must_fit(saved: Saved) -> None:
    with pytest.raises(EdgewiseError, match="2 class names were given for small, which tells 3 classes apart"):
        ModelCard(saved.card.architecture, saved.card.preprocessing, ("a", "b"))


def test_a_network_is_not_saved_with_the_card_of_another(saved: Saved) -> None:
    before = saved.path.read_bytes()
    other = Network(find("mobilenet_v3_small_0.35").with_input(32))
    with pytest.raises(EdgewiseError, match=r"is not the small of its card: 1\.expand\.conv\.weight should be \[16"):
        save_model(saved.path, other, saved.card)
    assert saved.path.read_bytes() == before


def test_a_failed_write_leaves_the_old_file(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.path.read_bytes()

    def half(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr(model_file, "save_file", half)
    with pytest.raises(EdgewiseError, match=r"cannot write .*model\.safetensors: I/O error: No space left"):
        save_model(saved.path, saved.network, saved.card)
    assert list(saved.path.parent.iterdir()) == [saved.path]
    assert saved.path.read_bytes() == before


def test_a_folder_that_cannot_be_made(saved: Saved) -> None:
    with pytest.raises(EdgewiseError, match="cannot write"):
        save_model(saved.path / "below a file.safetensors", saved.network, saved.card)


def test_fields_that_a_later_version_adds_to_the_card_are_left_alone(saved: Saved) -> None:
    edit_card(saved.path, lambda card: card.update(licence="CC0"))
    assert read_card(saved.path) == saved.card


def test_the_architecture_is_read_from_the_file_alone(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not from the zoo: a file outlives the names there."""
    monkeypatch.setattr("edgewise.papers.zoo.find", lambda name: pytest.fail("the zoo was asked"))
    network, _ = load_model(saved.path)
    assert isinstance(network.architecture, Architecture)
