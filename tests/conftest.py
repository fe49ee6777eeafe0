"""What several folders of tests share: references from other libraries with the same weights, images to learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    import torch

    from edgewise.nn import Network

    Randomise = Callable[[torch.nn.Module, tuple[int, ...]], None]
    SameWeights = Callable[[Network, torch.nn.Module], None]


def _randomise(module: torch.nn.Module, shape: tuple[int, ...]) -> None:
    """Random weights, and random scale and shift for batch norm: a fresh one would hide mistakes.

    Batch norm's statistics are those of random images of `shape`, so that values keep their size through any depth:
    with others, deep networks with gates amplify every rounding error. Scales are large enough for values beyond 6,
    where activations differ.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    norms: list[torch.nn.BatchNorm2d] = []
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            norms.append(part)
            part.weight.data.uniform_(0.5, 3, generator=generator)
            part.bias.data.normal_(0, 0.5, generator=generator)
        elif isinstance(part, torch.nn.Conv2d | torch.nn.Linear):
            # Variance is kept on the way, so that a difference anywhere shows at the end.
            fan_in = part.weight[0].numel()
            part.weight.data.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            if part.bias is not None:
                part.bias.data.normal_(0, 0.1, generator=generator)
    module.eval()
    if norms:
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.train().momentum = 1.0
        with torch.no_grad():
            module(torch.randn(2, *shape, generator=generator))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.eval().momentum = momentum


def _same_weights(network: Network, reference: torch.nn.Module) -> None:
    """Randomises `reference` and copies its tensors, in order, into `network`; both are in eval mode afterwards."""
    _randomise(reference, network.architecture.input)
    theirs = list(reference.state_dict().items())
    ours = list(network.state_dict().items())
    assert len(ours) == len(theirs)
    for (name, mine), (their_name, tensor) in zip(ours, theirs, strict=True):
        if mine.shape != tensor.shape:  # a 1×1 convolution on a vector is a linear layer
            assert tensor.shape == (*mine.shape, 1, 1), (name, their_name)
        mine.copy_(tensor.reshape(mine.shape))
    network.eval()


@pytest.fixture
def randomise() -> Randomise:
    """Gives a module random weights, and batch norm the statistics of random images of a shape `(C, H, W)`."""
    return _randomise


@pytest.fixture
def same_weights() -> SameWeights:
    """Gives a reference random weights and statistics and copies them, in order, into our network."""
    return _same_weights


def _coloured_folder(root: Path, classes: Sequence[str], count: int, size: int = 24) -> Path:
    """`root/<class>/<number>.png`, `count` each, a little wider than high; the class brightens one colour or two."""
    random = np.random.default_rng(0)
    for number, name in enumerate(classes, 1):
        (root / name).mkdir(parents=True)
        for index in range(count):
            pixels = random.integers(0, 90, (size, size + 4, 3))
            pixels += np.array([120 * bool(number & bit) for bit in (1, 2, 4)])
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{index:02}.png")
    return root


@pytest.fixture(scope="session")
def coloured_folder() -> Callable[..., Path]:
    """Writes a folder of images that even a tiny network can learn: `(root, classes, count, size=24)`."""
    return _coloured_folder
