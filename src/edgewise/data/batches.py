"""Batches for training and evaluation, in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.data.augmentation import Augmentation
from edgewise.data.dataset import Split
from edgewise.data.decode import BadImage
from edgewise.data.loading import KeptSource, Loaded, Source, WorkerSource, fits, keep, name_bad
from edgewise.data.preprocessing import Preprocessing
from edgewise.data.randomness import Purpose, permutation
from edgewise.data.variation import Variation
from edgewise.errors import EdgewiseError

_log = logging.getLogger(__name__)


class Batches:
    """Iterates over a split in batches of (images, targets).

    images: float32 (N, 3, height, width) in channels_last memory format, normalised.
    targets: int64 (N,), or for several labels an image float32 (N, K); of a split that has annotations the boxes,
        float32 (N, M, 6), or masks, uint8 (N, height, width) (`scenes.loading.SceneSource`).

    split, preprocessing: what is loaded, and to what size and scale.
    batch_size: images in a batch of this process; over all `world_size` processes a step takes that many times more.
    seed: decides order and augmentation.
    augmentation: what is done at random, or None.
    shuffle: a new order each epoch, for training. Otherwise the split's own order, for evaluation.
    workers: processes that decode images which are not kept in memory; 0 means this one.
    rank, world_size: this process among those that train together. Each takes its own part of every step's images;
        as with torch's DistributedSampler, the first images are repeated at the end until all have equal parts.
    drop_last: leave out the last step when there are not enough images to fill it.

    A split that fits in 1.5 GiB at the network's size is decoded once, when this object is made, and kept; otherwise
    (and for `crop="resized"`, which needs the original) worker processes decode it anew each epoch. A file that turns
    out to be damaged only then raises EdgewiseError or, where the split skips bad files, is named in the log once and
    listed in `skipped`. In training (`shuffle`) the next sound image takes its place, so that an epoch has
    the same length and order wherever the damage was found; in evaluation it is left out.

    As a Lightning dataloader it is told the epoch through `sampler.set_epoch`, and resumes in the middle of an epoch
    from `state_dict`, whose position counts the batches handed out, not those that workers have prepared.
    """

    # Lightning asks a loader that has a sampler for this, too.
    batch_sampler = None

    def __init__(
        self,
        split: Split,
        preprocessing: Preprocessing,
        *,
        batch_size: int,
        seed: int,
        augmentation: Augmentation | None = None,
        shuffle: bool,
        workers: int,
        rank: int = 0,
        world_size: int = 1,
        drop_last: bool = False,
    ) -> None:
        if batch_size < 1 or workers < 0 or not 0 <= rank < world_size:
            raise EdgewiseError(
                "batches need a batch size of 1 or more, workers of 0 or more and a rank below the world size, not "
                f"{batch_size}, {workers} and {rank} of {world_size}"
            )
        self.split = split
        self.preprocessing = preprocessing
        self.batch_size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        self._rank = rank
        self._world_size = world_size
        self._drop_last = drop_last
        self._skipped: dict[int, BadImage] = {}
        self._targets = torch.from_numpy(split.labels)
        mean, std = (torch.tensor(each).view(1, 3, 1, 1) * 255 for each in (preprocessing.mean, preprocessing.std))
        self._scale, self._shift = 1 / std, -mean / std

        variation = Variation(seed, preprocessing, augmentation)
        self._source: Source
        if split.annotations is not None:
            from edgewise.data.scenes.loading import SceneSource

            self._source = SceneSource(
                split, preprocessing, augmentation, seed=seed, replace_bad=shuffle, workers=workers
            )
        elif fits(split, variation):
            kept = keep(split, preprocessing)
            self._announce(kept.bad)
            self._source = KeptSource(kept, variation)
        else:
            self._source = WorkerSource(split, variation, replace_bad=shuffle, workers=workers)
        self._usable = _without(len(split), list(self._skipped), replaced=shuffle)
        if len(self) == 0:
            raise EdgewiseError(
                f"the {split.name} split has {len(self._usable)} images, less than one step of "
                f"{batch_size * world_size}; use a smaller batch"
            )

        self._epoch = 0
        self._handed_out = 0
        self._resume_at = 0
        self._iterations = 0

    @property
    def skipped(self) -> tuple[BadImage, ...]:
        """Files that this object found to be damaged, and leaves out."""
        return tuple(self._skipped.values())

    @property
    def sampler(self) -> Batches:
        """Lightning calls `set_epoch` on a dataloader's `sampler`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """The next iteration is over this epoch. A position loaded for another epoch is forgotten."""
        if epoch != self._epoch:
            self._epoch, self._handed_out, self._resume_at = epoch, 0, 0

    def state_dict(self) -> dict[str, Any]:
        """The position, the same on every rank, with what it depends on; plain numbers."""
        return {"epoch": self._epoch, "batch": self._handed_out, **self._identity()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next iteration continues after the batch at which `state_dict` was taken.

        Only "epoch" and "batch" must be there. Raises EdgewiseError if the rest says that the state is of other data,
        another batch size or seed.
        """
        for name, value in self._identity().items():
            if state.get(name, value) != value:
                raise EdgewiseError(
                    f"the checkpoint was made with {name.replace('_', ' ')} {state[name]}, this run has {value}; "
                    "resume with the same data and settings or start anew"
                )
        self._epoch, self._handed_out = state["epoch"], state["batch"]
        self._resume_at = self._handed_out

    def _identity(self) -> dict[str, int]:
        return {"images": len(self._usable), "images_a_step": self.batch_size * self._world_size, "seed": self._seed}

    def __len__(self) -> int:
        """Batches in an epoch, wherever it is resumed."""
        step = self.batch_size * self._world_size
        return len(self._usable) // step if self._drop_last else -(-len(self._usable) // step)

    def samples(self, epoch: int) -> list[np.ndarray]:
        """For each batch of the epoch the positions in the split, int64 (N,), of this rank's images."""
        order = self._usable
        if self._shuffle:
            order = order[permutation(self._seed, Purpose.ORDER, epoch, len(order))]
        order = np.resize(order, -(-len(order) // self._world_size) * self._world_size)
        step = self.batch_size * self._world_size
        return [order[batch * step : (batch + 1) * step][self._rank :: self._world_size] for batch in range(len(self))]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # A generator, so what follows runs with the first `next`: Lightning makes its first iterator before it says
        # which epoch it is.
        start, self._resume_at = self._resume_at, 0
        self._handed_out = start
        self._iterations += 1
        this = self._iterations
        with closing(self._source.batches(self._epoch, self.samples(self._epoch)[start:])) as source:
            for loaded in source:
                self._announce(loaded.bad)
                self._handed_out += 1
                if len(loaded.samples):  # an evaluation batch may hold nothing but bad files
                    yield self._finished(loaded)
                if this != self._iterations:
                    raise RuntimeError("these batches are iterated over a second time; use one iterator at a time")

    def _finished(self, loaded: Loaded) -> tuple[Tensor, Tensor]:
        # Batch, height, width, channel in memory, seen as (N, 3, H, W), is what torch calls channels_last.
        images = torch.from_numpy(np.ascontiguousarray(loaded.images)).permute(0, 3, 1, 2)
        normal = images.float().mul_(self._scale).add_(self._shift)
        if loaded.targets is not None:
            return normal, torch.from_numpy(loaded.targets)
        return normal, self._targets[torch.from_numpy(loaded.samples)]

    def _announce(self, bad: Sequence[tuple[int, str]]) -> None:
        new = [(index, reason) for index, reason in dict(bad).items() if index not in self._skipped]
        for (index, _), image in zip(new, name_bad(self.split, new), strict=True):
            self._skipped[index] = image
            _log.warning("left out of %s: %s", self.split.name, image)


def _without(size: int, bad: Sequence[int], *, replaced: bool) -> np.ndarray:
    """The positions 0 to size - 1 without the bad ones, or with each replaced by the next sound one, cyclically."""
    sound = np.setdiff1d(np.arange(size), bad)
    return sound[np.searchsorted(sound, np.arange(size)) % len(sound)] if replaced else sound
