"""Scoring a network on a split: plain torch, without Lightning."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from edgewise.blocks import Task
from edgewise.data import Batches, Preprocessing, Split
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.training.memory import freed_memory_kept
from edgewise.training.scene_scores import DetectionEvaluation, SegmentationEvaluation
from edgewise.training.scores import Evaluation, Scores
from edgewise.training.scoring import Found, Scoring, scoring_for, task_of


def evaluate(
    network: nn.Module,
    split: Split,
    preprocessing: Preprocessing,
    *,
    batch_size: int = 128,
    workers: int = 0,
    device: torch.device | str = "cpu",
    precision: str = "32",
    k: int = 100,
    keep_probabilities: bool = True,
) -> Evaluation:
    """Scores `network` (images (N, 3, H, W) to logits (N, K)) on all images of `split`.

    The split's labels decide whether there is one label per image or several. The network is left as it was found,
    on `device`. Images that the split leaves out as damaged are missing from the result. `k` is that of
    `Evaluation.map_at_k`. `keep_probabilities` says whether `Evaluation.probabilities` are wanted, which take four
    bytes an image and class.

    Raises:
        EdgewiseError: the split is empty, or has labels that the network has no output for.
    """
    if not len(split):
        raise EdgewiseError("there are no images to evaluate on; give a split that has some")
    device = torch.device(device)
    network.to(device).to(memory_format=torch.channels_last)
    classes = output_classes(network, preprocessing, device)
    labels = split.labels
    needed = labels.shape[1] if labels.ndim == 2 else int(labels.max()) + 1
    if needed > classes or (labels.ndim == 2 and needed != classes):
        raise EdgewiseError(
            f"the data has {needed} classes but the network {classes} outputs; give the network as many as the data"
        )
    batches = Batches(split, preprocessing, batch_size=batch_size, seed=0, shuffle=False, workers=workers)
    scores = Scores(classes, multi_label=labels.ndim == 2, device=device, k=k, keep_probabilities=keep_probabilities)
    with freed_memory_kept():
        return score(network, batches, scores, device=device, precision=precision)


def evaluate_scenes(
    network: nn.Module,
    split: Split,
    preprocessing: Preprocessing,
    *,
    batch_size: int = 16,
    workers: int = 0,
    device: torch.device | str = "cpu",
    precision: str = "32",
) -> DetectionEvaluation | SegmentationEvaluation:
    """Scores `network` on all images of a split that has boxes or masks. It is left as it was found, on `device`.

    Raises `EdgewiseError` where the split is empty, or the network does something else or knows fewer classes.
    """
    if not len(split):
        raise EdgewiseError("there are no images to evaluate on; give a split that has some")
    check_task(network, task_of(split))
    device = torch.device(device)
    network.to(device).to(memory_format=torch.channels_last)
    classes, needed = output_classes(network, preprocessing, device), split.labels.shape[1]
    if needed > classes:
        raise EdgewiseError(
            f"the data has {needed} classes but the network {classes}; give the network as many as the data"
        )
    batches = Batches(split, preprocessing, batch_size=batch_size, seed=0, shuffle=False, workers=workers)
    with freed_memory_kept():
        found = score(
            network, batches, scoring_for(split, network, classes, device), device=device, precision=precision
        )
    assert isinstance(found, DetectionEvaluation | SegmentationEvaluation)
    return found


def check_task(network: nn.Module, task: Task) -> None:
    """Raises `EdgewiseError` where an edgewise network does something else than `task`; others are not asked."""
    if isinstance(network, Network) and network.architecture.task != task:
        does = {"classify": "whole images", "detect": "boxes", "segment": "masks"}
        architecture = network.architecture
        raise EdgewiseError(
            f"the data has {does[task]} and {architecture.name} gives {does[architecture.task]}; use a network for "
            f"{does[task]} (`edgewise models --task {task}`)"
        )


def output_classes(network: nn.Module, preprocessing: Preprocessing, device: torch.device) -> int:
    """The number of classes K of `network`: what its architecture says, or what is seen from its logits (1, K) of one
    image. Those of boxes are without the background."""
    if isinstance(network, Network) and network.architecture.task != "classify":
        return network.architecture.classes
    image = torch.zeros(1, 3, preprocessing.height, preprocessing.width, device=device)
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            return network(image).shape[1]
    finally:
        network.train(training)


def score(
    network: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    scores: Scoring[Found],
    *,
    device: torch.device,
    precision: str = "32",
) -> Found:
    """Runs `network`, which is on `device`, in evaluation mode over batches of images (N, 3, H, W) and targets (N,) or
    (N, K), and gives what `scores` says of them. Joins all processes where `torch.distributed` runs."""
    training = network.training
    network.eval()
    try:
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            for images, targets in batches:
                scores.see(network, images.to(device, non_blocking=True), targets.to(device, non_blocking=True))
            return scores.compute()
    finally:
        network.train(training)
