"""Faster R-CNN (Ren et al., 2015) on a feature pyramid of any body, in torchvision's detection framework."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops import MultiScaleRoIAlign

from edgewise.blocks.pyramid import FeaturePyramid
from edgewise.errors import EdgewiseError
from edgewise.nn.network import Network
from edgewise.papers.architecture import Architecture

SMALLEST = 32.0
"""Pixels of an anchor on the largest map; on each further one they are twice as large (Lin et al., section 4.1)."""

RATIOS = (0.5, 1.0, 2.0)


class Pyramid(nn.Module):
    """The maps of a network that ends in a `FeaturePyramid`, as torchvision takes them: by name, the largest first."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.out_channels = cast("FeaturePyramid", network.architecture.rows[-1]).out_channels

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        outputs = self.network.forward_outputs(x)
        pooled = outputs.pop("output")
        return OrderedDict([(name.removeprefix("map"), value) for name, value in outputs.items()] + [("pool", pooled)])


def faster_rcnn(
    architecture: Architecture,
    classes: int,
    *,
    anchors: Sequence[Sequence[float]] | None = None,
    mean: Sequence[float] = (0.485, 0.456, 0.406),
    std: Sequence[float] = (0.229, 0.224, 0.225),
    frozen_batch_norm: bool = False,
    seed: int | None = None,
    least_score: float = 0.05,
    overlap: float = 0.5,
    most: int = 100,
) -> FasterRCNN:
    """torchvision's `FasterRCNN` on the pyramid `architecture` (`papers.fpn.feature_pyramid`).

    It takes lists of images `(3, H, W)` in [0, 1] of any size, makes them the architecture's, and gives boxes in the
    images' own pixels; in training it takes targets (`boxes`, `labels` from 1 to `classes`) and gives losses.
    `anchors` are sizes in pixels for each map, the pooled one last, by default one of 32 and twice as much on each
    further map; three ratios each. With `frozen_batch_norm` the body's statistics and scales stay what they are, which
    few images a step ask for. Boxes with at least `least_score` are given, of those that overlap by more than
    `overlap` one, and at most `most`. Raises `EdgewiseError` where the architecture has no pyramid, or other anchors.
    """
    pyramid = architecture.rows[-1] if architecture.rows else None
    if not isinstance(pyramid, FeaturePyramid):
        raise EdgewiseError(f"{architecture.name} has no feature pyramid; make one with papers.fpn.feature_pyramid")
    count = len(pyramid.maps) + 1
    sizes = [(SMALLEST * 2**level,) for level in range(count)] if anchors is None else [tuple(one) for one in anchors]
    if len(sizes) != count:
        raise EdgewiseError(f"{architecture.name} has {count} maps and there are anchors for {len(sizes)}")
    network = Network(architecture, seed=seed)
    if frozen_batch_norm:
        freeze_batch_norm(network)
    _, height, width = architecture.input
    names = [str(number) for number in range(len(pyramid.maps))]
    state = torch.random.get_rng_state()
    if seed is not None:
        torch.manual_seed(seed)
    try:
        return FasterRCNN(
            Pyramid(network),
            1 + classes,
            rpn_anchor_generator=AnchorGenerator(tuple(sizes), (RATIOS,) * count),
            box_roi_pool=MultiScaleRoIAlign(featmap_names=names, output_size=7, sampling_ratio=2),
            image_mean=list(mean),
            image_std=list(std),
            box_score_thresh=least_score,
            box_nms_thresh=overlap,
            box_detections_per_img=most,
            fixed_size=(width, height),
            size_divisible=1,
        )
    finally:
        if seed is not None:
            torch.random.set_rng_state(state)


class _Frozen(nn.BatchNorm2d):
    """Normalises by what it has counted, in training too."""

    def train(self, mode: bool = True) -> _Frozen:
        super().train(False)
        return self


def freeze_batch_norm(network: nn.Module) -> None:
    """Makes every batch norm of `network` keep its statistics and scales."""
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.BatchNorm2d):
            frozen = _Frozen(module.num_features, module.eps, module.momentum)
            frozen.load_state_dict(module.state_dict())
            network.set_submodule(name, frozen.eval().requires_grad_(False))
