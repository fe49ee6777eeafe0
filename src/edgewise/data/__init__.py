"""Images and labels: opening them, dividing them, and feeding them to a network.

What needs torch (`Batches`) is imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgewise.data.augmentation import Augmentation
from edgewise.data.dataset import ALL, SPLITS, Dataset, Split
from edgewise.data.decode import BadImage
from edgewise.data.open import NAMES, open_dataset
from edgewise.data.preprocessing import IMAGENET_MEAN, IMAGENET_STD, INTERPOLATIONS, Preprocessing

if TYPE_CHECKING:
    from edgewise.data.batches import Batches

__all__ = [
    "ALL",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "INTERPOLATIONS",
    "NAMES",
    "SPLITS",
    "Augmentation",
    "BadImage",
    "Batches",
    "Dataset",
    "Preprocessing",
    "Split",
    "open_dataset",
]


def __getattr__(name: str) -> Any:
    if name == "Batches":
        from edgewise.data.batches import Batches

        return Batches
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
