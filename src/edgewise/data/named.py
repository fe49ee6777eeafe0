"""Datasets known by name that torchvision reads: CIFAR-10, CIFAR-100 and ImageNet."""

from __future__ import annotations

import os
from pathlib import Path

from edgewise.data.assemble import Listing, Options, from_files, from_images
from edgewise.data.dataset import Dataset
from edgewise.data.images import StoredImages
from edgewise.errors import EdgewiseError


def default_root() -> Path:
    """Where named datasets are looked for and downloaded to: `edgewise` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgewise"


def open_cifar(classes: int, root: Path, options: Options) -> Dataset:
    """CIFAR-10 or CIFAR-100: 50,000 images of 32 x 32 to train on and 10,000 to test, val drawn from the former.

    torchvision reads the archive of the authors, whose batches are pickles; it checks each against its published MD5
    before it opens it. Downloads what is not in `root`; raises EdgewiseError when that fails.
    """
    from torchvision.datasets import CIFAR10, CIFAR100

    name, kind = ("cifar10", CIFAR10) if classes == 10 else ("cifar100", CIFAR100)
    try:
        parts = {split: kind(str(root), train=split == "train", download=True) for split in ("train", "test")}
    except (OSError, RuntimeError, EOFError) as error:
        raise EdgewiseError(
            f"{name} was looked for in {root / kind.base_folder} and could not be downloaded ({error}); get {kind.url} "
            f"and put it, or what it holds, into {root}, or name another folder as root"
        ) from error
    names = [f"{split}/{index:05}" for split, part in parts.items() for index in range(len(part.data))]
    labels = [(int(label),) for part in parts.values() for label in part.targets]
    splits: list[str | None] = [split for split, part in parts.items() for _ in part.targets]
    pixels = [image for part in parts.values() for image in part.data]
    listing = Listing(
        source=name,
        classes=tuple(parts["train"].classes),
        multi_label=False,
        names=names,
        labels=labels,
        splits=splits,
        given={split: f"the {len(part.data):,} {split} images" for split, part in parts.items()},
    )
    return from_images(listing, StoredImages(pixels, names), [pixels[0].nbytes] * len(names), options)


def open_imagenet(root: Path, options: Options) -> Dataset:
    """ImageNet (ILSVRC 2012). `val` is its validation set; the labels of its test set are not public, so `test` is
    drawn from the training images.

    Raises EdgewiseError, saying which files go where, when it is not in `root`: it cannot be downloaded freely.
    """
    from torchvision.datasets import ImageNet

    from edgewise.weights.imagenet import names_by_id

    try:
        needed = ("val",) if options.only == "val" else ("train", "val")
        parts = {split: ImageNet(str(root), split=split) for split in needed}
    except (OSError, RuntimeError, ModuleNotFoundError) as error:
        raise EdgewiseError(
            f"ImageNet was looked for in {root} and is not there whole ({error}); get ILSVRC2012_devkit_t12.tar.gz, "
            "ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar from image-net.org and put them into that folder, "
            "or name another folder as root"
        ) from error
    # The names of weights that were trained on it elsewhere, so that these can be evaluated on it.
    names = names_by_id()
    classes = tuple(names.get(wnid, wnid) for wnid in parts["val"].wnids)
    samples = [(split, Path(path), label) for split, part in parts.items() for path, label in part.samples]
    listing = Listing(
        source="imagenet",
        classes=classes,
        multi_label=False,
        names=[path.relative_to(root).as_posix() for _, path, _ in samples],
        labels=[(label,) for _, _, label in samples],
        splits=[split for split, _, _ in samples],
        given={split: f"the {len(part.samples):,} images of {split}/" for split, part in parts.items()},
    )
    return from_files(listing, [path for _, path, _ in samples], options)
