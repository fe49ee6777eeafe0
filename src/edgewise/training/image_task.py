"""The Lightning task that classification, detection and segmentation share: one step of training a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from edgewise.training.averaging import WeightAverage
from edgewise.training.optimisers import build_optimiser
from edgewise.training.recipe import Recipe


class ImageTask(pl.LightningModule, ABC):
    """Trains a network of images (N, 3, H, W) by a recipe.

    Everything random within a step is drawn after seeding torch with (seed, step, process), and the learning rate
    is a function of the step: a run that goes on at step s does what one that was never interrupted does there.

    Attributes:
        network: what is trained; in channels_last unless that was declined.
        average: the running average of its weights, None before the fit begins or where the recipe has none.
        loss_sum: sum of the loss over the images of the unfinished epoch, on this process; `loss_count` their number.
    """

    def __init__(
        self, network: nn.Module, recipe: Recipe, *, classes: int, steps_per_epoch: int, first_step: int = 0
    ) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.classes = classes
        self.steps_per_epoch = steps_per_epoch
        self.first_step = first_step
        self.average: WeightAverage | None = None
        self.loss_sum = torch.zeros(())
        self.loss_count = 0
        # Each batch norm's own momentum, the share that a new batch takes in its running statistics.
        self._momenta = {
            module: module.momentum
            for module in network.modules()
            if isinstance(module, nn.BatchNorm2d) and module.momentum is not None
        }

    @property
    def step(self) -> int:
        """Optimiser steps taken since the beginning of the run, earlier calls included."""
        return self.first_step + self.trainer.global_step

    @property
    def evaluated_network(self) -> nn.Module:
        """What is validated and handed out: the running average, or the network where the recipe has none."""
        return self.average.network if self.average is not None else self.network

    def configure_optimizers(self) -> Optimizer:
        return build_optimiser(self.network, self.recipe)

    def on_fit_start(self) -> None:
        # Here the network is on its device, which a copy made earlier would not be.
        self.loss_sum = torch.zeros((), device=self.device)
        if self.recipe.ema:
            self.average = WeightAverage(self.network, self.recipe.ema)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        step = self.step
        # Two primes keep the streams of neighbouring steps, seeds and processes apart; torch takes 64 bits.
        _seed((self.recipe.seed * 1_000_003 + step) * 10_007 + self.global_rank, self.device)
        rate = self.recipe.learning_rate_at(step, self.steps_per_epoch)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = rate

        # A momentum of 0.01 forgets the initial statistics only after hundreds of steps, which a small data set does
        # not have in many epochs; so it falls to its value, as the decay of a weight average rises to its own.
        for module, momentum in self._momenta.items():
            module.momentum = max(momentum, 9 / (10 + step))

    def restore_momenta(self) -> None:
        """Gives every batch norm its own momentum back; to be called when the fit is over, however it ended."""
        for module, momentum in self._momenta.items():
            module.momentum = momentum

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        images = batch[0]
        loss = self.batch_loss(*batch)
        self.loss_sum += loss.detach() * len(images)
        self.loss_count += len(images)
        return loss

    @abstractmethod
    def batch_loss(self, images: Tensor, targets: Tensor) -> Tensor:
        """The mean loss of a batch as `Batches` gives it."""

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        if self.recipe.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        step = self.step
        super().optimizer_step(*args, **kwargs)
        if self.average is not None:
            self.average.update(step)

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: Optimizer) -> None:
        optimizer.zero_grad(set_to_none=True)


def _seed(seed: int, device: torch.device) -> None:
    # `torch.manual_seed` would seed accelerators that are not in use too, and keep a stack trace for each, every step.
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
