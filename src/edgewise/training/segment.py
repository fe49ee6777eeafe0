"""Training a network to tell the class of every pixel."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from edgewise.data.scenes.annotations import IGNORED
from edgewise.training.image_task import ImageTask


class Segment(ImageTask):
    """Images (N, 3, H, W) to class scores (N, K, H, W); targets are masks uint8 (N, H, W). The loss is the mean
    cross-entropy of the pixels that are somebody's."""

    def batch_loss(self, images: Tensor, targets: Tensor) -> Tensor:
        total = functional.cross_entropy(
            self.network(images).float(),
            targets.long(),
            ignore_index=IGNORED,
            label_smoothing=self.recipe.label_smoothing,
            reduction="sum",
        )
        # A batch may be of nobody's pixels alone, whose mean would be none.
        return total / (targets != IGNORED).sum().clamp(min=1)
