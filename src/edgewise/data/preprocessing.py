"""How an image of any size becomes the network's input: resize, centre crop, scale to [0, 1], normalise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

from edgewise.errors import EdgewiseError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

INTERPOLATIONS: Mapping[str, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True)
class Preprocessing:
    """The fixed path from an RGB image to the network's input, the same in training, evaluation and deployment.

    Attributes:
        height: the network's input in pixels.
        width: likewise.
        mean: per channel (red, green, blue), of values scaled to [0, 1].
        std: likewise, the deviation.
        crop: share of the image's short side that the centre crop keeps, in (0, 1]. The image is resized so that its
            short side is `round(size / crop)` (0.875 at 224 px: 256), then the centre `height` x `width` is cut out.
            For a network that is not square, the image is made just large enough to cover `height / crop` by
            `width / crop`.
        stretch: whether the whole image is made `height` x `width`, whatever its shape, and nothing is cut off: for
            boxes and masks, which then belong to the whole image.
        interpolation: one of "nearest", "box", "bilinear", "bicubic", "lanczos"; all but nearest are antialiased.

    Sizes and offsets are rounded as torchvision's `Resize` and `CenterCrop` round them, so weights evaluated with
    those see the same pixels here.
    """

    height: int
    width: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    crop: float = 1.0
    interpolation: str = "bilinear"
    stretch: bool = False

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise EdgewiseError(f"preprocessing needs a positive size in pixels, not {self.height} x {self.width}")
        if not 0 < self.crop <= 1:
            raise EdgewiseError(f"preprocessing keeps a share of the image in (0, 1], not crop={self.crop}")
        if self.interpolation not in INTERPOLATIONS:
            known = ", ".join(INTERPOLATIONS)
            raise EdgewiseError(f"interpolation {self.interpolation!r} is not known; choose one of {known}")
        if len(self.mean) != 3 or len(self.std) != 3:
            raise EdgewiseError("preprocessing needs three means and three standard deviations: red, green, blue")
        if not all(math.isfinite(value) for value in self.mean) or not all(0 < value < math.inf for value in self.std):
            raise EdgewiseError(f"preprocessing cannot normalise with mean {self.mean} and deviation {self.std}")

    def resized(self, image: np.ndarray) -> np.ndarray:
        """Resizes and crops uint8 (H, W, 3) to uint8 (height, width, 3).

        An image that already is height x width comes back as it is, whatever `crop` says.
        """
        high, wide = image.shape[:2]
        if (high, wide) == (self.height, self.width):
            return image
        picture = Image.fromarray(np.ascontiguousarray(image))
        if self.stretch:
            return np.asarray(picture.resize((self.width, self.height), INTERPOLATIONS[self.interpolation]))
        to_high, to_wide = self._covering(high, wide)
        if (to_high, to_wide) != (high, wide):
            picture = picture.resize((to_wide, to_high), INTERPOLATIONS[self.interpolation])
        top = round((to_high - self.height) / 2.0)
        left = round((to_wide - self.width) / 2.0)
        return np.asarray(picture)[top : top + self.height, left : left + self.width]

    def normalised(self, image: np.ndarray) -> np.ndarray:
        """Scales and normalises uint8 (height, width, 3) to float32 (3, height, width)."""
        scaled = image.astype(np.float32) / np.float32(255)
        normal = (scaled - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32)
        return np.ascontiguousarray(normal.transpose(2, 0, 1))

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The network's input, float32 (3, height, width), from an RGB image, uint8 (H, W, 3)."""
        return self.normalised(self.resized(image))

    def _covering(self, high: int, wide: int) -> tuple[int, int]:
        """The size, of the image's own shape, whose centre holds the crop."""
        need_high, need_wide = round(self.height / self.crop), round(self.width / self.crop)
        if high * need_wide <= wide * need_high:
            return need_high, max(int(need_high * wide / high), self.width)
        return max(int(need_wide * high / wide), self.height), need_wide

    def to_json(self) -> dict[str, Any]:
        """A dict of plain JSON values; `from_json` is its inverse."""
        values = asdict(self) | {"mean": list(self.mean), "std": list(self.std)}
        if not self.stretch:  # as files without boxes or masks have always been
            del values["stretch"]
        return values

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preprocessing:
        """Raises EdgewiseError where `data` is not what `to_json` writes."""
        try:
            known = {
                "height": int(data["height"]),
                "width": int(data["width"]),
                "mean": _triple(data["mean"]),
                "std": _triple(data["std"]),
                "crop": float(data["crop"]),
                "interpolation": str(data["interpolation"]),
                "stretch": bool(data.get("stretch", False)),
            }
        except (KeyError, TypeError, ValueError) as error:
            raise EdgewiseError(
                f"the preprocessing cannot be read ({error!r}); the file was not written whole"
            ) from error
        if extra := sorted(set(data) - set(known)):
            raise EdgewiseError(f"the preprocessing has unknown fields {', '.join(extra)}; update edgewise to read it")
        return cls(**known)


def _triple(values: Any) -> tuple[float, float, float]:
    red, green, blue = values
    return float(red), float(green), float(blue)
