"""Judging networks in a worker: on images held out, and with a beat by which it is seen to get on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from edgewise.data import Batches, Preprocessing, Split
from edgewise.training.evaluation import score
from edgewise.training.scores import score_of
from edgewise.training.scoring import scoring_for, task_of

Beat = Callable[[], None]
"""Called whenever the work has got on."""

FEWEST_JUDGED = 500
"""Networks are judged on no fewer images than that, where there are as many."""

_JUDGED_AT_ONCE = 64
_SCENES_AT_ONCE = 8


def beat_by_layer(network: nn.Module, beat: Beat) -> None:
    """Calls `beat` with every layer, forwards and backwards: a whole step of a large network may take longer than a
    worker is waited for."""

    def passed(layer: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        beat()
        if isinstance(output, Tensor) and output.requires_grad:
            output.register_hook(lambda gradient: beat())

    for layer in network.modules():
        if not any(True for _ in layer.children()):
            layer.register_forward_hook(passed)


def judged(network: nn.Module, split: Split, preprocessing: Preprocessing, *, classes: int, every: int = 1) -> float:
    """The accuracy on one in `every` images of `split`, on no fewer than `FEWEST_JUDGED`; for several labels an image
    the mean average precision, for boxes COCO's, for masks the mean intersection over union."""
    every = max(1, min(every, len(split) // FEWEST_JUDGED))
    some = split.take(range(0, len(split), every))
    scores = scoring_for(some, network, classes, torch.device("cpu"))
    at_once = _JUDGED_AT_ONCE if task_of(some) == "classify" else _SCENES_AT_ONCE
    batches = Batches(some, preprocessing, batch_size=at_once, seed=0, shuffle=False, workers=0)
    return score_of(score(network, batches, scores, device=torch.device("cpu")).metrics())
