"""One mask file to the class of every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from edgewise.data.decode import UnreadableError

NOBODY = 255


@dataclass(frozen=True)
class MaskRule:
    """How the values of mask files are classes.

    `classes` is their number, where it is known; `values` maps a file's values to classes, where they are not the
    classes themselves; `colours` maps (red, green, blue), for masks in colour; `ignored` are the values of pixels that
    are nobody's, beside 255.
    """

    classes: int | None = None
    values: tuple[tuple[int, int], ...] = ()
    colours: tuple[tuple[tuple[int, int, int], int], ...] = ()
    ignored: tuple[int, ...] = ()

    @property
    def colour_of(self) -> Mapping[tuple[int, int, int], int]:
        return dict(self.colours)


def read_mask(path: Path, rule: MaskRule) -> np.ndarray:
    """uint8 (H, W): classes from 0, 255 where there is none. Raises `UnreadableError` with the end of a sentence that
    begins with the path."""
    try:
        with Image.open(path) as image:
            image.load()
            coloured = image.mode in ("RGB", "RGBA") or (image.mode == "P" and bool(rule.colours))
            pixels = np.asarray(image.convert("RGB") if coloured else image)
    except FileNotFoundError:
        raise UnreadableError("has no mask") from None
    except Exception as error:  # Pillow's plugins raise anything on damaged files
        raise UnreadableError(f"has a mask that cannot be read ({type(error).__name__}: {error})") from None
    return _of_colours(pixels, rule) if coloured else _of_values(pixels, rule)


def _of_values(pixels: np.ndarray, rule: MaskRule) -> np.ndarray:
    if pixels.ndim != 2 or pixels.dtype.kind not in "bui" or pixels.max(initial=0) > NOBODY:
        raise UnreadableError("has a mask whose pixels are no numbers from 0 to 255; save it as 8-bit grey or palette")
    known = dict(rule.values) if rule.values else {value: value for value in range(rule.classes or NOBODY)}
    table = np.full(NOBODY + 1, NOBODY, np.uint8)
    for value, label in known.items():
        table[value] = label
    nobody = {*rule.ignored, NOBODY}
    table[list(nobody)] = NOBODY
    present = np.flatnonzero(np.bincount(pixels.ravel(), minlength=NOBODY + 1))
    if unknown := [int(value) for value in present if value not in known and value not in nobody]:
        raise UnreadableError(
            f"has a mask with the value {unknown[0]}, which is no class; name all classes in classes.txt, or say which "
            "value to ignore"
        )
    return table[pixels]


def _of_colours(pixels: np.ndarray, rule: MaskRule) -> np.ndarray:
    if not rule.colours:
        raise UnreadableError("has a mask in colour; say in classes.txt which colour is which class")
    codes = pixels[..., 0].astype(np.int64) << 16 | pixels[..., 1].astype(np.int64) << 8 | pixels[..., 2]
    found, places = np.unique(codes, return_inverse=True)
    known = {red << 16 | green << 8 | blue: label for (red, green, blue), label in rule.colours}
    if unknown := [code for code in found.tolist() if code not in known]:
        red, green, blue = unknown[0] >> 16, unknown[0] >> 8 & 255, unknown[0] & 255
        raise UnreadableError(
            f"has a mask with the colour {red} {green} {blue}, which is no class; add it to classes.txt"
        )
    return np.array([known[code] for code in found.tolist()], np.uint8)[places].reshape(codes.shape)
