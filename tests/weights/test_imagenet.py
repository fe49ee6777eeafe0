"""The names and ids of ImageNet's classes, against other libraries' lists and against photographs named by both."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from edgewise.weights import imagenet
from edgewise.weights.imagenet import CLASSES, ids, names_by_id


def test_there_are_a_thousand_of_each_and_no_two_alike() -> None:
    assert len(CLASSES) == len(ids()) == 1000
    # Not even to a file system that does not tell capitals apart.
    assert len({name.lower() for name in CLASSES}) == len(set(ids())) == 1000
    assert list(ids()) == sorted(ids())
    assert names_by_id()["n01440764"] == CLASSES[0] == "tench"
    assert CLASSES[999] == "toilet tissue"
    assert all(name == name.strip() and name for name in CLASSES)


def test_classes_of_one_name_say_what_they_are() -> None:
    assert [CLASSES[index] for index in (134, 517)] == ["crane (bird)", "crane (machine)"]
    assert [CLASSES[index] for index in (264, 474)] == ["Cardigan Welsh corgi", "cardigan"]
    assert [CLASSES[index] for index in (638, 639)] == ["maillot (tights)", "maillot (tank suit)"]


def test_the_names_are_those_of_torchvision() -> None:
    from torchvision.models import AlexNet_Weights

    theirs = AlexNet_Weights.DEFAULT.meta["categories"]
    different = [index for index in range(1000) if CLASSES[index] != theirs[index]]
    assert different == [134, 264, 517, 638, 639]


def test_the_ids_are_those_of_timm() -> None:
    from timm.data.imagenet_info import ImageNetInfo

    info = ImageNetInfo()
    assert info.label_names() == list(ids())
    # Every name is among the words of its id.
    for index, name in enumerate(CLASSES):
        words = [word.strip() for word in info.index_to_description(index).lower().split(",")]
        assert name.lower().split(" (")[0] in words, (index, name)


def test_photographs_are_named_by_the_ids_of_their_classes() -> None:
    shared = Path(os.environ.get("EDGEWISE_SHARED") or Path(__file__).parents[3] / "shared")
    archive = shared / "data" / "imagenet-200.zip"
    if not archive.is_file():
        pytest.skip(f"the 200 photographs are not here: there is no {archive}")
    names = sorted(name for name in zipfile.ZipFile(archive).namelist() if name.endswith(".JPEG"))
    assert [name.split("_")[0] for name in names] == list(ids()[::5])


def test_what_the_module_does_not_have() -> None:
    with pytest.raises(AttributeError, match="COLOURS"):
        _ = imagenet.COLOURS  # type: ignore[attr-defined]
