"""`predict`: files, folders and patterns; the same classes from model file and artifact."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_run import Made

import edgewise
from edgewise import EdgewiseError
from edgewise.data import BadImage


def test_a_folder_gives_every_image_in_order(made: Made) -> None:
    found = edgewise.predict([made.images], made.artifact)
    assert [one.path for one in found] == sorted(str(path) for path in made.images.rglob("*.png"))
    right = [Path(one.path).parent.name == one.classes[0] for one in found]
    assert np.mean(right) > 0.95


def test_model_file_and_artifact_predict_alike(made: Made) -> None:
    from_artifact = edgewise.predict([made.images], made.artifact, top=3)
    from_network = edgewise.predict([made.images], made.model_file, top=3)
    for one, other in zip(from_artifact, from_network, strict=True):
        assert (one.path, one.classes) == (other.path, other.classes)
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
        assert sum(one.probabilities) == pytest.approx(1)
        assert list(one.probabilities) == sorted(one.probabilities, reverse=True)


def test_more_classes_than_there_are_give_all(made: Made) -> None:
    (one,) = edgewise.predict([made.images / "cat" / "00.png"], made.artifact, top=50)
    assert set(one.classes) == {"cat", "dög pup", "eel"}


def test_files_folders_and_patterns_together(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made.images)
    images = ["eel/03.png", "dög pup", "c*/0[01].png", str(made.images / "**" / "07.png")]
    found = [one.path for one in edgewise.predict(images, made.artifact)]
    assert found[0] == "eel/03.png"
    assert found[1:21] == [f"dög pup/{index:02}.png" for index in range(20)]
    assert found[21:23] == ["cat/00.png", "cat/01.png"]
    assert found[23:] == [str(made.images / name / "07.png") for name in ("cat", "dög pup", "eel")]


def test_a_name_with_a_bracket_is_a_file_before_it_is_a_pattern(made: Made, tmp_path: Path) -> None:
    odd = tmp_path / "ein [schönes] bild.PNG"
    odd.write_bytes((made.images / "eel" / "00.png").read_bytes())
    assert edgewise.predict([odd], made.artifact)[0].classes == ("eel",)
    assert len(edgewise.predict([tmp_path], made.artifact)) == 1


def test_images_of_every_size_and_mode(made: Made, tmp_path: Path) -> None:
    image = Image.open(made.images / "eel" / "00.png")
    for index, changed in enumerate((image.resize((300, 200)), image.convert("RGBA"), image.convert("P"))):
        changed.save(tmp_path / f"{index}.png")
    assert [one.classes for one in edgewise.predict([tmp_path], made.artifact)] == [("eel",)] * 3


def test_more_images_than_are_read_at_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = edgewise.predict([made.images], made.model_file, top=2)
    monkeypatch.setattr("edgewise.verbs.predict._CHUNK", 7)
    parts = edgewise.predict([made.images], made.model_file, top=2)
    assert [(one.path, one.classes) for one in parts] == [(one.path, one.classes) for one in whole]


def test_unreadable_images_are_named_or_left_out(made: Made, tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    good.write_bytes((made.images / "cat" / "00.png").read_bytes())
    (tmp_path / "bad.png").write_text("no picture")
    with pytest.raises(EdgewiseError, match=r"bad\.png is not an image.*--skip-bad"):
        edgewise.predict([tmp_path], made.artifact)
    bad: list[BadImage] = []
    (one,) = edgewise.predict([tmp_path], made.artifact, skip_bad=True, bad=bad)
    assert (one.path, one.classes) == (str(good), ("cat",))
    assert [Path(each.path).name for each in bad] == ["bad.png"]
    assert edgewise.predict([tmp_path / "bad.png"], made.artifact, skip_bad=True) == []


def test_pillow_does_not_warn_the_user(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def warns(path: Path) -> np.ndarray:
        warnings.warn("an odd tag", UserWarning, stacklevel=1)
        return np.zeros((24, 24, 3), np.uint8)

    monkeypatch.setattr("edgewise.verbs.predict.decode", warns)
    assert len(edgewise.predict([made.images / "cat" / "00.png"], made.artifact)) == 1


def test_nothing_to_predict_is_an_error(made: Made, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="no images were named"):
        edgewise.predict([], made.artifact)
    with pytest.raises(EdgewiseError, match="there are no images at"):
        edgewise.predict([tmp_path], made.artifact)
