"""From folders of images and masks to a Dataset: VOC, Cityscapes, and images beside labels (CamVid)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgewise.data.assemble import Listing, Options, from_files
from edgewise.data.dataset import Dataset, Split, bad_images_error
from edgewise.data.decode import BadImage, UnreadableError
from edgewise.data.images import in_threads, size_of
from edgewise.data.scenes.annotations import IGNORED, MaskAnnotations, MaskFile, digest_with
from edgewise.data.scenes.classes import FILE, MaskClasses, cityscapes, pascal, read_classes
from edgewise.data.scenes.masks import MaskRule
from edgewise.errors import EdgewiseError

_SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
_MASKS = (".png", ".bmp", ".tif", ".tiff", ".gif")
_LABELS = ("labels", "masks", "annotations", "annot")


@dataclass(frozen=True)
class _Pair:
    image: Path
    mask: Path
    split: str | None


@dataclass(frozen=True)
class _Layout:
    pairs: tuple[_Pair, ...]
    given: dict[str, str]
    classes: MaskClasses | None


def has_masks(root: Path) -> bool:
    """Whether the folder has one of the layouts."""
    return root.is_dir() and _layout(root) is not None


def mask_dataset(root: Path, options: Options, ignored: tuple[int, ...] = ()) -> Dataset:
    """Opens a folder of images and masks. `ignored` are values of masks that are nobody's, beside 255.

    Raises `EdgewiseError` for images and masks that cannot be used or do not have the same size (unless skipped), and
    where the folder has no such layout.
    """
    layout = _layout(root)
    if layout is None:
        raise EdgewiseError(
            f"{root} has no masks that are known: put images into images/ and masks of the same names into labels/, "
            "in it or in its train/, val/ and test/ (VOC's and Cityscapes' own folders are known too)"
        )
    classes = layout.classes
    if (root / FILE).is_file():
        classes = read_classes(root / FILE)
    rule = MaskRule() if classes is None else classes.rule
    rule = replace(rule, ignored=tuple({*rule.ignored, *ignored}))
    masks = {str(pair.image): MaskFile(pair.mask, rule) for pair in layout.pairs}
    names = [pair.image.relative_to(root).as_posix() for pair in layout.pairs]
    read = in_threads(lambda pair: _read(masks[str(pair.image)]), layout.pairs)
    bad = [BadImage(name, one) for name, one in zip(names, read, strict=True) if isinstance(one, str)]
    if bad and not options.skip_bad:
        raise bad_images_error(bad, len(names), str(root))
    sound = [index for index, one in enumerate(read) if not isinstance(one, str)]
    found = [_found(read[index]) for index in sound]
    if not found:
        raise EdgewiseError(f"{root} has no image with a mask that can be used")
    if classes is None:
        most = max((label for one in found for label in one.labels), default=0)
        classes = MaskClasses(tuple(f"class {number}" for number in range(most + 1)), rule)
    read_of = {str(layout.pairs[index].image): one for index, one in zip(sound, found, strict=True)}
    listing = Listing(
        source=str(root),
        classes=classes.names,
        multi_label=True,
        names=[names[index] for index in sound],
        labels=[one.labels for one in found],
        splits=[layout.pairs[index].split for index in sound],
        given=layout.given,
        bad=bad,
        everywhere=False,
    )
    dataset = from_files(listing, [layout.pairs[index].image for index in sound], options)
    return _matched(dataset, masks, read_of, options)


@dataclass(frozen=True)
class _Found:
    shape: tuple[int, int]
    labels: tuple[int, ...]
    digest: bytes


def _read(mask: MaskFile) -> _Found | str:
    """The size of a mask and the classes in it, or what is wrong with it."""
    try:
        pixels = mask.load()
    except UnreadableError as error:
        return str(error)
    present = np.flatnonzero(np.bincount(pixels.ravel(), minlength=IGNORED + 1)[:IGNORED])
    digest = hashlib.sha256(pixels.tobytes()).digest()
    return _Found((pixels.shape[0], pixels.shape[1]), tuple(present.tolist()), digest)


def _found(read: _Found | str) -> _Found:
    assert isinstance(read, _Found)
    return read


def _matched(dataset: Dataset, masks: dict[str, MaskFile], read_of: dict[str, _Found], options: Options) -> Dataset:
    """The dataset with its masks; images whose mask has another size are bad."""
    bad: list[BadImage] = []
    splits: dict[str, Split] = {}
    drawn: list[bytes] = []
    for name, split in dataset.splits.items():
        good: list[int] = []
        for index in range(len(split)):
            path = split.path(index)
            both = size_of(split.images, index), read_of[path].shape
            if both[0] == both[1]:
                good.append(index)
                continue
            sizes = [f"{width}×{height}" for height, width in both]
            bad.append(BadImage(path, f"has {sizes[0]} pixels and its mask {sizes[1]}"))
        kept = split.take(good) if len(good) < len(split) else split
        annotations = MaskAnnotations([masks[kept.path(index)] for index in range(len(kept))])
        splits[name] = replace(kept, annotations=annotations)
        drawn += [read_of[kept.path(index)].digest for index in range(len(kept))]
    if bad and not options.skip_bad:
        raise bad_images_error(bad, len(read_of), dataset.source)
    skipped = (*dataset.skipped, *bad)
    digest = digest_with(dataset.digest, drawn)
    return replace(dataset, task="segment", multi_label=False, splits=splits, skipped=skipped, digest=digest)


def _layout(root: Path) -> _Layout | None:
    return _voc(root) or _cityscapes(root) or _beside(root)


def _voc(root: Path) -> _Layout | None:
    images, masks = root / "JPEGImages", root / "SegmentationClass"
    if not images.is_dir() or not masks.is_dir():
        return None
    lists = root / "ImageSets" / "Segmentation"
    pairs: list[_Pair] = []
    given: dict[str, str] = {}
    for split in ("train", "val", "test"):
        path = lists / f"{split}.txt"
        if path.is_file():
            given[split] = f"ImageSets/Segmentation/{split}.txt"
            stems = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            pairs += [_Pair(images / f"{stem}.jpg", masks / f"{stem}.png", split) for stem in stems]
    if not pairs:
        pairs = [_Pair(images / f"{mask.stem}.jpg", mask, None) for mask in sorted(masks.glob("*.png"))]
    return _Layout(tuple(pairs), given, pascal()) if pairs else None


def _cityscapes(root: Path) -> _Layout | None:
    images, masks = root / "leftImg8bit", root / "gtFine"
    if not images.is_dir() or not masks.is_dir():
        return None
    pairs: list[_Pair] = []
    given: dict[str, str] = {}
    for split in ("train", "val", "test"):
        for image in sorted((images / split).rglob("*_leftImg8bit.png")):
            beside = masks / split / image.parent.relative_to(images / split)
            mask = beside / image.name.replace("_leftImg8bit", "_gtFine_labelIds")
            pairs.append(_Pair(image, mask, split))
            given[split] = f"leftImg8bit/{split}/"
    return _Layout(tuple(pairs), given, cityscapes()) if pairs else None


def _beside(root: Path) -> _Layout | None:
    """`images/` and `labels/` (or `masks/` …), in the folder itself or in one for each split."""
    pairs: list[_Pair] = []
    given: dict[str, str] = {}
    for folder, split in _split_folders(root):
        for images, masks in _folders(folder):
            found = [_Pair(image, mask, split) for image, mask in _same_names(images, masks)]
            if found and split is not None:
                given[split] = f"{folder.relative_to(root).as_posix()}/"
            pairs += found
    return _Layout(tuple(pairs), given, None) if pairs else None


def _split_folders(root: Path) -> Iterator[tuple[Path, str | None]]:
    some = False
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        split = _SPLITS.get(folder.name.lower())
        if split is not None:
            some = True
            yield folder, split
    if not some:
        yield root, None


def _folders(folder: Path) -> Iterator[tuple[Path, Path]]:
    images = folder / "images"
    masks = next((folder / name for name in _LABELS if (folder / name).is_dir()), None)
    if images.is_dir() and masks is not None:
        yield images, masks


def _same_names(images: Path, masks: Path) -> Iterator[tuple[Path, Path]]:
    """Images with the files of their masks; one without is named as bad later, unless all are."""
    if not any(path.suffix.lower() in _MASKS for path in masks.iterdir()):
        return
    for image in sorted(path for path in images.iterdir() if path.suffix.lower() in _IMAGES):
        named = (masks / f"{image.stem}{ending}" for ending in (*_MASKS, "_L.png", "_mask.png"))
        yield image, next((path for path in named if path.is_file()), masks / f"{image.stem}.png")
