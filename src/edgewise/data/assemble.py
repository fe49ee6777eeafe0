"""From a list of labelled files, or labelled arrays, to a Dataset: read, divide, check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgewise.data.dataset import ALL, SPLITS, Dataset, Split, bad_images_error, content_digest
from edgewise.data.decode import BadImage
from edgewise.data.images import Images, read_files
from edgewise.data.stratify import membership, stratified
from edgewise.errors import EdgewiseError


@dataclass(frozen=True)
class Options:
    """How a dataset is to be opened; the fields are those of `open_dataset`."""

    seed: int = 0
    skip_bad: bool = False
    val_share: float = 0.1
    test_share: float = 0.1
    only: str | None = None


@dataclass(frozen=True)
class Listing:
    """Images with their labels and the splits they were given in, not yet opened.

    names: each image's path relative to the source, with forward slashes.
    labels: class indices, none, one or several an image.
    splits: one of "train", "val", "test" for each image, or for all of them None: ours to divide.
    given: for the splits given, where they come from: {"val": "valid/"}.
    bad: what was found and is no image.
    note: a sentence to go with the split rule, or nothing.
    everywhere: whether every class has to be in every split that is given, and twice in all. A class of boxes or pixels
        may be missing from some.
    """

    source: str
    classes: tuple[str, ...]
    multi_label: bool
    names: Sequence[str]
    labels: Sequence[tuple[int, ...]]
    splits: Sequence[str | None]
    given: dict[str, str]
    bad: Sequence[BadImage] = ()
    note: str = ""
    everywhere: bool = True

    def take(self, indices: Sequence[int]) -> Listing:
        return replace(
            self,
            names=[self.names[index] for index in indices],
            labels=[self.labels[index] for index in indices],
            splits=[self.splits[index] for index in indices],
        )


def from_files(listing: Listing, paths: Sequence[Path], options: Options) -> Dataset:
    """Opens every file of the listing that the options ask for.

    Raises EdgewiseError for bad files (unless they are skipped) and bad splits.
    """
    wanted = _wanted(listing, options)
    listing, paths = listing.take(wanted), [paths[index] for index in wanted]
    reading = read_files(paths, listing.names)
    bad = (*listing.bad, *reading.bad)
    if bad and not options.skip_bad:
        raise bad_images_error(bad, len(paths) + len(listing.bad), listing.source)
    return from_images(replace(listing.take(reading.good), bad=bad), reading.images, reading.sizes, options)


def from_images(listing: Listing, images: Images, sizes: Sequence[int], options: Options) -> Dataset:
    """Divides the images of the listing, unless the options ask for one split of them that is settled already.

    sizes: bytes of each, for the digest. Raises EdgewiseError.
    """
    if _settled(listing, options):
        wanted = _wanted(listing, options)
        if len(wanted) < len(listing.names):
            listing, images, sizes = listing.take(wanted), images.take(wanted), [sizes[index] for index in wanted]
        _check_some(listing)
        name = options.only or ALL
        names: tuple[str, ...] = (name,)
        splits, rule = [name] * len(wanted), f"{name} is {listing.given.get(name, 'all images')}, undivided."
    else:
        _check_classes(listing, options)
        names = SPLITS
        splits, rule = _divide(listing, options)
        _check_splits(listing, splits)
    targets = (
        membership(listing.labels, len(listing.classes))
        if listing.multi_label
        else np.array([label for (label,) in listing.labels], np.int64)
    )
    members = {name: [index for index, split in enumerate(splits) if split == name] for name in names}
    return Dataset(
        source=listing.source,
        classes=listing.classes,
        multi_label=listing.multi_label,
        splits={
            name: Split(name, images.take(indices), targets[indices], options.skip_bad)
            for name, indices in members.items()
        },
        digest=content_digest(zip(listing.names, sizes, listing.labels, splits, strict=True), listing.classes),
        split_rule=" ".join(part for part in (rule, listing.note) if part),
        skipped=tuple(listing.bad),
    )


def _settled(listing: Listing, options: Options) -> bool:
    """Whether the one split that is asked for needs no division: it is everything, or the data comes with it."""
    return options.only == ALL or (options.only is not None and options.only in listing.given)


def _wanted(listing: Listing, options: Options) -> list[int]:
    """Which images of the listing are asked for."""
    everything = options.only == ALL or not _settled(listing, options)
    return [index for index, split in enumerate(listing.splits) if everything or split == options.only]


def _hint(options: Options) -> str:
    return ", or take all of them with --split all" if options.only is not None else ""


def _divide(listing: Listing, options: Options) -> tuple[list[str], str]:
    """The split of each image, and the rule in a sentence. A split that was given is left as it is, under its name."""
    present = {name for name in SPLITS if name in set(listing.splits)}
    if present and "train" not in present:
        have = f"{listing.source} has {' and '.join(sorted(present))} images"
        if options.only is not None:
            raise EdgewiseError(f"{have} and none for {options.only}; choose one of those, or all, as --split")
        raise EdgewiseError(f"{have} but none to train on; add a train split")
    shares = {"val": options.val_share, "test": options.test_share}
    drawn = {name: share for name, share in shares.items() if name not in present}
    rows = [index for index, split in enumerate(listing.splits) if split in {None, "train"}]
    splits = [split or "train" for split in listing.splits]
    if drawn:
        for index, name in zip(rows, stratified([listing.labels[i] for i in rows], drawn, options.seed), strict=True):
            splits[index] = name
    kept = [f"{name} is {listing.given[name]}" for name in SPLITS if name in present and (name != "train" or not drawn)]
    whole = listing.given["train"] if present else "all images"
    made = [f"{name} is {share * 100:g}% of {whole}" for name, share in drawn.items()]
    how = f", drawn class by class with seed {options.seed}, and train is the rest" if made else ""
    given = f"{_series(kept)}, as given" if kept else ""
    return splits, f"{'; '.join(part for part in (given, _series(made) + how) if part)}."


def _series(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def _check_some(listing: Listing) -> None:
    if not listing.names:
        left = f" ({len(listing.bad)} files cannot be used: {next(iter(listing.bad))} …)" if listing.bad else ""
        raise EdgewiseError(f"{listing.source} holds no usable image{left}")


def _check_classes(listing: Listing, options: Options) -> None:
    _check_some(listing)
    if len(listing.classes) < 2 and not listing.multi_label:
        raise EdgewiseError(
            f"{listing.source} has only the class {''.join(listing.classes)!r}; give images of two classes or more"
            f"{_hint(options)}"
        )
    if not listing.everywhere:
        return
    for name, count in zip(listing.classes, _per_class(listing.labels, len(listing.classes)), strict=True):
        if count == 0:
            raise EdgewiseError(f"class {name!r} of {listing.source} has no usable image; add some or remove the class")
        if count == 1:
            raise EdgewiseError(
                f"class {name!r} of {listing.source} has a single usable image, and training and testing need one "
                f"each; add more or remove the class{_hint(options)}"
            )


def _check_splits(listing: Listing, splits: Sequence[str]) -> None:
    """Every class must be trained, and every split that was given must hold all of them."""
    for split in SPLITS:
        labels = [labels for labels, name in zip(listing.labels, splits, strict=True) if name == split]
        if not labels:
            raise EdgewiseError(f"{listing.source} has too few images for a {split} split; add images to each class")
        if not listing.everywhere or (split != "train" and split not in listing.given):
            continue
        where = listing.given.get(split, "the part for training")
        for name, count in zip(listing.classes, _per_class(labels, len(listing.classes)), strict=True):
            if count == 0:
                raise EdgewiseError(
                    f"class {name!r} of {listing.source} has no usable image in {where}; add some there, or remove "
                    "the class from every split"
                )


def _per_class(labels: Sequence[Sequence[int]], classes: int) -> list[int]:
    return np.bincount([label for present in labels for label in present], minlength=classes).tolist()
