"""The built-in data: 1,797 real handwritten digits that come with scikit-learn."""

from __future__ import annotations

import numpy as np
from PIL import Image

from edgewise.data.assemble import Listing, Options, from_images
from edgewise.data.dataset import Dataset
from edgewise.data.images import StoredImages

_SIZE = 32
_DARKEST = 16  # the source counts the inked pixels in cells of 4 x 4


def open_digits(options: Options) -> Dataset:
    """The test part of the UCI handwritten digits (Alpaydin and Kaynak, 1998), from scikit-learn's installed files.

    8 x 8 grey values enlarged to 32 x 32 by bicubic interpolation, white on black, the three channels equal; all three
    splits are drawn.
    """
    from sklearn.datasets import load_digits

    flat, target = load_digits(return_X_y=True)
    pixels = np.stack([_enlarged(image.reshape(8, 8)) for image in flat])
    labels = target.tolist()
    names = [f"digits/{index:04}" for index in range(len(labels))]
    listing = Listing(
        source="digits",
        classes=tuple(str(digit) for digit in range(10)),
        multi_label=False,
        names=names,
        labels=[(label,) for label in labels],
        splits=[None] * len(labels),
        given={},
    )
    return from_images(listing, StoredImages(pixels, names), [pixels[0].nbytes] * len(labels), options)


def _enlarged(image: np.ndarray) -> np.ndarray:
    """float (8, 8) in [0, 16] to uint8 (32, 32, 3)."""
    grey = Image.fromarray((image * (255 / _DARKEST)).astype(np.float32))
    smooth = np.asarray(grey.resize((_SIZE, _SIZE), Image.Resampling.BICUBIC))
    return np.repeat(smooth.round().clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
