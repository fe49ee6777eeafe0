"""Is the artifact the network? Its outputs are compared with torch's on real images before its speed is spoken of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgewise.data.preprocessing import Preprocessing
from edgewise.devices import run_each
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from torch import Tensor, nn

TOLERANCE = 1e-3
"""The largest difference an fp32 artifact may have, relative to the largest number of that output."""


@dataclass(frozen=True)
class Parity:
    """How far an artifact is from its torch network.

    `difference` is the largest absolute difference of an output's numbers over the largest of them; `agreement` the
    share of images, anchors or pixels whose first class is the same; `images` how many were compared.
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
    `tolerance`, relative to the largest of their numbers, when either gives numbers that are none, or without images.
    For boxes and masks all outputs are compared, as they are before boxes are decoded.
    """
    import torch

    if not len(pixels):
        raise EdgewiseError(f"there are no images to compare {artifact} with its network on; give at least one")
    images = np.stack([preprocessing.normalised(image) for image in pixels])

    training = network.training
    try:
        with torch.inference_mode():
            expected = _outputs(network.eval(), torch.from_numpy(images))
    finally:
        network.train(training)
    given = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)) if as_pixels else images
    actual = [np.concatenate(each) for each in zip(*run_each(artifact, given, runtime=runtime), strict=True)]
    classes = -1 if expected[0].ndim == 3 else 1  # of anchors they come last
    parity = Parity(
        difference=max(_difference(*pair) for pair in zip(actual, expected, strict=False)),
        agreement=float(np.mean(actual[0].argmax(classes) == expected[0].argmax(classes))),
        images=len(images),
    )
    # Written so that a NaN fails too.
    if not parity.difference <= tolerance:
        raise EdgewiseError(
            f"{artifact} is not the network it was made from: its outputs differ by {parity.difference:.1e} of their "
            f"range on {len(images)} images in {runtime}, {tolerance:.0e} is allowed; do not deploy it, report it"
        )
    return parity


def _outputs(network: nn.Module, images: Tensor) -> list[np.ndarray]:
    """The network's main output, and for boxes the others, too."""
    from edgewise.nn import Network

    if not isinstance(network, Network) or network.architecture.task == "classify":
        return [network(images).numpy()]
    outputs = network.forward_outputs(images)
    return [outputs.pop("output").numpy(), *(one.numpy() for one in outputs.values())]


def _difference(actual: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(actual - expected).max()) / max(float(np.abs(expected).max()), 1e-6)
