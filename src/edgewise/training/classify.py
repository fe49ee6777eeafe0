"""Training a network to classify images."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from edgewise.blocks import AuxiliaryClassifier
from edgewise.nn import Network
from edgewise.training.image_task import ImageTask
from edgewise.training.mixing import Mixing
from edgewise.training.recipe import Recipe


class Classify(ImageTask):
    """Images (N, 3, H, W) to logits (N, K); targets are classes (N,), or labels (N, K)."""

    def __init__(
        self, network: nn.Module, recipe: Recipe, *, classes: int, steps_per_epoch: int, first_step: int = 0
    ) -> None:
        super().__init__(network, recipe, classes=classes, steps_per_epoch=steps_per_epoch, first_step=first_step)
        self._mixing = Mixing(recipe, classes)
        rows = network.architecture.rows if isinstance(network, Network) else ()
        self._auxiliary = {row.output: row.weight for row in rows if isinstance(row, AuxiliaryClassifier)}

    def batch_loss(self, images: Tensor, targets: Tensor) -> Tensor:
        """The loss of the network's scores, and where it has auxiliary classifiers their share of theirs."""
        images, targets = self._mixing(images, targets)
        if not self._auxiliary:
            return self.loss(self.network(images), targets)
        outputs = cast("Network", self.network).forward_outputs(images)
        losses = [share * self.loss(outputs[name], targets) for name, share in self._auxiliary.items()]
        return self.loss(outputs["output"], targets) + sum(losses)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean training loss of logits (N, K); targets are classes (N,), or shares or labels (N, K)."""
        smoothing = self.recipe.label_smoothing
        if self.recipe.loss == "softmax":
            return functional.cross_entropy(logits, targets, label_smoothing=smoothing)
        return functional.binary_cross_entropy_with_logits(logits, targets * (1 - smoothing) + smoothing / 2)
