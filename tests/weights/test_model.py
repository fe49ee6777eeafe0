"""A model as people meet it: called on images, saved to a folder, loaded from it, all without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
import yaml
from header import Saved, edit_card
from PIL import Image

from edgewise import EdgewiseError, Model
from edgewise.costs import cost_table, count
from edgewise.weights import ModelCard, Provenance, read_card
from edgewise.weights.readme import figures, readme

HOSTILE = ("<script>alert(1)</script>", "a | b", "- item\n# heading", "7. seven", "*bold*", "\udcff", "[x](y)")


@pytest.fixture
def model(saved: Saved) -> Model:
    return Model(saved.network, saved.card)


def hostile(card: ModelCard) -> ModelCard:
    architecture = replace(card.architecture, name="<b>\n---\nname").with_classes(len(HOSTILE))
    provenance = Provenance(data="a/b|c: *", command="edgewise train 'x' --out `y`\n\n# no")
    return replace(card, architecture=architecture, classes=HOSTILE, provenance=provenance)


def test_a_folder_gives_back_what_was_saved(model: Model, tmp_path: Path) -> None:
    written = model.save_pretrained(tmp_path / "new" / "net")
    assert sorted(written) == sorted((tmp_path / "new" / "net").iterdir())
    for place in (tmp_path / "new" / "net", str(tmp_path / "new" / "net"), written[0]):
        loaded = Model.from_pretrained(place)
        assert loaded.card == model.card
        assert not loaded.network.training
        for name, tensor in loaded.network.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                assert torch.equal(tensor, model.network.state_dict()[name])
    assert repr(loaded) == "Model(small, 3 classes)"


def test_saving_again_writes_everything_anew(model: Model, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".safetensors"}
    Model(model.network, replace(model.card, metrics={"test_accuracy": 0.5})).save_pretrained(tmp_path)
    assert "50.00%" in (tmp_path / "README.md").read_text(encoding="utf-8")
    model.save_pretrained(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".safetensors"} == before


def test_what_the_owner_wrote_of_the_licence_stays(model: Model, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    card = tmp_path / "README.md"
    card.write_text(card.read_text("utf-8").replace("---\n", "---\nlicense: apache-2.0\n", 1), "utf-8")
    model.save_pretrained(tmp_path)
    assert yaml.safe_load(card.read_text("utf-8").split("---")[1])["license"] == "apache-2.0"


def test_a_name_of_the_zoo_is_no_repository() -> None:
    with pytest.raises(EdgewiseError, match="mobilenet_v2 is a network of the zoo, without weights; make a model file"):
        Model.from_pretrained("mobilenet_v2")


def test_one_image_is_for_the_call(model: Model) -> None:
    with pytest.raises(EdgewiseError, match=r"classify takes a list of images; call the model itself for one, a\.jpg"):
        model.classify("a.jpg")


@pytest.mark.parametrize("name", ["README.md", "config.json", "model.safetensors"])
def test_files_of_something_else_are_not_lost(name: str, model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).write_text('{"model_type": "bert"}')
    with pytest.raises(EdgewiseError, match=rf"{name} is not of a model of edgewise and would be lost; choose another"):
        model.save_pretrained(folder)
    assert [path.name for path in folder.iterdir()] == [name]


def test_a_network_of_another_card_writes_nothing(model: Model, tmp_path: Path) -> None:
    card = replace(model.card, architecture=model.card.architecture.with_classes(4), classes=tuple("abcd"))
    with pytest.raises(EdgewiseError, match="not the small of its card"):
        Model(model.network, card).save_pretrained(tmp_path / "new")
    assert list(tmp_path.rglob("*.md")) == []


def test_folders_without_a_model(tmp_path: Path, model: Model) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EdgewiseError, match=r"holds no model\.safetensors; give a folder that `save_pretrained` wrote"):
        Model.from_pretrained(tmp_path / "empty")
    with pytest.raises(EdgewiseError, match=r"there is no folder .*nowhere; check the path"):
        Model.from_pretrained(tmp_path / "nowhere")
    path = model.save_pretrained(tmp_path)[0]
    edit_card(path, lambda card: card.update(format=2))
    with pytest.raises(EdgewiseError, match="has format 2 and this edgewise reads up to 1; upgrade edgewise"):
        Model.from_pretrained(tmp_path)


def test_config_is_what_the_header_says(model: Model, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config.pop("library_name") == "edgewise"
    assert ModelCard.from_json(json.dumps(config), tmp_path) == model.card == read_card(tmp_path / "model.safetensors")


def test_an_image_in_any_form_has_the_same_classes(model: Model, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    found = model(tmp_path / "photo.png", top=3)
    assert found == model(str(tmp_path / "photo.png"), top=3) == model(Image.open(tmp_path / "photo.png"), top=3)
    assert found == model(pixels, top=9)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert sum(found.values()) == pytest.approx(1)
    with torch.inference_mode():
        normal = torch.from_numpy(model.card.preprocessing.apply(pixels))[None]
        expected = model.network.eval()(normal).softmax(1)[0]
    assert found == {name: pytest.approx(float(expected[i]), abs=1e-6) for i, name in enumerate(model.card.classes)}
    assert list(model(pixels)) == [next(iter(found))]


def test_many_images_are_classified_in_order(model: Model) -> None:
    pictures = [np.random.default_rng(seed).integers(0, 256, (8, 12, 3), np.uint8) for seed in range(70)]
    found = model.classify(pictures, top=3)
    assert len(found) == 70
    assert found[69] == {name: pytest.approx(share, abs=1e-6) for name, share in model(pictures[69], top=3).items()}
    assert model.classify([]) == []


def test_calling_leaves_the_network_as_it_was(model: Model) -> None:
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    model.network.train()
    model(np.zeros((8, 12, 3), np.uint8))
    assert model.network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.network.state_dict().items())


def test_several_labels_are_probabilities_of_their_own(model: Model) -> None:
    several = Model(model.network, replace(model.card, multi_label=True))
    pixels = np.zeros((1, 8, 12, 3), np.uint8)
    with torch.inference_mode():
        logits = model.network.eval()(torch.from_numpy(model.card.preprocessing.normalised(pixels[0]))[None])
    np.testing.assert_allclose(several.probabilities(pixels), logits.sigmoid().numpy(), rtol=1e-5)


def test_what_is_no_image(model: Model, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("no picture")
    with pytest.raises(EdgewiseError, match=r"broken\.png is not an image"):
        model(tmp_path / "broken.png")
    with pytest.raises(EdgewiseError, match=r"absent\.png does not exist"):
        model(tmp_path / "absent.png")
    for wrong in (np.zeros((8, 8)), np.zeros((3, 8, 8), np.uint8), np.zeros((8, 8, 3))):
        with pytest.raises(EdgewiseError, match=r"uint8 of shape \(height, width, 3\), not "):
            model(wrong)
    with pytest.raises(EdgewiseError, match="top must be at least 1, not 0"):
        model(np.zeros((8, 8, 3), np.uint8), top=0)


def head_of(text: str) -> dict[str, object]:
    empty, head, _ = text.split("---\n", 2)
    assert empty == ""
    return yaml.safe_load(head)


def test_the_head_is_what_the_hub_reads(model: Model) -> None:
    card = replace(
        model.card,
        metrics={"val_accuracy": 0.9, "test_accuracy": 0.975, "test_top5": 0.99, "test_loss": float("nan")},
        provenance=Provenance(data="cifar10"),
    )
    head = head_of(readme(card, "me/net"))
    assert head["library_name"] == "edgewise"
    assert head["pipeline_tag"] == "image-classification"
    assert set(head["tags"]) == {"image-classification", "edgewise"}  # type: ignore[call-overload]
    assert head["datasets"] == ["uoft-cs/cifar10"]
    assert "license" not in head
    (index,) = head["model-index"]  # type: ignore[misc]
    found = {
        (result["dataset"]["split"], metric["name"]): (metric["type"], metric["value"])
        for result in index["results"]
        for metric in result["metrics"]
    }
    assert found == {
        ("validation", "validation accuracy"): ("accuracy", 0.9),
        ("test", "test accuracy"): ("accuracy", 0.975),
        ("test", "test top5"): ("accuracy", 0.99),
    }


def test_data_of_the_user_is_no_dataset_of_the_hub(model: Model) -> None:
    head = head_of(readme(model.card, "me/net"))
    assert "datasets" not in head
    assert head["model-index"][0]["results"][0]["dataset"]["name"] == "photos"  # type: ignore[index]
    assert "model-index" not in head_of(readme(replace(model.card, metrics={}), "me/net"))


def test_the_card_has_the_table_and_how_to_load(model: Model) -> None:
    text = readme(model.card, "me/net")
    lines = text.splitlines()
    for line in cost_table(model.card.architecture):
        (row,) = [one for one in lines if one.startswith(f"| {line.row} | ")]
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert cells[1] == f"`{line.description}`"
        assert cells[3:] == [f"{line.multiply_adds:,}", f"{line.parameters:,}"]
    costs = count(model.card.architecture)
    assert f"|  | all |  | {costs.multiply_adds:,} | {costs.parameters:,} |" in lines
    assert "| test accuracy | 97.50% |" in lines
    assert "1. собака" in lines
    assert "| command | edgewise train photos |" in lines
    assert "| seed | 7 |" in lines
    code = text.split("```python\n")[1].split("```")[0]
    assert code.splitlines()[-2:] == ['model = Model.from_pretrained("me/net")', 'print(model("photo.jpg", top=5))']
    for name in figures(model.card):
        assert f"]({name})" in text


def test_hostile_names_stay_names(model: Model) -> None:
    card = hostile(model.card)
    text = readme(card, 'me/"net')
    text.encode("utf-8")
    head = head_of(text)
    assert head["model-index"][0]["name"] == "<b> --- name"  # type: ignore[index]
    body = text.split("---\n", 2)[2]
    assert "<script" not in body
    assert "<b>" not in body
    headings = [line for line in body.splitlines() if line.startswith("#")]
    assert headings[0] == "# &lt;b&gt; --- name"
    assert "# heading" not in headings
    assert "# no" not in headings
    names = [line for line in body.splitlines() if line.split(". ")[0].isdigit()]
    assert names[1:5] == ["1. a \\| b", "2. \\- item \\# heading", "3. 7\\. seven", "4. \\*bold\\*"]
    assert len(names) == len(HOSTILE)


def test_the_figures_are_svg_with_a_bar_for_every_row(model: Model) -> None:
    drawn = figures(model.card)
    assert set(drawn) == {"multiply_adds.svg", "parameters.svg"}
    for text in (*drawn.values(), *figures(hostile(model.card)).values()):
        root = ElementTree.fromstring(text)
        bars = [part for part in root.iter() if part.get("class", "").startswith("mark ")]
        assert len(bars) == len(model.card.architecture.rows)


def test_the_card_and_its_figures_need_no_torch() -> None:
    program = (
        "import sys\n"
        "from edgewise.data import Preprocessing\n"
        "from edgewise.papers import find\n"
        "from edgewise.weights import ModelCard\n"
        "from edgewise.weights.readme import figures, readme\n"
        "architecture = find('mobilenet_v3_small').with_classes(2)\n"
        "card = ModelCard(architecture, Preprocessing(224, 224, (0, 0, 0), (1, 1, 1)), ('a', 'b'))\n"
        "assert figures(card) and readme(card, 'net')\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}, check=True)
