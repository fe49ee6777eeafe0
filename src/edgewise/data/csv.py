"""A CSV of image paths and labels."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from edgewise.data.assemble import Listing, Options, from_files
from edgewise.data.dataset import Dataset
from edgewise.errors import EdgewiseError

_SPLIT_NAMES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_COLUMNS = ("path", "label", "split")


def open_csv(file: Path, options: Options) -> Dataset:
    """Opens a CSV (or, named `.tsv`, a table separated by tabs) with a header as a Dataset.

    Columns: `path`, relative to the CSV's folder or absolute; `label`; and, if the images are already divided,
    `split` ("train", "val" or "test"), where a split without rows is drawn from the training rows. An image has
    several labels when they are separated by `;` or given in several rows; one such image makes the dataset
    multi-label, and an empty label then means that the image shows none of the classes.

    Raises EdgewiseError for a table that cannot be understood, naming the row, and for files that are missing or
    cannot be used (unless skipped).
    """
    rows = _rows(file)
    images: dict[str, tuple[dict[str, None], str | None]] = {}  # path to its labels, in order, and its split
    for number, (path, label, split) in rows:
        labels, known = images.setdefault(path, ({}, split))
        if known != split:
            raise EdgewiseError(f"{file} row {number} puts {path} in {split}, an earlier row in {known}; choose one")
        labels.update(dict.fromkeys(name for name in (part.strip() for part in label.split(";")) if name))
    multi_label = any(len(labels) > 1 for labels, _ in images.values())
    for path, (labels, _) in images.items():
        if not labels and not multi_label:
            raise EdgewiseError(f"{file} gives no label for {path}; fill in the label column or remove the row")
    classes = sorted({name for labels, _ in images.values() for name in labels})
    index = {name: label for label, name in enumerate(classes)}
    splits = [split for _, split in images.values()]
    listing = Listing(
        source=str(file),
        classes=tuple(classes),
        multi_label=multi_label,
        names=list(images),
        labels=[tuple(sorted(index[name] for name in labels)) for labels, _ in images.values()],
        splits=splits,
        given={name: f"the rows marked {name}" for name in ("train", "val", "test") if name in splits},
    )
    return from_files(listing, [file.parent / path for path in images], options)


def _rows(file: Path) -> list[tuple[int, tuple[str, str, str | None]]]:
    """(row number counted as an editor does, (path, label, split)) for each row that is not blank."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise EdgewiseError(f"{file} is not UTF-8 text; save the table as UTF-8") from None
    except OSError as error:
        raise EdgewiseError(f"{file} cannot be read: {error.strerror}") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if file.suffix.lower() == ".tsv" else ",")
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if missing := [name for name in _COLUMNS[:2] if name not in header]:
            raise EdgewiseError(
                f"{file} has no column {' and no column '.join(missing)}; its first row must name the columns path, "
                "label and, if you divide the images yourself, split"
            )
        columns = [header.index(name) if name in header else None for name in _COLUMNS]
        rows: list[tuple[int, tuple[str, str, str | None]]] = []
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(header):
                raise EdgewiseError(
                    f"{file} row {reader.line_num} has {len(row)} columns, the header {len(header)}; quote values that "
                    "hold a comma, and separate labels by a semicolon"
                )
            path, label, split = (
                row[column].strip() if column is not None and column < len(row) else "" for column in columns
            )
            rows.append((reader.line_num, (path, label, _split(file, reader.line_num, split, columns[2]))))
            if not path:
                raise EdgewiseError(f"{file} row {reader.line_num} has no path; fill it in or remove the row")
    except csv.Error as error:
        raise EdgewiseError(f"{file} row {reader.line_num} is not CSV: {error}; mend the row") from None
    if not rows:
        raise EdgewiseError(f"{file} has no rows below its header; add one for each image")
    return rows


def _split(file: Path, number: int, value: str, column: int | None) -> str | None:
    if column is None:
        return None
    if (name := _SPLIT_NAMES.get(value.lower())) is None:
        raise EdgewiseError(f"{file} row {number} has the split {value!r}; write train, val or test")
    return name
