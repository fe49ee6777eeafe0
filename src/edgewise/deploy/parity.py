"""Is the artifact the network? Its outputs are compared with torch's on real images before its speed is spoken of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

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
    images: np.ndarray,
    *,
    runtime: str = "onnxruntime",
    tolerance: float = TOLERANCE,
) -> Parity:
    """Runs `images`, float32 `(N, 3, H, W)` as the network takes them, through both.

    Raises `EdgewiseError` when they differ by more than `tolerance`, relative to the largest class score.
    """
    import torch

    training = network.training
    with torch.inference_mode():
        expected = network.eval()(torch.from_numpy(images)).numpy()
    network.train(training)
    actual = run(artifact, images, runtime=runtime)
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
