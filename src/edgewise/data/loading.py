"""The two ways from a split to batches of 8-bit images at the network's size: kept in memory, or decoded by workers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.io import ImageReadMode, decode_image

from edgewise.data.dataset import Kept, Split, bad_images_error
from edgewise.data.decode import BadImage, UnreadableError, quiet
from edgewise.data.images import MEMORY_LIMIT, ImageFiles, StoredImages, in_threads
from edgewise.data.preprocessing import Preprocessing
from edgewise.data.variation import Variation
from edgewise.errors import EdgewiseError


@dataclass(frozen=True)
class Loaded:
    """A batch before normalisation: uint8 (N, height, width, 3), the samples it holds, files found to be bad, and the
    targets where they are not the split's labels."""

    images: np.ndarray
    samples: np.ndarray
    bad: Sequence[tuple[int, str]] = ()
    targets: np.ndarray | None = None


class Source(Protocol):
    """Gives batches of images for a plan: the sample indices of each batch."""

    def batches(self, epoch: int, plan: Sequence[np.ndarray]) -> Generator[Loaded]: ...


def fits(split: Split, variation: Variation) -> bool:
    """Whether the split is kept at the network's size. Random crops need the image as it was, so they are not."""
    preprocessing = variation.preprocessing
    return not variation.resizes and len(split) * preprocessing.height * preprocessing.width * 3 <= MEMORY_LIMIT


def keep(split: Split, preprocessing: Preprocessing) -> Kept:
    """Decodes (unless they are in memory already) and resizes every image of the split, in parallel.

    The split remembers the last result, so networks trained one after another at one size share it.
    """
    view = (preprocessing.height, preprocessing.width, preprocessing.crop, preprocessing.interpolation)
    if view not in split.kept:
        split.kept.clear()
        split.kept[view] = _resized(split, preprocessing)
    return split.kept[view]


def _resized(split: Split, preprocessing: Preprocessing) -> Kept:
    size = (preprocessing.height, preprocessing.width)
    images = split.images
    if isinstance(images, StoredImages) and isinstance(images.pixels, np.ndarray) and images.pixels.shape[1:3] == size:
        return Kept(images.pixels, ())
    pixels = np.zeros((len(split), *size, 3), np.uint8)

    def one(index: int) -> str | None:
        try:
            pixels[index] = preprocessing.resized(images.load(index))
        except UnreadableError as error:
            return str(error)
        return None

    reasons = in_threads(one, range(len(split)))
    return Kept(pixels, [(index, reason) for index, reason in enumerate(reasons) if reason is not None])


@dataclass(frozen=True)
class KeptSource:
    """Batches out of memory."""

    kept: Kept
    variation: Variation

    def batches(self, epoch: int, plan: Sequence[np.ndarray]) -> Generator[Loaded]:
        for samples in plan:
            images = self.kept.pixels[samples]
            if self.variation.augmentation is not None:
                images = self.variation.varied(images, self.variation.draws(epoch, samples))
            yield Loaded(images, samples)


class WorkerSource:
    """Batches that worker processes decode, resize and vary while the network trains.

    The processes are told the epoch with each sample and hold no state. They live for one epoch: they end as soon as
    its iterator does, rather than whenever Python collects this object and its queues in some order.
    """

    def __init__(self, split: Split, variation: Variation, *, replace_bad: bool, workers: int) -> None:
        self._samples = _Samples(split, variation, replace_bad)
        # Images in memory cost less to crop here than to send from another process.
        self._workers = 0 if isinstance(split.images, StoredImages) else workers

    def batches(self, epoch: int, plan: Sequence[np.ndarray]) -> Generator[Loaded]:
        for images, samples, bad in worker_batches(self._samples, epoch, plan, self._workers):
            yield Loaded(images.numpy(), samples.numpy(), bad)


_Sent = tuple[torch.Tensor, torch.Tensor, list[tuple[int, str]]]


def worker_batches(samples: Dataset[Any], epoch: int, plan: Sequence[np.ndarray], workers: int) -> DataLoader[Any]:
    """What `samples` gives for every batch of the plan, asked by pairs of epoch and sample."""
    return DataLoader(
        samples,
        batch_sampler=[[(epoch, sample) for sample in batch.tolist()] for batch in plan],
        collate_fn=_as_it_is,
        num_workers=workers,
        # Its own generator, or starting an epoch would draw from the one that dropout and initialisation use.
        generator=torch.Generator(),
    )


def _as_it_is(batch: Any) -> Any:
    return batch


class _Samples(Dataset[_Sent]):
    """What runs in a worker. Bad files are sent back as data: an exception would arrive wrapped in a traceback."""

    def __init__(self, split: Split, variation: Variation, replace_bad: bool) -> None:
        # Without what the split keeps, which a spawned process would be sent.
        self._split = replace(split, kept={})
        self._variation = variation
        self._replace_bad = replace_bad

    def __getitems__(self, keys: list[tuple[int, int]]) -> _Sent:
        epoch = keys[0][0]
        samples = np.array([sample for _, sample in keys], np.int64)
        draws = self._variation.draws(epoch, samples)
        views: list[np.ndarray] = []
        held: list[int] = []
        bad: list[tuple[int, str]] = []
        with quiet():
            for row, sample in enumerate(samples.tolist()):
                read = partial(load, self._split)
                found = next_sound(len(self._split), sample, read, bad, replaced=self._replace_bad)
                if found is not None:
                    index, image = found
                    views.append(self._variation.view(image, draws[row]))
                    held.append(index)
                    samples[len(held) - 1] = index
                    draws[len(held) - 1] = draws[row]
        size = (self._variation.preprocessing.height, self._variation.preprocessing.width, 3)
        images = np.stack(views) if views else np.empty((0, *size), np.uint8)
        images = self._variation.varied(images, draws[: len(held)]) if views else images
        return torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(samples[: len(held)]), bad


_Read = TypeVar("_Read")


def next_sound(
    size: int, sample: int, read: Callable[[int], _Read], bad: list[tuple[int, str]], *, replaced: bool
) -> tuple[int, _Read] | None:
    """What is read of the sample or, if it is bad and to be replaced, of the next of `size` that is sound."""
    for index in (each % size for each in range(sample, sample + size)):
        try:
            return index, read(index)
        except UnreadableError as error:
            bad.append((index, str(error)))
            if not replaced:
                return None
    return None


def load(split: Split, index: int) -> np.ndarray:
    """The image, uint8 (H, W, 3), by the faster of two decoders. Raises `UnreadableError`."""
    images = split.images
    if isinstance(images, ImageFiles) and images.headers[index].plain_jpeg:
        try:
            data = torch.from_numpy(np.fromfile(images.paths[index], np.uint8))
            return decode_image(data, ImageReadMode.RGB, apply_exif_orientation=True).permute(1, 2, 0).numpy()
        except (RuntimeError, OSError):
            pass  # the other decoder says in words what is wrong
    return images.load(index)


def name_bad(split: Split, bad: Sequence[tuple[int, str]]) -> list[BadImage]:
    """The bad files with their paths. Raises EdgewiseError unless the split leaves bad files out."""
    named = [BadImage(split.path(index), reason) for index, reason in bad]
    if named and not split.skip_bad:
        raise bad_images_error(named, len(split), split.name)
    if len(named) == len(split) > 0:
        raise EdgewiseError(f"no image of {split.name} can be used, the first {named[0]}; mend the files")
    return named
