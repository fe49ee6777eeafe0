"""All outputs of a network and of its exported file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from edgewise.nn import Network


@torch.inference_mode()
def assert_same_outputs(network: Network, path: Path, x: Tensor, tolerance: float = 1e-3) -> None:
    """The file gives for `x` `(1, C, H, W)` what the network gives, to `tolerance` of each output's range."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(names, {session.get_inputs()[0].name: x.numpy()}), strict=True))
    expected = network.forward_outputs(x)
    assert len(found) == len(expected)
    for name, value in expected.items():
        theirs = np.asarray(found["logits" if name == "output" else name])
        assert theirs.shape == value.shape
        span = float(np.ptp(value.numpy()))
        assert span > 0
        assert float(np.abs(theirs - value.numpy()).max()) <= tolerance * span, name
