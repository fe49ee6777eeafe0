"""One door to every kind of data."""

from __future__ import annotations

import difflib
from pathlib import Path

from edgewise.blocks import Task
from edgewise.data.assemble import Options
from edgewise.data.csv import open_csv
from edgewise.data.dataset import Dataset
from edgewise.data.digits import open_digits
from edgewise.data.folder import open_folder
from edgewise.data.named import default_root, open_cifar, open_imagenet
from edgewise.data.stratify import check_shares
from edgewise.errors import EdgewiseError

NAMES = ("digits", "scenes", "cifar10", "cifar100", "imagenet")

_CLASSIFIED = ("digits", "cifar10", "cifar100", "imagenet", "imagenet1k")

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")


def open_dataset(
    source: str | Path,
    *,
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    val_share: float = 0.1,
    test_share: float = 0.1,
    only: str | None = None,
    task: Task | None = "classify",
    ignored: tuple[int, ...] = (),
) -> Dataset:
    """Opens labelled images, or images with boxes or masks.

    Args:
        source: a folder of images (see `open_folder`), a CSV or TSV of paths and labels (see `open_csv`), or one of
            "digits" (built in), "cifar10", "cifar100", "imagenet". A name given as a string means the dataset of that
            name even where a folder is called the same; write "./digits" for the folder. With boxes it is a COCO
            `.json` or its folder, a VOC or YOLO folder; with masks a folder of images and masks (`data.scenes`); or
            "scenes", the built-in digits put together.
        seed: draws the splits that the data does not come with.
        skip_bad: leave out files that cannot be used, listed in `Dataset.skipped`, instead of raising an error.
        root: where named datasets are looked for and downloaded to; by default `edgewise` in the user's cache folder.
        val_share, test_share: how much of the training images becomes the val or test split where there is none.
        only: the one split that is needed, for evaluation. "all" takes every image, without dividing them and without
            asking for several classes or several images of each. A split that the data comes with is opened alone,
            and nothing of the others; one that has to be drawn is drawn as ever.
        task: what the images are for; None reads it from the data.
        ignored: values of masks that are nobody's, beside 255.

    Every file is opened once: fully while the images fit in memory, else its header. Raises EdgewiseError.
    """
    check_shares({"val": val_share, "test": test_share})
    if odd := [value for value in ignored if not 0 <= value <= 255]:
        raise EdgewiseError(f"masks have values from 0 to 255, and {odd[0]} is none to ignore")
    options = Options(seed, skip_bad, val_share, test_share, only)
    if isinstance(source, str):
        name = source.lower().replace("-", "").replace("_", "")
        if name in _CLASSIFIED and task in ("detect", "segment"):
            what = "boxes" if task == "detect" else "masks"
            raise EdgewiseError(f"{source} has classes of whole images and no {what}; give data that has, as scenes")
        match name:
            case "digits":
                return open_digits(options)
            case "cifar10":
                return open_cifar(10, root or default_root(), options)
            case "cifar100":
                return open_cifar(100, root or default_root(), options)
            case "imagenet" | "imagenet1k":
                return open_imagenet(root or default_root() / "imagenet", options)
            case "scenes":
                from edgewise.data.scenes.composed import open_scenes

                if task == "classify":
                    raise EdgewiseError("scenes have boxes or masks and no classes of whole images; give digits")
                _no_masks(task or "detect", ignored)
                return open_scenes(task or "detect", options)
    path = Path(source).expanduser()
    if task != "classify" and path.exists():
        from edgewise.data.scenes import open_boxes, open_masks, task_of

        wanted = task_of(path) if task is None else task
        _no_masks(wanted, ignored)
        if wanted != "classify":
            return open_boxes(path, options) if wanted == "detect" else open_masks(path, options, ignored)
    if path.is_dir():
        from edgewise.data.scenes import has_boxes

        if has_boxes(path):
            raise EdgewiseError(
                f"{path} has boxes around things and no classes of whole images; give a folder with a folder of images "
                "for each class"
            )
        return open_folder(path, options)
    if path.name.lower().endswith(_ARCHIVES) and path.exists():
        raise EdgewiseError(f"{path} is an archive; unpack it and give the folder instead")
    if path.is_file() and path.suffix.lower() in {".csv", ".tsv"}:
        return open_csv(path, options)
    if path.exists():
        raise EdgewiseError(f"{path} is neither a folder of images nor a .csv of paths and labels; give one of these")
    raise EdgewiseError(_unknown(str(source), path))


def _no_masks(task: Task, ignored: tuple[int, ...]) -> None:
    if ignored and task != "segment":
        raise EdgewiseError(f"{ignored[0]} is to be ignored in masks, and this data has none; leave --ignore-index out")


def _unknown(source: str, path: Path) -> str:
    """No such data: the nearest name, or the nearest file or folder beside it."""
    nearby = sorted(each.name for each in path.parent.iterdir()) if path.parent.is_dir() else []
    near_paths = [str(path.parent / name) for name in difflib.get_close_matches(path.name, nearby, n=1)]
    near_names = difflib.get_close_matches(source.lower(), NAMES, n=1) if path.parent == Path() else []
    nearest = [*near_names, *near_paths]
    hint = f"did you mean {nearest[0]}?" if nearest else f"give a folder, a CSV, or one of {', '.join(NAMES)}"
    return f"there is no data {source!r}; {hint}"
