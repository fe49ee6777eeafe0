"""fp32 or bf16: decided by timing real training steps on the device at hand."""

from __future__ import annotations

import copy
import dataclasses
import statistics
import time
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.optim import Optimizer

from edgewise.training.depthwise import depthwise_in_fp32
from edgewise.training.memory import freed_memory_kept
from edgewise.training.optimisers import build_optimiser
from edgewise.training.recipe import Recipe

Precision = Literal["32", "bf16"]
# bf16 loses a little accuracy, so it must be clearly faster, not faster within the noise of a short measurement.
_WORTHWHILE = 1.05


@dataclass(frozen=True)
class PrecisionChoice:
    """Which arithmetic a run uses and why. Speeds are those of whole training steps, None where not measured."""

    precision: Precision
    reason: str
    images_per_second_32: float | None = None
    images_per_second_bf16: float | None = None

    def to_json(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def choose_precision(
    network: nn.Module,
    recipe: Recipe,
    *,
    height: int,
    width: int,
    device: torch.device,
    rounds: int = 5,
    max_seconds: float = 10.0,
) -> PrecisionChoice:
    """Times training steps of a copy of `network` in fp32 and under bf16 autocast, in turns, and picks the faster.

    The network itself, the random generators and any optimiser are left untouched. On a CPU at most 32 images per
    step are used, to be quick. bf16 is chosen only if its median step is at least 5% faster. After `max_seconds` no
    further round begins; every precision has then had at least one step beside its warm-up.
    """
    if recipe.precision != "auto":
        return PrecisionChoice(recipe.precision, "asked for")
    images = min(recipe.batch_size, 32) if device.type == "cpu" else recipe.batch_size
    began = time.perf_counter()
    seconds: dict[Precision, list[float]] = {"32": [], "bf16": []}
    generators = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with generators, freed_memory_kept():
        trial = _Trial(network, recipe, images, height, width, device)
        for precision in seconds:
            trial.step(precision)
        for done in range(rounds):
            if done and time.perf_counter() - began > max_seconds:
                break
            for precision, taken in seconds.items():
                taken.append(trial.step(precision))
    speed = {precision: images / statistics.median(taken) for precision, taken in seconds.items()}
    chosen: Precision = "bf16" if speed["bf16"] > _WORTHWHILE * speed["32"] else "32"
    reason = f"{speed['32']:.0f} images/s in fp32, {speed['bf16']:.0f} in bf16, over {len(seconds['32'])} steps each"
    return PrecisionChoice(chosen, reason, speed["32"], speed["bf16"])


class _Trial:
    """Training steps on a copy of a network and random images."""

    def __init__(
        self, network: nn.Module, recipe: Recipe, images: int, height: int, width: int, device: torch.device
    ) -> None:
        self._device = device
        self._network = copy.deepcopy(network).to(device).to(memory_format=torch.channels_last).train()
        self._optimiser: Optimizer = build_optimiser(self._network, recipe)
        batch = torch.randn(images, 3, height, width)
        self._images = batch.to(device, memory_format=torch.channels_last)

    def step(self, precision: Precision) -> float:
        """Seconds of one whole step."""
        self._synchronise()
        began = time.perf_counter()
        self._optimiser.zero_grad()
        device = self._device.type
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"), depthwise_in_fp32(device, precision):
            # Whatever the outputs are, what takes the time is the network.
            loss = self._network(self._images).float().logsumexp(1).mean()
        loss.backward()
        self._optimiser.step()
        self._synchronise()
        return time.perf_counter() - began

    def _synchronise(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
