"""Images inside a page: thumbnails as data, with what was true and what was predicted under each."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from edgewise.explaining.formats import per_cent
from edgewise.explaining.html import Markup, tag

__all__ = ["Mistake", "Shown", "gallery", "pairs", "thumbnail"]

# Up to this side an image is kept as it is, without loss, and shown with square pixels: blurring 32 pixels hides what
# the network saw. Larger ones become JPEGs of twice the size they are shown at, sharp on a fine screen.
_SMALL = 64
_LARGEST = 256


@dataclass(frozen=True, eq=False)
class Mistake:
    """An image, uint8 (H, W, 3), that was taken for another class, and how sure the network was of that."""

    image: np.ndarray
    truth: str
    predicted: str
    probability: float
    path: str


@dataclass(frozen=True, eq=False)
class Shown:
    """An image, uint8 (H, W, 3), as it is labelled, and with what the network finds."""

    labelled: np.ndarray
    found: np.ndarray
    path: str


def thumbnail(image: np.ndarray) -> str:
    """`image`, uint8 (H, W, 3), as a `data:` address: PNG up to 64 pixels a side, else a JPEG of at most 256.

    Raises ValueError when the array is of another type or shape, or has no pixels.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"a thumbnail is made of uint8 (H, W, 3), not of {image.dtype} {image.shape}")
    picture = Image.fromarray(np.ascontiguousarray(image))
    small = max(picture.size) <= _SMALL
    if not small:
        picture.thumbnail((_LARGEST, _LARGEST))
    written = io.BytesIO()
    if small:
        picture.save(written, format="PNG", optimize=True)
    else:
        picture.save(written, format="JPEG", quality=80, optimize=True)
    kind = "png" if small else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(written.getvalue()).decode('ascii')}"


def gallery(mistakes: Sequence[Mistake]) -> Markup:
    """The mistakes side by side, in the order given."""
    return tag("ul", {"class": "gallery"}, *(tag("li", None, _figure(mistake)) for mistake in mistakes))


def pairs(shown: Sequence[Shown]) -> Markup:
    """Each image as it is labelled, and beside it with what was found."""
    return tag("ul", {"class": "gallery pairs"}, *(tag("li", None, _pair(one)) for one in shown))


def _pair(one: Shown) -> Markup:
    pictures = [
        tag("img", {"src": thumbnail(image), "alt": f"{one.path}, {what}"})
        for image, what in ((one.labelled, "as it is labelled"), (one.found, "what the network finds"))
    ]
    caption = tag(
        "figcaption", None, tag("span", None, "labels, and findings"), tag("span", {"class": "path"}, one.path)
    )
    return tag("figure", None, *pictures, caption)


def _figure(mistake: Mistake) -> Markup:
    small = max(mistake.image.shape[:2]) <= _SMALL
    picture = tag(
        "img",
        {
            "src": thumbnail(mistake.image),
            "alt": f"an image of {mistake.truth}, taken for {mistake.predicted}",
            "class": "small" if small else None,
        },
    )
    caption = tag(
        "figcaption",
        None,
        tag("span", None, "true ", tag("b", None, mistake.truth)),
        tag("span", None, "predicted ", tag("b", None, mistake.predicted), f" {per_cent(mistake.probability)}"),
        tag("span", {"class": "path"}, mistake.path),
    )
    return tag("figure", None, picture, caption)
