"""Is the artifact the network? Its outputs are compared with torch's on real images before its speed is spoken of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgewise.data.preprocessing import Preprocessing
from edgewise.devices import run
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from torch import nn

TOLERANCE = 1e-3
"""The largest difference an fp32 artifact may have, relative to the largest class score."""


@dataclass(frozen=True)
class Parity:
    """How far an artifact is from its torch network.

    `difference` is the largest absolute difference of class scores over the largest score; `agreement` the share of
    images whose first class is the same; `images` how many were compared.
    """

    difference: float
    agreement: float
    images: int


def compare(
    artifact: Path,
    network: nn.Module,
    pixels: np.ndarray,
    *,
    preprocessing: Preprocessing,
    as_pixels: bool = False,
    runtime: str = "onnxruntime",
    tolerance: float = TOLERANCE,
) -> Parity:
    """Runs `pixels`, uint8 `(N, height, width, 3)` of the network's size, through both.

    `as_pixels` says that the artifact normalises by itself. Raises `EdgewiseError` when the outputs differ by more than
    `tolerance`, relative to the largest class score, when either gives numbers that are none, or without images.
    """
    import torch

    if not len(pixels):
        raise EdgewiseError(f"there are no images to compare {artifact} with its network on; give at least one")
    images = np.stack([preprocessing.normalised(image) for image in pixels])

    training = network.training
    try:
        with torch.inference_mode():
            expected = network.eval()(torch.from_numpy(images)).numpy()
    finally:
        network.train(training)
    given = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)) if as_pixels else images
    actual = run(artifact, given, runtime=runtime)
    scale = max(float(np.abs(expected).max()), 1e-6)
    parity = Parity(
        difference=float(np.abs(actual - expected).max()) / scale,
        agreement=float(np.mean(actual.argmax(1) == expected.argmax(1))),
        images=len(images),
    )
    # Written so that a NaN fails too.
    if not parity.difference <= tolerance:
        raise EdgewiseError(
            f"{artifact} is not the network it was made from: class scores differ by {parity.difference:.1e} of their "
            f"range on {len(images)} images in {runtime}, {tolerance:.0e} is allowed; do not deploy it, report it"
        )
    return parity
