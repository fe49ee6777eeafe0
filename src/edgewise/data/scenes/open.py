"""Which of the layouts of boxes and masks a folder has."""

from __future__ import annotations

from pathlib import Path

from edgewise.blocks import Task
from edgewise.data.assemble import Options
from edgewise.data.dataset import Dataset
from edgewise.data.scenes.coco import coco_files, read_coco
from edgewise.data.scenes.detection import box_dataset
from edgewise.data.scenes.segmentation import has_masks, mask_dataset
from edgewise.data.scenes.voc import is_voc, read_voc
from edgewise.data.scenes.yolo import read_yolo, yolo_folders
from edgewise.errors import EdgewiseError


def task_of(source: Path) -> Task:
    """What the data is for: boxes, masks, or what has neither. Boxes where a VOC folder has both."""
    if has_boxes(source):
        return "detect"
    return "segment" if has_masks(source) else "classify"


def has_boxes(source: Path) -> bool:
    """Whether there are boxes in one of the layouts."""
    if source.is_file():
        return source.suffix.lower() == ".json"
    return source.is_dir() and (is_voc(source) or bool(coco_files(source)) or bool(yolo_folders(source)))


def open_boxes(source: Path, options: Options) -> Dataset:
    """Boxes in COCO's, VOC's or YOLO's layout. Raises `EdgewiseError` where it is none of them."""
    if source.is_dir() and is_voc(source):
        return box_dataset(read_voc(source), options)
    if files := coco_files(source):
        return box_dataset(read_coco(source, files), options)
    if source.is_dir() and (folders := yolo_folders(source)):
        return box_dataset(read_yolo(source, folders), options)
    raise EdgewiseError(
        f"{source} has no boxes that are known: give a COCO .json or its folder, a Pascal VOC folder (Annotations/ and "
        "JPEGImages/), or a YOLO folder (images/ and labels/ with a .txt for each image)"
    )


def open_masks(source: Path, options: Options, ignored: tuple[int, ...] = ()) -> Dataset:
    """Images and masks; `ignored` are values of masks that are nobody's. Raises `EdgewiseError` as `mask_dataset`."""
    if not source.is_dir():
        raise EdgewiseError(f"{source} is no folder of images and masks; give one")
    return mask_dataset(source, options, ignored)
