"""What several folders of tests share: images to learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


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
