"""The tiny network, how it is trained, and what was made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgewise import Architecture
from edgewise.blocks import Classifier, ConvBNAct
from edgewise.training import Recipe
from edgewise.verbs.train import Trained

TINY = Architecture(
    "tiny",
    (
        ConvBNAct(out_channels=8, stride=2),
        ConvBNAct(out_channels=8, stride=2, activation="hard_swish"),
        Classifier(classes=3),
    ),
    input=(3, 24, 24),
)

RECIPE = Recipe(epochs=8, batch_size=8, learning_rate=0.1, precision="32")


@dataclass(frozen=True)
class Made:
    """The images, and the tiny network trained on them with its artifact beside it."""

    images: Path
    trained: Trained
    artifact: Path

    @property
    def model_file(self) -> Path:
        return self.trained.model_file
