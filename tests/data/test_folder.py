from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pictures import class_folders, huge_png, noise, truncated_jpeg, write

from edgewise.data import Dataset, images, open_dataset
from edgewise.errors import EdgewiseError


def paths(dataset: Dataset, split: str) -> set[str]:
    part = dataset.splits[split]
    return {Path(part.path(index)).relative_to(dataset.source).as_posix() for index in range(len(part))}


def sizes(dataset: Dataset) -> dict[str, int]:
    return {name: len(split) for name, split in dataset.splits.items()}


def test_three_splits_are_used_as_given(tmp_path):
    for name, count in (("train", 4), ("valid", 2), ("test", 3)):
        class_folders(tmp_path / name, {"cat": count, "dog": count})
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert not dataset.multi_label
    assert sizes(dataset) == {"train": 8, "val": 4, "test": 6}
    assert dataset.split_rule == "train is train/, val is valid/ and test is test/, as given."
    train = dataset.splits["train"]
    assert train.labels.tolist() == [0] * 4 + [1] * 4
    assert train.labels.dtype == np.int64
    np.testing.assert_array_equal(train.load(5), noise(1001))
    assert train.path(5) == str(tmp_path / "train" / "dog" / "001.png")


def test_one_folder_is_divided_class_by_class(tmp_path):
    class_folders(tmp_path, {"a": 20, "b": 10, "c": 3, "d": 2})
    dataset = open_dataset(tmp_path, seed=3)
    assert sizes(dataset) == {"train": 16 + 8 + 1 + 1, "val": 2 + 1 + 1, "test": 2 + 1 + 1 + 1}
    assert Counter(dataset.splits["test"].labels.tolist()) == {0: 2, 1: 1, 2: 1, 3: 1}
    everything = [paths(dataset, name) for name in ("train", "val", "test")]
    assert len(set.union(*everything)) == 35
    assert dataset.split_rule == (
        "val is 10% of all images and test is 10% of all images, drawn class by class with seed 3, "
        "and train is the rest."
    )
    again, other = open_dataset(tmp_path, seed=3), open_dataset(tmp_path, seed=4)
    assert paths(again, "test") == paths(dataset, "test") != paths(other, "test")
    assert again.digest == dataset.digest != other.digest


def test_a_missing_val_is_drawn_from_train(tmp_path):
    class_folders(tmp_path / "train", {"a": 10, "b": 10})
    class_folders(tmp_path / "test", {"a": 5, "b": 5})
    dataset = open_dataset(tmp_path, val_share=0.2)
    assert sizes(dataset) == {"train": 16, "val": 4, "test": 10}
    assert {path.split("/")[0] for path in paths(dataset, "test")} == {"test"}
    assert {path.split("/")[0] for path in paths(dataset, "val")} == {"train"}
    assert dataset.split_rule == (
        "test is test/, as given; val is 20% of train/, drawn class by class with seed 0, and train is the rest."
    )


def test_a_missing_test_is_drawn_from_train_and_val_stays_val(tmp_path):
    class_folders(tmp_path / "train", {"a": 10, "b": 10})
    class_folders(tmp_path / "val", {"a": 5, "b": 5})
    dataset = open_dataset(tmp_path)
    assert sizes(dataset) == {"train": 18, "val": 10, "test": 2}
    assert {path.split("/")[0] for path in paths(dataset, "val")} == {"val"}
    assert "test is 10% of train/" in dataset.split_rule


def test_only_train_is_divided(tmp_path):
    class_folders(tmp_path / "train", {"a": 10, "b": 10})
    assert sizes(open_dataset(tmp_path)) == {"train": 16, "val": 2, "test": 2}


def test_a_class_may_be_called_train(tmp_path):
    class_folders(tmp_path, {"train": 5, "tram": 5})
    assert open_dataset(tmp_path).classes == ("train", "tram")


def test_images_may_lie_deeper_and_hidden_files_are_passed_over(tmp_path):
    class_folders(tmp_path, {"a": 5, "b": 5})
    write(tmp_path / "a" / "deeper" / "x.png", noise(9))
    (tmp_path / "a" / ".DS_Store").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.txt").write_text("not in a class folder, so nobody's image")
    assert sum(sizes(open_dataset(tmp_path)).values()) == 11


def test_folders_that_are_no_split_are_said_to_be_unused(tmp_path):
    class_folders(tmp_path / "train", {"a": 10, "b": 10})
    class_folders(tmp_path / "extra", {"a": 10})
    assert open_dataset(tmp_path).split_rule.endswith("Not used: extra/.")


@pytest.fixture
def with_bad_files(tmp_path):
    class_folders(tmp_path, {"a": 6, "b": 6})
    (tmp_path / "a" / "empty.jpg").touch()
    (tmp_path / "a" / "notes.txt").write_text("hello")
    (tmp_path / "b" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    huge_png(tmp_path / "b" / "huge.png", 11_000)
    truncated_jpeg(tmp_path / "b" / "half.jpg")
    write(tmp_path / "stray.png", noise(5))
    return tmp_path


def test_bad_files_stop_the_opening(with_bad_files):
    with pytest.raises(EdgewiseError) as caught:
        open_dataset(with_bad_files)
    message = str(caught.value)
    assert message.startswith(f"6 files of 18 in {with_bad_files} cannot be used: ")
    assert "a/empty.jpg is empty (0 bytes)" in message
    assert "and 1 more" in message
    assert "--skip-bad" in message


def test_bad_files_can_be_skipped_and_are_listed(with_bad_files):
    dataset = open_dataset(with_bad_files, skip_bad=True)
    assert sum(sizes(dataset).values()) == 12
    assert {image.path for image in dataset.skipped} == {
        "a/empty.jpg",
        "a/notes.txt",
        "b/Thumbs.db",
        "b/half.jpg",
        "b/huge.png",
        "stray.png",
    }
    assert all(image.reason for image in dataset.skipped)


def test_images_beyond_the_memory_limit_stay_in_their_files(tmp_path, monkeypatch):
    class_folders(tmp_path, {"a": 6, "b": 6})
    kept = open_dataset(tmp_path)
    monkeypatch.setattr(images, "MEMORY_LIMIT", 1000)
    in_files = open_dataset(tmp_path)
    assert in_files.digest == kept.digest
    assert isinstance(kept.splits["train"].images, images.StoredImages)
    assert isinstance(in_files.splits["train"].images, images.ImageFiles)
    for index in range(len(kept.splits["train"])):
        np.testing.assert_array_equal(in_files.splits["train"].load(index), kept.splits["train"].load(index))


def test_threads_give_what_one_thread_gives(tmp_path, monkeypatch):
    class_folders(tmp_path, {"a": 40, "b": 40})
    one = open_dataset(tmp_path)
    monkeypatch.setattr(images, "_WORTH_A_THREAD_S", 0.0)
    many = open_dataset(tmp_path)
    assert many.digest == one.digest
    np.testing.assert_array_equal(many.splits["train"].load(30), one.splits["train"].load(30))


def test_damage_found_late_is_named(tmp_path, monkeypatch):
    class_folders(tmp_path, {"a": 6, "b": 6})
    truncated_jpeg(tmp_path / "b" / "half.jpg")
    monkeypatch.setattr(images, "MEMORY_LIMIT", 1000)
    dataset = open_dataset(tmp_path)
    found = [split for split in dataset.splits.values() if any("half" in split.path(i) for i in range(len(split)))]
    index = next(i for i in range(len(found[0])) if "half" in found[0].path(i))
    with pytest.raises(EdgewiseError, match=r"half\.jpg is corrupt or truncated"):
        found[0].load(index)


def test_the_digest_sees_names_sizes_labels_and_splits(tmp_path):
    class_folders(tmp_path / "x", {"a": 6, "b": 6})
    class_folders(tmp_path / "y", {"a": 6, "b": 6})
    x = open_dataset(tmp_path / "x").digest
    assert open_dataset(tmp_path / "y").digest == x
    (tmp_path / "y" / "a" / "000.png").rename(tmp_path / "y" / "a" / "renamed.png")
    assert open_dataset(tmp_path / "y").digest != x
    write(tmp_path / "x" / "a" / "000.png", noise(0, 13, 16))
    assert open_dataset(tmp_path / "x").digest != x


def test_take_keeps_images_and_labels_together(tmp_path):
    class_folders(tmp_path, {"a": 6, "b": 6})
    train = open_dataset(tmp_path).splits["train"]
    part = train.take([5, 1])
    assert [part.path(0), part.path(1)] == [train.path(5), train.path(1)]
    assert part.labels.tolist() == train.labels[[5, 1]].tolist()
    np.testing.assert_array_equal(part.load(0), train.load(5))


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"a": 5}, "only the class 'a'"),
        ({"a": 5, "b": 0}, "class 'b' of .* has no usable image"),
        ({"a": 5, "b": 1}, "class 'b' of .* has a single usable image"),
        ({"train/a": 5, "train/b": 5, "test/a": 2}, "class 'b' of .* has no usable image in test/"),
        (
            {"train/a": 5, "train/b": 5, "val/a": 2, "val/b": 2, "val/c": 2},
            "class 'c' of .* no usable image in",
        ),
        ({"val/a": 5, "val/b": 5, "test/a": 2, "test/b": 2}, "none to train on"),
        ({"val/a": 2, "valid/a": 2, "train/a": 5}, "both val/ and valid/"),
        ({"": 3}, "no class folders"),
        ({}, "no class folders"),
    ],
)
def test_layouts_that_cannot_be_trained_on(tmp_path, layout, message):
    for folder, count in layout.items():
        class_folders(tmp_path, {folder: count})
    with pytest.raises(EdgewiseError, match=message):
        open_dataset(tmp_path)


def test_a_class_whose_files_are_all_bad(tmp_path):
    class_folders(tmp_path, {"a": 5, "b": 0})
    (tmp_path / "b" / "x.png").touch()
    with pytest.raises(EdgewiseError, match="class 'b'"):
        open_dataset(tmp_path, skip_bad=True)


def test_everything_is_taken_undivided(tmp_path):
    class_folders(tmp_path, {"a": 3, "b": 1, "c": 0})
    dataset = open_dataset(tmp_path, only="all")
    assert sizes(dataset) == {"all": 4}
    assert dataset.classes == ("a", "b", "c")
    assert dataset.splits["all"].name == "all"
    assert dataset.splits["all"].labels.tolist() == [0, 0, 0, 1]
    assert dataset.split_rule == "all is all images, undivided."
    with pytest.raises(EdgewiseError, match=r"single usable image.*or take all of them with --split all"):
        open_dataset(tmp_path, only="test")


def test_everything_of_three_splits(tmp_path):
    for name, count in (("train", 4), ("val", 2), ("test", 3)):
        class_folders(tmp_path / name, {"cat": count, "dog": count})
    assert sizes(open_dataset(tmp_path, only="all")) == {"all": 18}


def test_a_split_alone_is_opened_without_the_others(tmp_path):
    class_folders(tmp_path / "train", {"a": 4, "b": 4, "c": 4})
    class_folders(tmp_path / "val", {"b": 1})
    (tmp_path / "train" / "a" / "000.png").write_bytes(b"")
    dataset = open_dataset(tmp_path, only="val")
    assert sizes(dataset) == {"val": 1}
    assert dataset.classes == ("b",)
    assert dataset.split_rule == "val is val/, undivided. Not used: train/."


def test_a_split_that_is_not_there_is_drawn_as_ever(tmp_path):
    class_folders(tmp_path / "train", {"a": 10, "b": 10})
    drawn, asked = open_dataset(tmp_path, seed=1), open_dataset(tmp_path, seed=1, only="test")
    assert sizes(drawn) == sizes(asked)
    assert paths(drawn, "test") == paths(asked, "test")


def test_only_a_validation_split(tmp_path):
    class_folders(tmp_path / "val", {"a": 2, "b": 2})
    for only in ("val", "all"):
        assert sizes(open_dataset(tmp_path, only=only)) == {only: 4}
    with pytest.raises(EdgewiseError, match="has val images and none for test; choose one of those, or all"):
        open_dataset(tmp_path, only="test")
    with pytest.raises(EdgewiseError, match="none to train on; add a train split"):
        open_dataset(tmp_path)
