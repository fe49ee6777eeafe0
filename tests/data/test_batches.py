from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from pictures import class_folders, noise, truncated_jpeg

from edgewise.data import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Augmentation,
    Batches,
    Preprocessing,
    Split,
    images,
    loading,
    open_dataset,
)
from edgewise.data.images import ImageFiles, StoredImages
from edgewise.errors import EdgewiseError

PREPROCESSING = Preprocessing(16, 16, IMAGENET_MEAN, IMAGENET_STD, 0.875)
CROPS = Augmentation("resized", flip=True, rand_augment=9)
SHIFTS = Augmentation("pad", flip=True, pad=2)


def stored(count: int, size: int = 16) -> Split:
    pixels = np.stack([noise(index, size, size) for index in range(count)])
    return Split("train", StoredImages(pixels, [str(index) for index in range(count)]), np.arange(count))


def make(split: Split, augmentation: Augmentation | None = None, **changes) -> Batches:
    settings = {"batch_size": 4, "seed": 0, "shuffle": True, "workers": 0} | changes
    return Batches(split, PREPROCESSING, augmentation=augmentation, **settings)


def same(left, right) -> bool:
    pairs = list(zip(list(left), list(right), strict=True))
    return all(torch.equal(a, c) and torch.equal(b, d) for (a, b), (c, d) in pairs)


@pytest.fixture
def in_files(tmp_path, monkeypatch) -> Split:
    """Twenty JPEGs that do not count as small, so workers decode them."""
    monkeypatch.setattr(images, "MEMORY_LIMIT", 1000)
    monkeypatch.setattr(loading, "MEMORY_LIMIT", 1000)
    class_folders(tmp_path, {"a": 12, "b": 12}, ".jpg", 30, 40)
    split = open_dataset(tmp_path).splits["train"]
    assert isinstance(split.images, ImageFiles)
    return split


def test_evaluation_gives_every_image_once_in_order_as_preprocessed():
    split = stored(10, size=20)
    (first, labels), *rest = make(split, shuffle=False)
    assert first.shape == (4, 3, 16, 16)
    assert first.dtype == torch.float32
    assert first.is_contiguous(memory_format=torch.channels_last)
    assert labels.tolist() == [0, 1, 2, 3]
    assert [len(batch) for batch, _ in rest] == [4, 2]
    for index in range(4):
        np.testing.assert_allclose(first[index], PREPROCESSING.apply(split.load(index)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_evaluate_on_the_same_pixels(in_files, workers):
    for number, (batch, labels) in enumerate(make(in_files, shuffle=False, workers=workers)):
        for row, image in enumerate(batch):
            index = 4 * number + row
            assert labels[row] == in_files.labels[index]
            np.testing.assert_allclose(image, PREPROCESSING.apply(in_files.load(index)), rtol=0, atol=1e-5)


def test_several_labels():
    split = Split("train", stored(6).images, np.eye(6, 4, dtype=np.float32))
    _, targets = next(iter(make(split, shuffle=False)))
    assert targets.dtype == torch.float32
    assert targets.tolist() == np.eye(4).tolist()


def test_epochs_are_shuffled_by_the_seed():
    def order(epoch: int, seed: int) -> list[int]:
        batches = make(stored(30), seed=seed)
        batches.set_epoch(epoch)
        return [label for _, labels in batches for label in labels.tolist()]

    assert sorted(order(0, 0)) == list(range(30))
    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(epoch, seed)) for epoch in (0, 1) for seed in (0, 1)}) == 4


@pytest.mark.parametrize("augmentation", [SHIFTS, CROPS, Augmentation("none", rand_augment=5)])
def test_augmentation_changes_with_the_epoch_and_repeats_with_the_seed(augmentation):
    one, two, other = (make(stored(8), augmentation, seed=seed) for seed in (0, 0, 1))
    assert same(one, two)
    assert not same(one, other)
    two.set_epoch(1)
    first, second = by_label(one), by_label(two)
    assert first.keys() == second.keys()
    assert any(not torch.equal(first[label], second[label]) for label in first)


def by_label(batches: Batches) -> dict[int, torch.Tensor]:
    return {int(label): image for group, labels in batches for image, label in zip(group, labels, strict=True)}


@pytest.mark.parametrize("augmentation", [CROPS, None])
def test_workers_do_not_change_the_batches(in_files, augmentation):
    alone, shared = make(in_files, augmentation), make(in_files, augmentation, workers=2)
    for epoch in (0, 1):
        alone.set_epoch(epoch)
        shared.set_epoch(epoch)
        assert same(alone, shared)


def test_the_way_of_loading_does_not_change_shifts(in_files, monkeypatch):
    by_workers = list(make(in_files, SHIFTS))
    monkeypatch.setattr(loading, "MEMORY_LIMIT", 10**9)
    in_memory = list(make(in_files, SHIFTS))
    for (a, b), (c, d) in zip(by_workers, in_memory, strict=True):
        torch.testing.assert_close(a, c, rtol=0, atol=0.05)  # two JPEG decoders, at most a level or so apart
        assert torch.equal(b, d)


def test_loading_does_not_touch_torchs_own_random_numbers(in_files):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    list(make(in_files, CROPS))
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("augmentation", [SHIFTS, CROPS])
@pytest.mark.parametrize("count", [16, 21])
def test_ranks_share_out_every_step(augmentation, count):
    def batches(rank: int, world_size: int, batch_size: int) -> list:
        return list(make(stored(count), augmentation, rank=rank, world_size=world_size, batch_size=batch_size))

    whole, parts = batches(0, 1, 4), [batches(rank, 2, 2) for rank in range(2)]
    assert len(parts[0]) == len(parts[1]) == len(whole)
    seen: dict[int, torch.Tensor] = {}
    for step, (images_, labels) in enumerate(whole):
        mine = [dict(zip(part[step][1].tolist(), part[step][0], strict=True)) for part in parts]
        assert len(mine[0]) == len(mine[1])
        together = mine[0] | mine[1]
        assert set(labels.tolist()) <= set(together)
        assert not set(mine[0]) & set(mine[1])
        for label, image in zip(labels.tolist(), images_, strict=True):
            assert torch.equal(together[label], image)
        seen |= together
    assert sorted(seen) == list(range(count))


def test_drop_last():
    batches = make(stored(10), drop_last=True)
    assert len(batches) == 2
    assert [len(labels) for _, labels in batches] == [4, 4]
    with pytest.raises(EdgewiseError, match="10 images, less than one step of 16"):
        make(stored(10), drop_last=True, batch_size=16)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [0, 1, 4, 5])
def test_the_state_resumes_at_the_next_batch(in_files, workers, stop):
    """Also with workers, who have by then prepared more batches than were handed out."""
    unbroken = make(in_files, CROPS)
    unbroken.set_epoch(3)
    expected = list(unbroken)
    broken = make(in_files, CROPS, workers=workers)
    broken.set_epoch(3)
    first = list(islice(iter(broken), stop))
    state = broken.state_dict()
    assert all(isinstance(value, int) for value in state.values())
    resumed = make(in_files, CROPS, workers=workers)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    assert len(resumed) == len(expected)
    assert same(first + list(resumed), expected)
    resumed.set_epoch(4)
    unbroken.set_epoch(4)
    assert same(resumed, unbroken)


def test_a_state_is_kept_until_the_first_batch_and_forgotten_in_another_epoch():
    expected = list(make(stored(12)))
    batches = make(stored(12))
    batches.load_state_dict({"epoch": 0, "batch": 2})
    iter(batches)
    batches.set_epoch(0)
    assert same(batches, expected[2:])
    assert same(batches, expected)
    batches.load_state_dict({"epoch": 0, "batch": 2})
    batches.set_epoch(1)
    assert len(list(batches)) == 3


def test_a_state_of_other_data_or_settings_is_refused():
    state = make(stored(12)).state_dict()
    for other in (make(stored(13)), make(stored(12), batch_size=3), make(stored(12), seed=1)):
        with pytest.raises(EdgewiseError, match="the checkpoint was made with"):
            other.load_state_dict(state)


def test_two_iterators_at_once_are_refused():
    batches = make(stored(12))
    first = iter(batches)
    next(first)
    next(iter(batches))
    with pytest.raises(RuntimeError, match="one iterator"):
        next(first)


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """Sixteen sound JPEGs, and two whose damage only decoding finds."""

    def build(skip_bad: bool, small: bool) -> Split:
        monkeypatch.setattr(images, "MEMORY_LIMIT", 1000)
        monkeypatch.setattr(loading, "MEMORY_LIMIT", 10**9 if small else 1000)
        for part, count in (("train", 8), ("val", 2), ("test", 2)):
            class_folders(tmp_path / part, {"a": count, "b": count}, ".jpg", 30, 40)
        truncated_jpeg(tmp_path / "train" / "a" / "003x.jpg")
        truncated_jpeg(tmp_path / "train" / "b" / "zzz.jpg")
        return open_dataset(tmp_path, skip_bad=skip_bad).splits["train"]

    return build


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("shuffle", [True, False])
def test_damage_found_late_is_an_error_in_one_sentence(damaged, small, workers, shuffle):
    split = damaged(skip_bad=False, small=small)
    with pytest.raises(EdgewiseError, match=r"cannot be used: .*is corrupt or truncated .*--skip-bad") as caught:
        list(make(split, shuffle=shuffle, workers=workers))
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("workers", [0, 2])
def test_damage_found_late_is_replaced_in_training_and_announced_once(damaged, small, workers, caplog):
    split = damaged(skip_bad=True, small=small)
    with caplog.at_level(logging.WARNING):
        batches = make(split, workers=workers)
        assert len(batches) == 5  # of 18 images, wherever the damage is found
        one = list(batches)
        two = list(batches)
    assert same(one, two)
    assert sum(len(labels) for _, labels in one) == 18
    assert len(caplog.records) == 2
    assert all("is corrupt or truncated" in record.message for record in caplog.records)
    assert {Path(image.path).name for image in batches.skipped} == {"003x.jpg", "zzz.jpg"}
    sound = [PREPROCESSING.apply(split.load(index)) for index in range(18) if split.path(index)[-5] not in "xz"]
    for image in torch.cat([batch for batch, _ in one]):
        assert min(np.abs(image.numpy() - each).max() for each in sound) < 0.05


@pytest.mark.parametrize("small", [True, False])
def test_damage_found_late_is_left_out_of_evaluation(damaged, small):
    split = damaged(skip_bad=True, small=small)
    batches = make(split, shuffle=False, batch_size=1)
    labels = [label for _, each in batches for label in each.tolist()]
    assert labels == [0] * 8 + [1] * 8
    assert len(batches.skipped) == 2


def test_images_decoded_once_are_kept_for_the_next_network(in_files, monkeypatch):
    monkeypatch.setattr(loading, "MEMORY_LIMIT", 10**9)
    first = make(in_files)
    monkeypatch.setattr(ImageFiles, "load", lambda *_: pytest.fail("decoded again"))
    assert same(first, make(in_files))
    part = in_files.take([0, 1])
    assert not part.kept


@pytest.mark.parametrize("setting", [{"batch_size": 0}, {"workers": -1}, {"rank": 2, "world_size": 2}])
def test_impossible_settings(setting):
    with pytest.raises(EdgewiseError, match="batches need"):
        make(stored(8), **setting)
