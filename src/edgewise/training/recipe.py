"""A recipe: every number a training run depends on besides the network and the data. No torch here."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from edgewise.data.augmentation import Augmentation
from edgewise.errors import EdgewiseError


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. Plain data: two runs with equal recipes, networks and data end alike.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per optimiser step, over all devices together.
        optimiser: "sgd"; "adamw" (decoupled decay, betas 0.9 and 0.999); "rmsprop" (as the MobileNet and MnasNet
            papers use it, see `TensorFlowRMSprop`).
        learning_rate: the peak, reached at the end of the warm-up.
        momentum: of "sgd" and "rmsprop".
        nesterov: Nesterov's form of the momentum, for "sgd".
        weight_decay: pulls weights to zero; never applied to biases and to normalisation.
        decay_depthwise: whether depthwise filters decay too. MobileNet v1 (section 3.4): little or none on them.
        schedule: "cosine" to zero; "linear" to zero; "steps": times `step_factor` after every `step_epochs`.
        warmup_epochs: linear rise from zero at the start, step by step.
        label_smoothing: share of the target spread evenly over the classes (for "sigmoid": pulled towards 1/2).
        mixup: alpha of MixUp's Beta distribution, 0 for none. With `cutmix` too, each batch draws one of the two.
        cutmix: alpha of CutMix's Beta distribution, 0 for none.
        ema: decay per step of the running average of the weights that is evaluated and saved, 0 for none. The decay
            rises to this value over the first steps: min(ema, (1 + step) / (10 + step)).
        augmentation: random changes of the training images; None for none.
        clip_norm: gradients are scaled down to this global L2 norm, 0 for never.
        loss: "softmax" for one label per image, "sigmoid" for several.
        precision: "32"; "bf16" autocast; "auto" measures both on the device and keeps the faster.
        seed: of the order of images, augmentation, MixUp, CutMix and dropout.

    Raises:
        EdgewiseError: a value that makes no sense, naming it.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    epochs: int
    batch_size: int
    optimiser: Literal["sgd", "adamw", "rmsprop"] = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-5
    decay_depthwise: bool = True
    schedule: Literal["cosine", "linear", "steps"] = "cosine"
    warmup_epochs: float = 0.0
    step_epochs: float = 30.0
    step_factor: float = 0.1
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    ema: float = 0.0
    augmentation: Augmentation | None = None
    clip_norm: float = 0.0
    loss: Literal["softmax", "sigmoid"] = "softmax"
    precision: Literal["auto", "32", "bf16"] = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        def require(holds: bool, name: str, expected: str) -> None:
            if not holds:
                raise EdgewiseError(f"recipe: {name} is {getattr(self, name)!r} but must be {expected}")

        require(self.epochs >= 1, "epochs", "at least 1")
        require(self.batch_size >= 1, "batch_size", "at least 1")
        require(self.learning_rate > 0 and math.isfinite(self.learning_rate), "learning_rate", "above 0")
        require(0 <= self.momentum < 1, "momentum", "from 0 to below 1")
        require(self.weight_decay >= 0, "weight_decay", "at least 0")
        require(0 <= self.warmup_epochs < self.epochs, "warmup_epochs", "at least 0 and below epochs")
        require(self.step_epochs > 0, "step_epochs", "above 0")
        require(0 < self.step_factor <= 1, "step_factor", "above 0 and at most 1")
        require(0 <= self.label_smoothing < 1, "label_smoothing", "from 0 to below 1")
        require(self.mixup >= 0, "mixup", "at least 0")
        require(self.cutmix >= 0, "cutmix", "at least 0")
        require(0 <= self.ema < 1, "ema", "from 0 to below 1")
        require(self.clip_norm >= 0, "clip_norm", "at least 0")
        require(0 <= self.seed < 2**32, "seed", "from 0 to below 2 to the 32")

    def learning_rate_at(self, step: int, steps_per_epoch: int) -> float:
        """The learning rate of optimiser step `step` (from 0), given how many steps an epoch has."""
        warmup = self.warmup_epochs * steps_per_epoch
        if step < warmup:
            return self.learning_rate * min(1.0, (step + 1) / warmup)
        if self.schedule == "steps":
            return self.learning_rate * self.step_factor ** int((step - warmup) / steps_per_epoch / self.step_epochs)
        done = (step - warmup) / (self.epochs * steps_per_epoch - warmup)
        share = 1.0 - done if self.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))
        return self.learning_rate * share

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON's types; `from_json` gives an equal recipe back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Recipe:
        """The recipe that `to_json` wrote.

        Raises:
            EdgewiseError: unknown, missing or wrongly typed values.
        """
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(cls).validate_python(dict(values))
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors(include_url=False)
            )
            raise EdgewiseError(f"this is no recipe: {problems}; correct these values") from error


GENTLE = 0.3
"""The share of `fit`'s learning rate that training takes from weights, and without batch norm, unless the user says.

From weights: MobileNet v1 0.25 with ImageNet's, 4 epochs of 2,700 CIFAR-10 images at 96 pixels, 1,000 test images:
68.3% right at the whole rate, 73.4% at 0.3 of it, 68.6% at 0.1, 63.2% at 0.03; without the weights 35.6%.
Without batch norm: 5 epochs of the digits at width 0.25 and the whole rate, 0.3 and 0.1 of it: AlexNet 98.3, 97.8,
97.2%; VGG-11 14.0, 100, 97.8%; VGG-16 65.9, 97.2, 97.2%; GoogLeNet 12.9, 87.7, 73.7%.
"""


def gentle(recipe: Recipe) -> Recipe:
    """The recipe at the rate for weights that are good already."""
    return dataclasses.replace(recipe, learning_rate=GENTLE * recipe.learning_rate)
