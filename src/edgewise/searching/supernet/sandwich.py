"""Training shared weights by the sandwich rule (Yu and Huang, Universally Slimmable Networks, 2019; BigNAS, 2020).

Every step trains the dearest network of interest on the labels, and the smallest and some random ones on what the
dearest one says of the same images (in-place distillation).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise.data import Preprocessing, Split
from edgewise.errors import EdgewiseError
from edgewise.searching.problem import Problem
from edgewise.searching.space import Point
from edgewise.searching.supernet import checkpoint
from edgewise.searching.supernet.extremes import covering, dearest, smallest
from edgewise.searching.supernet.weights import Supernet
from edgewise.training.depthwise import depthwise_in_fp32
from edgewise.training.feeding import Feed, Stream
from edgewise.training.memory import freed_memory_kept
from edgewise.training.recipe import Recipe

BETWEEN = 2
"""Random networks in every step, beside the two at the ends (as in the papers)."""

SAVE_SECONDS = 50.0

_TRIES = 20

Told = Callable[[int, int, float], None]
"""Called after a step with the steps done, all there are, and the loss of the dearest network."""


@dataclass(frozen=True, eq=False)
class Sandwich:
    """The training of the networks of `problem` on `split`, kept in the file `path`."""

    problem: Problem
    split: Split
    preprocessing: Preprocessing
    recipe: Recipe
    path: Path
    run: str

    @property
    def steps(self) -> int:
        """How many steps it takes."""
        return self.recipe.epochs * self._steps_per_epoch

    @property
    def done(self) -> int:
        """How many are taken."""
        return checkpoint.steps_done(self.path, self.run)

    def train(self, told: Told) -> None:
        """Takes all steps that are not taken yet. Killed at any moment, the same call goes on from a state that is at
        most `SAVE_SECONDS` and a step old, and ends with the same weights. Raises `EdgewiseError` where it diverges."""
        first = self.done
        if first < self.steps:
            arithmetic = depthwise_in_fp32("cpu", self.recipe.precision)
            with freed_memory_kept(), arithmetic, torch.random.fork_rng(devices=[]):
                self._train(first, told)

    def _train(self, first: int, told: Told) -> None:
        if first:
            supernet, momenta = checkpoint.load(self.path, self.problem.space)
        else:
            points = covering(self.problem)
            supernet, momenta = Supernet.begin(self.problem.space, points, self.recipe.seed), {}
        optimiser = _optimiser(supernet, momenta, self.recipe)
        # Weights are averaged by nobody and images mixed by nobody: the smaller networks learn from the dearest one.
        feed = Feed({"train": self.split}, self.preprocessing, self.recipe, workers=0)
        stream = Stream(feed.training(rank=0, processes=1), first, self.steps)
        ends = dearest(self.problem), smallest(self.problem)
        saved = time.monotonic()
        for step, (images, targets) in enumerate(stream, first):
            for group in optimiser.param_groups:
                group["lr"] = self.recipe.learning_rate_at(step, self._steps_per_epoch)
            loss = self._step(supernet, optimiser, step, ends, images, targets)
            if not np.isfinite(loss):
                raise EdgewiseError(
                    f"the training of the shared weights diverged at step {step}; try another --seed, or judge "
                    "networks by --evaluator proxy"
                )
            if time.monotonic() - saved > SAVE_SECONDS or step + 1 == self.steps:
                checkpoint.save(self.path, supernet, _momenta(supernet, optimiser), step + 1, self.run)
                saved = time.monotonic()
            told(step + 1, self.steps, loss)

    def _step(
        self,
        supernet: Supernet,
        optimiser: torch.optim.Optimizer,
        step: int,
        ends: tuple[Point, Point],
        images: Tensor,
        targets: Tensor,
    ) -> float:
        optimiser.zero_grad(set_to_none=True)
        images = images.contiguous(memory_format=torch.channels_last)
        torch.manual_seed(self.recipe.seed * 1_000_003 + step)
        teacher, small = ends
        with self._arithmetic():
            logits = supernet.forward(teacher, images).float()
            loss = self._loss(logits, targets)
        loss.backward()
        said = logits.detach().sigmoid() if self.recipe.loss == "sigmoid" else logits.detach().softmax(1)
        for point in (small, *self._between(step)):
            with self._arithmetic():
                student = self._loss(supernet.forward(point, images).float(), said, smoothed=False)
            student.backward()
        nn.utils.clip_grad_norm_(supernet.parameters.values(), self.recipe.clip_norm or _CLIP)
        optimiser.step()
        return float(loss.detach())

    def _loss(self, logits: Tensor, targets: Tensor, *, smoothed: bool = True) -> Tensor:
        smoothing = self.recipe.label_smoothing if smoothed else 0.0
        if self.recipe.loss == "softmax":
            return functional.cross_entropy(logits, targets, label_smoothing=smoothing)
        return functional.binary_cross_entropy_with_logits(logits, targets * (1 - smoothing) + smoothing / 2)

    def _between(self, step: int) -> list[Point]:
        """Random networks of interest, or the cheapest of some where there are few."""
        random = np.random.default_rng([self.recipe.seed, step])
        problem = self.problem
        found: list[Point] = []
        while len(found) < BETWEEN:
            drawn = (problem.space.sample(random) for _ in range(_TRIES))
            seen: list[Point] = []
            for point in drawn:
                if problem.key(point):
                    seen.append(point)
                    if problem.cost(point) <= problem.most:
                        break
            if not seen:
                raise EdgewiseError(f"hardly any point of the space {problem.space.name} is a network")
            found.append(min(seen, key=problem.cost))
        return found

    def _arithmetic(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.precision == "bf16")

    @property
    def _steps_per_epoch(self) -> int:
        return max(1, len(self.split) // min(self.recipe.batch_size, len(self.split)))


_CLIP = 5.0
"""Four networks' gradients add up; the norm that they are held to where the recipe says nothing."""


def supernet_recipe(recipe: Recipe) -> Recipe:
    """The recipe of shared weights: `recipe` without what is meant for one network that ends with it."""
    return replace(recipe, optimiser="sgd", mixup=0.0, cutmix=0.0, ema=0.0)


def _optimiser(supernet: Supernet, momenta: dict[str, Tensor], recipe: Recipe) -> torch.optim.SGD:
    decayed = [tensor for tensor in supernet.parameters.values() if tensor.ndim > 1]
    others = [tensor for tensor in supernet.parameters.values() if tensor.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=recipe.nesterov)
    for key, momentum in momenta.items():
        optimiser.state[supernet.parameters[key]]["momentum_buffer"] = momentum
    return optimiser


def _momenta(supernet: Supernet, optimiser: torch.optim.SGD) -> dict[str, Tensor]:
    kept = {key: optimiser.state.get(tensor, {}).get("momentum_buffer") for key, tensor in supernet.parameters.items()}
    return {key: momentum for key, momentum in kept.items() if momentum is not None}
