"""timm's names, and the weights it publishes for the zoo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from edgewise.blocks import (
    Bottleneck,
    Classifier,
    ConvBNAct,
    DepthwiseSeparable,
    InvertedResidual,
    Row,
    XceptionModule,
)
from edgewise.papers.architecture import Architecture
from edgewise.papers.form import Form
from edgewise.papers.mnasnet import A1, B1, SMALL
from edgewise.papers.zoo import find
from edgewise.weights.foreign import torchvision
from edgewise.weights.foreign.naming import RowNames, Tensors, modules, renamed
from edgewise.weights.foreign.pretrained import HALF, IMAGENET_MEAN, IMAGENET_STD, Pretrained

NAME = "timm"

TENSORFLOW = Form(eps=1e-3, padding="tf_same")
"""What timm calls `tf_`: TensorFlow's epsilon and padding."""


def form_of(architecture: Architecture) -> Form:
    """What timm's networks differ in, unless they are called `tf_`."""
    return Form(eps=1e-5, relu="relu6" if architecture.family == "mobilenet_v1" else None)


STAGES: Mapping[str, tuple[int, ...]] = {
    "mobilenet_v1": (1, 2, 2, 6, 2),
    "mobilenet_v2": (1, 2, 3, 4, 3, 3, 1),
    "mobilenet_v3_large": (1, 2, 3, 4, 2, 3),
    "mobilenet_v3_small": (1, 2, 3, 2, 3),
    "mnasnet_a1": (1, *(line[0] for line in A1)),
    "mnasnet_b1": (1, *(line[0] for line in B1)),
    "mnasnet_small": (1, *(line[0] for line in SMALL)),
}
"""Blocks in each of timm's stages."""

_GATE = ("se.conv_reduce", "se.conv_expand")


def _block(place: str, row: Row) -> list[str]:
    gate = _GATE if getattr(row, "squeeze", 0) else ()
    if isinstance(row, InvertedResidual) and row.expanded:
        names = ("conv_pw", "bn1", "conv_dw", "bn2", *gate, "conv_pwl", "bn3")
    else:
        names = ("conv_dw", "bn1", *gate, "conv_pw", "bn2")
    return [f"{place}.{name}" for name in names]


def _blocks(architecture: Architecture) -> Iterator[list[str]]:
    """The networks of timm's EfficientNet and MobileNetV3 builders."""
    stages = next(stages for name, stages in STAGES.items() if architecture.name.startswith(name))
    places = iter([f"blocks.{stage}.{unit}" for stage, units in enumerate(stages) for unit in range(units)])
    last = f"blocks.{len(stages)}.0"
    for index, row in enumerate(architecture.rows):
        match row:
            case ConvBNAct() if index == 0:
                yield ["conv_stem", "bn1"]
            case ConvBNAct() if architecture.family == "mobilenet_v3":
                yield [f"{last}.conv", f"{last}.bn1"]
            case ConvBNAct():
                yield ["conv_head", "bn2"]
            case Classifier():
                yield ["conv_head", "classifier"] if row.hidden else ["classifier"]
            case DepthwiseSeparable() | InvertedResidual():
                yield _block(next(places), row)
            case _:
                yield []


def _senet(architecture: Architecture) -> Iterator[list[str]]:
    places = torchvision.staged(architecture, Bottleneck)
    stem = 0
    for row, at, ours in zip(architecture.rows, places, modules(architecture), strict=True):
        match row:
            case ConvBNAct():
                stem += 1
                yield [f"layer0.conv{stem}", f"layer0.bn{stem}"]
            case Bottleneck() if at:
                yield torchvision.resnet_block(f"layer{at[0]}.{at[1]}", row, len(ours), "se_module")
            case Classifier():
                yield ["last_linear"]
            case _:
                yield []


def _xception(architecture: Architecture) -> Iterator[list[str]]:
    block, convolution = 0, 0
    for row, ours in zip(architecture.rows, modules(architecture), strict=True):
        match row:
            case XceptionModule() if row.residual:
                block += 1
                place = f"block{block}"
                shortcut = [f"{place}.skip", f"{place}.skipbn"] if len(ours) > 3 * len(row.widths) else []
                first = 1 if row.leading else 0  # timm numbers the ReLU in front too
                yield shortcut + [
                    f"{place}.rep.{first + 3 * number}{part}" if part else f"{place}.rep.{first + 3 * number + 1}"
                    for number in range(len(row.widths))
                    for part in (".conv1", ".pointwise", "")
                ]
            case XceptionModule():
                yield [name for at in (3, 4) for name in (f"conv{at}.conv1", f"conv{at}.pointwise", f"bn{at}")]
            case ConvBNAct():
                convolution += 1
                yield [f"conv{convolution}", f"bn{convolution}"]
            case _:
                yield ["fc"]


_NAMES: Mapping[str, Callable[[Architecture], Iterator[list[str]]]] = {
    "mobilenet_v1": _blocks,
    "mobilenet_v2": _blocks,
    "mobilenet_v3": _blocks,
    "mnasnet": _blocks,
    "senet": _senet,
    "xception": _xception,
    "resnet": torchvision.resnet,
    "resnext": torchvision.resnet,
}


def names(architecture: Architecture) -> RowNames | None:
    """timm's names for `architecture`; None for networks that are not in the table, which may have the same tensors."""
    known = any(model == architecture.name for model, *_ in _TABLE)
    return list(_NAMES[architecture.family](architecture)) if known else None


def convert(architecture: Architecture, theirs: RowNames, tensors: Tensors) -> Tensors:
    """A state dict of timm's under our names."""
    return renamed(architecture, theirs, tensors)


_TABLE: tuple[tuple[str, str, int, float, str, float, float], ...] = (
    ("mobilenet_v1", "mobilenetv1_100.ra4_e3600_r224_in1k", 224, 0.875, "bicubic", 75.388, 92.31),
    ("mobilenet_v2", "mobilenetv2_100.ra_in1k", 224, 0.875, "bicubic", 72.91, 91.0),
    ("mobilenet_v2_0.5", "mobilenetv2_050.lamb_in1k", 224, 0.875, "bicubic", 65.928, 86.114),
    ("mobilenet_v2_1.4", "mobilenetv2_140.ra_in1k", 224, 0.875, "bicubic", 76.528, 93.008),
    ("mobilenet_v3_large", "mobilenetv3_large_100.ra4_e3600_r224_in1k", 224, 0.95, "bicubic", 76.31, 92.842),
    ("mobilenet_v3_large", "mobilenetv3_large_100.ra_in1k", 224, 0.875, "bicubic", 75.784, 92.528),
    ("mobilenet_v3_large", "tf_mobilenetv3_large_100.in1k", 224, 0.875, "bilinear", 75.51, 92.6),
    ("mobilenet_v3_large_0.75", "tf_mobilenetv3_large_075.in1k", 224, 0.875, "bilinear", 73.442, 91.332),
    ("mobilenet_v3_large_minimalistic", "tf_mobilenetv3_large_minimal_100.in1k", 224, 0.875, "bilinear", 72.27, 90.664),
    ("mobilenet_v3_small", "tf_mobilenetv3_small_100.in1k", 224, 0.875, "bilinear", 67.922, 87.686),
    ("mobilenet_v3_small", "mobilenetv3_small_100.lamb_in1k", 224, 0.875, "bicubic", 67.636, 87.638),
    ("mobilenet_v3_small_0.75", "tf_mobilenetv3_small_075.in1k", 224, 0.875, "bilinear", 65.706, 86.13),
    ("mobilenet_v3_small_0.75", "mobilenetv3_small_075.lamb_in1k", 224, 0.875, "bicubic", 65.284, 85.462),
    ("mobilenet_v3_small_minimalistic", "tf_mobilenetv3_small_minimal_100.in1k", 224, 0.875, "bilinear", 62.892, 84.27),
    ("mnasnet_a1", "semnasnet_100.rmsp_in1k", 224, 0.875, "bicubic", 75.452, 92.608),
    ("mnasnet_a1_0.75", "semnasnet_075.rmsp_in1k", 224, 0.875, "bicubic", 73.0, 91.124),
    ("mnasnet_b1", "mnasnet_100.rmsp_in1k", 224, 0.875, "bicubic", 74.672, 92.108),
    ("mnasnet_small", "mnasnet_small.lamb_in1k", 224, 0.875, "bicubic", 66.204, 86.47),
    ("resnet18", "resnet18.a1_in1k", 224, 0.95, "bicubic", 71.504, 90.086),
    ("resnet34", "resnet34.a1_in1k", 224, 0.95, "bicubic", 76.42, 92.896),
    ("resnet50_v1_5", "resnet50.a1_in1k", 224, 0.95, "bicubic", 80.382, 94.598),
    ("resnet101_v1_5", "resnet101.a1_in1k", 224, 0.95, "bicubic", 81.494, 95.164),
    ("resnet152_v1_5", "resnet152.a1_in1k", 224, 0.95, "bicubic", 81.998, 95.294),
    ("resnext50_32x4d", "resnext50_32x4d.a1_in1k", 224, 0.95, "bicubic", 80.526, 94.458),
    ("resnext101_32x4d", "resnext101_32x4d.gluon_in1k", 224, 0.875, "bicubic", 80.336, 94.908),
    ("xception", "legacy_xception.tf_in1k", 299, 0.8975, "bicubic", 79.058, 94.396),
    ("se_resnet50", "legacy_seresnet50.in1k", 224, 0.875, "bilinear", 77.65, 93.732),
    ("se_resnet101", "legacy_seresnet101.in1k", 224, 0.875, "bilinear", 78.37, 94.264),
    ("se_resnet152", "legacy_seresnet152.in1k", 224, 0.875, "bilinear", 78.662, 94.37),
    ("se_resnext50_32x4d", "legacy_seresnext50_32x4d.in1k", 224, 0.875, "bilinear", 79.08, 94.428),
    ("se_resnext101_32x4d", "legacy_seresnext101_32x4d.in1k", 224, 0.875, "bilinear", 80.274, 95.032),
    ("senet154", "legacy_senet154.in1k", 224, 0.875, "bilinear", 81.32, 95.502),
)
"""Ours, theirs, pixels, crop, interpolation, and the top-1 and top-5 accuracies of timm's results-imagenet.csv
(August 2026), best first where a network has several."""

_RELEASES = "https://github.com/huggingface/pytorch-image-models/releases/download/"

_FILES: Mapping[str, str] = {
    "legacy_senet154.in1k": "v0.1-weights/legacy_senet154-e9eb9fe6.pth",
    "legacy_seresnet50.in1k": "v0.1-cadene/se_resnet50-ce0d4300.pth",
    "legacy_seresnet101.in1k": "v0.1-cadene/se_resnet101-7e38fcc6.pth",
    "legacy_seresnet152.in1k": "v0.1-cadene/se_resnet152-d17c99b7.pth",
    "legacy_seresnext50_32x4d.in1k": "v0.1-weights/legacy_se_resnext50_32x4d-f3651bad.pth",
    "legacy_seresnext101_32x4d.in1k": "v0.1-weights/legacy_se_resnext101_32x4d-37725eac.pth",
    "legacy_xception.tf_in1k": "v0.1-cadene/xception-43020ad28.pth",
}
"""Those that are not on the hub; the digits are the beginning of the file's SHA-256."""


def _entry(model: str, name: str, size: int, crop: float, interpolation: str, top1: float, top5: float) -> Pretrained:
    half = name.startswith(("tf_", "legacy_xception")) or ".ra4_" in name
    return Pretrained(
        source=NAME,
        name=name,
        model=model,
        size=size,
        crop=crop,
        interpolation=interpolation,
        mean=HALF if half else IMAGENET_MEAN,
        std=HALF if half else IMAGENET_STD,
        top1=top1 / 100,
        top5=top5 / 100,
        url=_RELEASES + _FILES[name] if name in _FILES else "",
        hub="" if name in _FILES else f"timm/{name}",
        form=TENSORFLOW if name.startswith("tf_") else form_of(find(model)),
    )


def pretrained() -> tuple[Pretrained, ...]:
    """What timm publishes for the zoo."""
    return tuple(_entry(*line) for line in _TABLE)
