"""Where a split's pixels are: in memory, or in files."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol, TypeVar

import numpy as np

from edgewise.data.decode import BadImage, Header, UnreadableError, decode, quiet, read

# What images may take in memory, as 8-bit RGB.
MEMORY_LIMIT = 3 * 2**29

# Work that takes less than this is mostly Python's own, which threads do not share but compete for: two threads
# decode images of 32 x 32 more slowly than one does.
_WORTH_A_THREAD_S = 0.0003
# Whatever the work, this long is a wait for a disk or a network, and waits can overlap.
_SLOW_DISK_S = 0.003
_SAMPLE = 32

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Images(Protocol):
    """A sequence of RGB images with names."""

    def __len__(self) -> int: ...

    def load(self, index: int) -> np.ndarray:
        """uint8 (H, W, 3). Raises UnreadableError for a file that is damaged behind a sound header."""
        ...

    def path(self, index: int) -> str:
        """The file, or for images that never were files a name."""
        ...

    def take(self, indices: Sequence[int]) -> Images: ...


@dataclass(frozen=True, eq=False)
class StoredImages:
    """Images in memory: uint8 (N, H, W, 3), or a list of arrays (H, W, 3) where they differ in size."""

    pixels: np.ndarray | list[np.ndarray]
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.names)

    def load(self, index: int) -> np.ndarray:
        return self.pixels[index]

    def path(self, index: int) -> str:
        return self.names[index]

    def take(self, indices: Sequence[int]) -> StoredImages:
        names = [self.names[index] for index in indices]
        if isinstance(self.pixels, np.ndarray):
            return StoredImages(self.pixels[np.asarray(indices, np.int64)], names)
        pixels = [self.pixels[index] for index in indices]
        same_size = len({image.shape for image in pixels}) == 1
        return StoredImages(np.stack(pixels) if same_size else pixels, names)


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Images decoded each time they are asked for."""

    paths: Sequence[Path]
    headers: Sequence[Header]

    def __len__(self) -> int:
        return len(self.paths)

    def load(self, index: int) -> np.ndarray:
        return decode(self.paths[index])

    def path(self, index: int) -> str:
        return str(self.paths[index])

    def take(self, indices: Sequence[int]) -> ImageFiles:
        return ImageFiles([self.paths[index] for index in indices], [self.headers[index] for index in indices])


def size_of(images: Images, index: int) -> tuple[int, int]:
    """Height and width of an image, by its header where it is not in memory."""
    if isinstance(images, ImageFiles):
        header = images.headers[index]
        return header.height, header.width
    height, width = images.load(index).shape[:2]
    return height, width


@dataclass(frozen=True)
class Reading:
    """What became of a list of files.

    `images` holds those at the positions `good`, whose files have `sizes` bytes; the rest are in `bad`.
    """

    images: Images
    sizes: Sequence[int]
    good: Sequence[int]
    bad: Sequence[BadImage]


def read_files(paths: Sequence[Path], names: Sequence[str]) -> Reading:
    """Opens every file once, in parallel. names: what to call each in messages.

    While the images fit in `MEMORY_LIMIT` they are decoded on the way and kept, so that nothing is opened
    twice and damage anywhere in a file is found now. Past the limit only headers are read, and the images stay in
    their files.
    """
    room = _Room(MEMORY_LIMIT)

    def read_one(path: Path) -> tuple[Header, np.ndarray | None] | UnreadableError:
        try:
            return read(path, lambda header: room.claim(header.nbytes))
        except UnreadableError as error:
            return error

    results = in_threads(read_one, paths)
    bad = [
        BadImage(name, str(result))
        for name, result in zip(names, results, strict=True)
        if isinstance(result, UnreadableError)
    ]
    sound = [(index, *result) for index, result in enumerate(results) if not isinstance(result, UnreadableError)]
    good = [index for index, _, _ in sound]
    kept = [paths[index] for index in good]
    sizes = [header.file_size for _, header, _ in sound]
    pixels = [image for _, _, image in sound if image is not None]
    if len(pixels) == len(sound):
        return Reading(StoredImages(pixels, [str(path) for path in kept]), sizes, good, bad)
    return Reading(ImageFiles(kept, [header for _, header, _ in sound]), sizes, good, bad)


class _Room:
    """Bytes left for pixels, claimed by many threads. One claim too large ends it: all images are kept or none."""

    def __init__(self, nbytes: int) -> None:
        self._left = nbytes
        self._lock = threading.Lock()

    def claim(self, nbytes: int) -> bool:
        with self._lock:
            self._left = self._left - nbytes if nbytes <= self._left else -1
            return self._left >= 0


def in_threads(work: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    """`[work(item) for item in items]`, over all cores if the first items take long enough to make that worth it.

    Pillow lets go of the interpreter while it decodes and resizes.
    """
    busy: list[float] = []
    waited: list[float] = []
    with quiet():
        done: list[_Result] = []
        for item in items[:_SAMPLE]:
            cpu, wall = time.thread_time(), time.perf_counter()
            done.append(work(item))
            busy.append(time.thread_time() - cpu)
            waited.append(time.perf_counter() - wall)
        rest = items[_SAMPLE:]
        # Medians, because the first image also loads Pillow's plugins.
        if not rest or (median(busy) < _WORTH_A_THREAD_S and median(waited) < _SLOW_DISK_S):
            return done + [work(item) for item in rest]
        with ThreadPoolExecutor(available_cores()) as pool:
            return done + list(pool.map(work, rest))


def available_cores() -> int:
    """Cores this process may use, which in a container is less than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
