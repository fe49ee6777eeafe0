"""Faster R-CNN on our pyramid gives what torchvision's gives with the same weights, and trains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.nn.faster_rcnn import faster_rcnn
from edgewise.papers import Architecture, find
from edgewise.papers.fpn import feature_pyramid
from random_weights import images

HEIGHT, WIDTH = 96, 128

TORCHVISION_MAPS = ("13", "16")
"""Of MobileNetV3-Large: both at stride 32."""


def pyramid() -> Architecture:
    """torchvision's: an epsilon of its own, and two maps."""
    base = find("mobilenet_v3_large")
    made = feature_pyramid(base, maps=TORCHVISION_MAPS, height=HEIGHT, width=WIDTH)
    return replace(made, norm=replace(made.norm, eps=1e-5))


def carried_over(reference: nn.Module, ours: nn.Module) -> None:
    """Copies all weights: both lay out their modules in the same order, and what torchvision shares has one name."""
    theirs = {name: one for name, one in reference.state_dict().items() if not name.endswith("num_batches_tracked")}
    mine = {name: one for name, one in ours.state_dict().items() if not name.endswith("num_batches_tracked")}
    body = [name for name in theirs if name.startswith("backbone.body.")]
    own_body = [name for name in mine if name.startswith("backbone.network.") and "lateral" not in name]
    own_body = [name for name in own_body if ".map" not in name]
    state = dict(zip(own_body, (theirs[name] for name in body), strict=True))
    row = len(pyramid().rows) - 1
    for number in range(len(TORCHVISION_MAPS)):
        for part in ("weight", "bias"):
            prefix = f"backbone.network.{row}"
            state[f"{prefix}.lateral{number}.{part}"] = theirs[f"backbone.fpn.inner_blocks.{number}.0.{part}"]
            state[f"{prefix}.map{number}.{part}"] = theirs[f"backbone.fpn.layer_blocks.{number}.0.{part}"]
    state |= {name: theirs[name] for name in mine if not name.startswith("backbone.")}
    missing = ours.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in missing.missing_keys)


@torch.no_grad()
def test_torchvisions() -> None:
    torch.manual_seed(0)
    reference: Any = torchvision.models.detection.fasterrcnn_mobilenet_v3_large_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=4,
        fixed_size=(WIDTH, HEIGHT),
        size_divisible=1,
        box_score_thresh=0.0,
        # As many as there are: of nearly equal scores the order is not decided.
        rpn_pre_nms_top_n_test=10_000,
        rpn_post_nms_top_n_test=10_000,
        box_detections_per_img=10_000,
    ).eval()
    for parameter in reference.roi_heads.box_predictor.parameters():
        nn.init.normal_(parameter, std=0.5)
    for parameter in reference.rpn.head.parameters():
        nn.init.normal_(parameter, std=0.02)
    sizes = [(32.0, 64.0, 128.0, 256.0, 512.0)] * 3
    ours: Any = faster_rcnn(pyramid(), 3, anchors=sizes, least_score=0.0, most=10_000).eval()
    for settings in (ours.rpn._pre_nms_top_n, ours.rpn._post_nms_top_n):
        settings["testing"] = 10_000
    carried_over(reference, ours)
    batch = images((3, HEIGHT, WIDTH))
    for name, theirs in reference.backbone(batch).items():
        mine = ours.backbone(batch)[name]
        assert float((mine - theirs).abs().max() / theirs.abs().max()) < 1e-4
    pictures = [torch.rand(3, 120, 90), torch.rand(3, HEIGHT, WIDTH)]
    for mine, theirs in zip(ours(pictures), reference(pictures), strict=True):
        assert len(mine["scores"]) == len(theirs["scores"]) > 50
        torch.testing.assert_close(mine["scores"], theirs["scores"], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(mine["boxes"], theirs["boxes"], rtol=1e-4, atol=1e-2)
        assert torch.equal(mine["labels"], theirs["labels"])


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v2", "resnet18"])
def test_any_body_learns(name: str) -> None:
    torch.manual_seed(0)
    base = find(name)
    detector = faster_rcnn(feature_pyramid(base, height=64, width=64, out_channels=32), 2, seed=0).train()
    optimiser = torch.optim.SGD(detector.parameters(), 0.005, momentum=0.9)
    picture = torch.rand(3, 64, 64)
    picture[:, 10:40, 20:50] = 1.0
    target = {"boxes": torch.tensor([[20.0, 10.0, 50.0, 40.0]]), "labels": torch.tensor([1])}
    losses: list[float] = []
    for _ in range(8):
        found: dict[str, Tensor] = detector([picture, picture], [target, target])
        loss = torch.stack(list(found.values())).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_frozen_statistics_stay() -> None:
    base = find("mobilenet_v3_small").scaled(0.35)
    detector = faster_rcnn(feature_pyramid(base, height=64, width=64, out_channels=16), 1, frozen_batch_norm=True)
    before = {name: one.clone() for name, one in detector.state_dict().items() if "running" in name}
    detector.train()
    target = {"boxes": torch.tensor([[8.0, 8.0, 40.0, 40.0]]), "labels": torch.tensor([1])}
    detector([torch.rand(3, 64, 64)] * 2, [target] * 2)
    assert all(torch.equal(one, detector.state_dict()[name]) for name, one in before.items())
    norms = [one for one in detector.modules() if isinstance(one, nn.BatchNorm2d)]
    assert norms
    assert not any(parameter.requires_grad for one in norms for parameter in one.parameters())


def test_the_pyramid_is_counted_and_runs_as_any_network() -> None:
    architecture = feature_pyramid(find("resnet50"), height=64, width=96)
    shapes = {name: architecture.graph.nodes[index].shape for name, index in architecture.graph.outputs.items()}
    assert shapes == {
        "output": (256, 1, 2),
        "map0": (256, 16, 24),
        "map1": (256, 8, 12),
        "map2": (256, 4, 6),
        "map3": (256, 2, 3),
    }
    cells = [16 * 24, 8 * 12, 4 * 6, 2 * 3]
    laterals = sum(cell * channels * 256 for cell, channels in zip(cells, (256, 512, 1024, 2048), strict=True))
    smoothing = sum(cell * 9 * 256 * 256 for cell in cells)
    whole = count(architecture).multiply_adds
    bare = count(replace(architecture, rows=architecture.rows[:-1])).multiply_adds
    assert whole - bare == laterals + smoothing
    assert Architecture.from_json(architecture.to_json()) == architecture
    outputs = Network(architecture).eval().forward_outputs(images((3, 64, 96)))
    assert {name: tuple(one.shape[1:]) for name, one in outputs.items()} == shapes


def test_what_is_no_pyramid_or_has_other_maps_is_refused() -> None:
    with pytest.raises(EdgewiseError, match="has no feature pyramid"):
        faster_rcnn(find("mobilenet_v2"), 2)
    with pytest.raises(EdgewiseError, match="has 5 maps and there are anchors for 2"):
        faster_rcnn(feature_pyramid(find("mobilenet_v2"), height=64, width=64), 2, anchors=[(32,), (64,)])
    shallow = find("mobilenet_v2")
    with pytest.raises(EdgewiseError, match="no map at a stride of 16 pixels"):
        feature_pyramid(replace(shallow, rows=shallow.rows[:5]), height=64, width=64)
