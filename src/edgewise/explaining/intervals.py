"""How far an accuracy counted on a few images can be trusted."""

from __future__ import annotations

import math

__all__ = ["wilson_interval"]

_Z = 1.959963984540054  # the normal distribution's 97.5% quantile


def wilson_interval(share: float, images: int) -> tuple[float, float]:
    """The 95% interval of a share counted on `images` images (E. B. Wilson, 1927), inside [0, 1].

    Unlike the share plus or minus two standard errors it stays sensible near 0 and 1, where good networks are.
    Raises ValueError when the share is not in [0, 1] or there are no images.
    """
    if not 0 <= share <= 1 or images < 1:
        raise ValueError(f"no interval for a share of {share} of {images} images")
    weight = _Z * _Z / images
    centre = (share + weight / 2) / (1 + weight)
    half = _Z * math.sqrt(share * (1 - share) / images + weight / (4 * images)) / (1 + weight)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
