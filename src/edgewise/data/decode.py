"""One image file of any kind to 8-bit RGB, or a sentence that says why not."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 100_000_000

_READ_AT_ONCE = 2**20


@dataclass(frozen=True)
class BadImage:
    """A file that cannot be used. `reason` continues a sentence that begins with the path: "is empty (0 bytes)"."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


class UnreadableError(Exception):
    """Inside `edgewise.data` only: the image is bad; the message is `BadImage.reason`."""


@dataclass(frozen=True)
class Header:
    """What the first bytes of an image file say. `plain_jpeg`: grey or colour JPEG that any decoder reads alike."""

    file_size: int
    height: int
    width: int
    plain_jpeg: bool

    @property
    def nbytes(self) -> int:
        """Bytes the image takes as 8-bit RGB."""
        return self.height * self.width * 3


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps Pillow's warnings (large images, odd EXIF) from the user, who gets our sentence instead.

    Python's warning filters belong to the process, so this goes around a whole batch of work, not inside threads.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read(path: Path, wanted: Callable[[Header], bool]) -> tuple[Header, np.ndarray | None]:
    """The header of the file and, if they are `wanted` after a look at it, its pixels, uint8 (H, W, 3).

    Raises UnreadableError.
    """
    try:
        with path.open("rb") as file:
            file_size = os.fstat(file.fileno()).st_size
            if file_size == 0:
                raise UnreadableError("is empty (0 bytes)")
            # Pillow reads headers in dozens of small steps.
            source = io.BytesIO(file.read()) if file_size < _READ_AT_ONCE else file
            image = Image.open(source)
            header = _header(image, file_size)
            return header, pixels_of(image) if wanted(header) else None
    except UnreadableError:
        raise
    except FileNotFoundError:
        raise UnreadableError("does not exist") from None
    except Image.DecompressionBombError:
        raise UnreadableError(f"is too large: more than {MAX_PIXELS // 10**6} megapixels") from None
    except UnidentifiedImageError:
        raise UnreadableError("is not an image in a format that can be read") from None
    except OSError as error:
        reason = f"cannot be read ({error.strerror})" if error.strerror else f"is corrupt or truncated ({error})"
        raise UnreadableError(reason) from None
    except Exception as error:  # Pillow's plugins raise struct.error, IndexError, SyntaxError … on damaged files
        raise UnreadableError(f"is corrupt or truncated ({type(error).__name__}: {error})") from None


def decode(path: Path) -> np.ndarray:
    """The image as a viewer shows it: uint8 (H, W, 3), red, green, blue.

    - Turned as its EXIF orientation says.
    - Transparent pixels lie on white, as on a page; merely dropping alpha would show colours nobody sees.
    - Grey, palette, CMYK and other modes become RGB; of several frames the first is taken.
    - 16-bit values are scaled to 8 bits, not clipped. Floating-point images are taken as [0, 1] when no value
      exceeds 1, else as [0, 255].

    Raises UnreadableError for a file that is missing, empty, damaged, no image, or above 100 megapixels.
    """
    _, pixels = read(path, lambda header: True)
    assert pixels is not None  # they were wanted
    return pixels


def _header(image: Image.Image, file_size: int) -> Header:
    width, height = image.size
    if width * height > MAX_PIXELS:
        size = f"{width} × {height} = {width * height / 1e6:.0f} megapixels"
        raise UnreadableError(f"is too large: {size}, and the limit is {MAX_PIXELS // 10**6}")
    return Header(file_size, height, width, image.format == "JPEG" and image.mode in {"RGB", "L"})


def pixels_of(image: Image.Image) -> np.ndarray:
    """An opened image as `decode` gives a file's: uint8 (H, W, 3)."""
    image.load()
    # Reading the EXIF block takes longer than decoding a small JPEG, so JPEGs without one skip it.
    if image.format != "JPEG" or "exif" in image.info:
        image = ImageOps.exif_transpose(image)
    return np.asarray(_to_rgb(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_to_rgb(image)
    if "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "La", "RGBa"}:
        coloured = image.convert("RGBA")
        page = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
        return Image.alpha_composite(page, coloured).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_to_rgb(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits. Pillow's own conversion clips at 255, which turns most of such images white."""
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F":
        largest = 1.0 if np.nanmax(values, initial=0.0) <= 1 else 255.0
    else:
        # Mode "I" holds 32 bits, but is also how 16-bit files are opened by some of Pillow's plugins.
        largest = 65535.0 if values.max(initial=0) <= 65535 else 2.0**31 - 1
    grey = np.nan_to_num(values / largest * 255).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
