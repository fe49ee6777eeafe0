"""MixUp and CutMix on a batch, and targets as distributions over the classes."""

from __future__ import annotations

import torch
from torch import Tensor

from edgewise.training.recipe import Recipe


class Mixing:
    """The recipe's MixUp and CutMix. Draws from torch's default generator of the CPU.

    With both in the recipe each batch takes one of them, with equal chance. Images are (N, 3, H, W); targets are
    class indices (N,) or distributions (N, K), and come back as distributions (N, K).
    Sources: Zhang et al., mixup (2018); Yun et al., CutMix (2019).
    """

    def __init__(self, recipe: Recipe, classes: int) -> None:
        from torchvision.transforms import v2

        self._choices: list[v2.MixUp | v2.CutMix] = []
        if recipe.mixup:
            self._choices.append(v2.MixUp(alpha=recipe.mixup, num_classes=classes))
        if recipe.cutmix:
            self._choices.append(v2.CutMix(alpha=recipe.cutmix, num_classes=classes))

    def __call__(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if not self._choices or len(images) < 2:
            return images, targets
        chosen = int(torch.randint(len(self._choices), ())) if len(self._choices) > 1 else 0
        return self._choices[chosen](images, targets)
