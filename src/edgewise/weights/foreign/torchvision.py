"""torchvision's names, and what its registry holds for the zoo."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from edgewise.blocks import (
    AuxiliaryClassifier,
    BasicBlock,
    Bottleneck,
    Classifier,
    ConvAct,
    ConvBNAct,
    ConvClassifier,
    Fire,
    FullyConnected,
    Inception,
    InvertedResidual,
    MaxPool,
    Row,
    ShuffleDownUnitV2,
    ShuffleUnitV2,
)
from edgewise.papers.architecture import Architecture
from edgewise.papers.form import Form
from edgewise.papers.mnasnet import B1
from edgewise.papers.zoo import find
from edgewise.weights.foreign import torchvision_heads
from edgewise.weights.foreign.naming import RowNames, Tensors, modules, renamed
from edgewise.weights.foreign.pretrained import HALF, Pretrained

NAME = "torchvision"

COUNTERPARTS: Mapping[str, str] = {
    "alexnet_one_tower": "alexnet",
    **{f"vgg{depth}{norm}": f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")},
    "googlenet_bn": "googlenet",
    "googlenet_bn_auxiliary": "googlenet",
    "inception_v3": "inception_v3",
    "inception_v3_auxiliary": "inception_v3",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    **{f"resnet{depth}_v1_5": f"resnet{depth}" for depth in (50, 101, 152)},
    **{name: name for name in ("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d")},
    "squeezenet1_0": "squeezenet1_0",
    "squeezenet1_1": "squeezenet1_1",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "mobilenet_v3_small": "mobilenet_v3_small",
    "shufflenet_v2_0.5_torchvision": "shufflenet_v2_x0_5",
    "shufflenet_v2_torchvision": "shufflenet_v2_x1_0",
    "shufflenet_v2_1.5_torchvision": "shufflenet_v2_x1_5",
    "shufflenet_v2_2_torchvision": "shufflenet_v2_x2_0",
    "mnasnet_b1_0.5": "mnasnet0_5",
    "mnasnet_b1_0.75": "mnasnet0_75",
    "mnasnet_b1": "mnasnet1_0",
    "mnasnet_b1_1.3": "mnasnet1_3",
}
"""torchvision's network by the zoo's name."""


def form_of(architecture: Architecture) -> Form:
    """What torchvision's network differs in."""
    return Form(eps=1e-5) if architecture.family == "mnasnet" else Form()


def _conv_bn(place: str) -> list[str]:
    return [f"{place}.0", f"{place}.1"]


def _sequential(architecture: Architecture) -> Iterator[list[str]]:
    """AlexNet, VGG, SqueezeNet: modules are numbered, activations and dropouts too."""
    number = 0
    linear = 1 if architecture.family == "alexnet" else 0
    for row in architecture.rows:
        match row:
            case ConvAct():
                yield [f"features.{number}"]
                number += 2
            case ConvBNAct():
                yield [f"features.{number}", f"features.{number + 1}"]
                number += 3
            case Fire():
                yield [f"features.{number}.{part}" for part in ("squeeze", "expand1x1", "expand3x3")]
                number += 1
            case MaxPool():
                yield []
                number += 1
            case FullyConnected():
                yield [f"classifier.{linear}"]
                linear += 3
            case ConvClassifier():
                yield ["classifier.1"]
            case Classifier():
                yield ["classifier.6"]
            case _:
                yield []


_GOOGLENET = ("conv1", "conv2", "conv3")
_MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
_BRANCHES = ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")


def _conv_and_bn(places: list[str] | tuple[str, ...]) -> list[str]:
    return [f"{place}.{part}" for place in places for part in ("conv", "bn")]


def _googlenet(architecture: Architecture) -> Iterator[list[str]]:
    stem, modules, helpers = iter(_GOOGLENET), iter(_MODULES), iter((1, 2))
    for row in architecture.rows:
        match row:
            case ConvBNAct():
                yield _conv_and_bn([next(stem)])
            case Inception():
                module = next(modules)
                yield _conv_and_bn([f"inception{module}.{branch}" for branch in _BRANCHES])
            case AuxiliaryClassifier():
                place = f"aux{next(helpers)}"
                yield [f"{place}.conv.conv", f"{place}.conv.bn", f"{place}.fc1", f"{place}.fc2"]
            case Classifier():
                yield ["fc"]
            case _:
                yield []


_STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
_DOUBLE = ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")
_A = ("branch1x1", "branch5x5_1", "branch5x5_2", *_DOUBLE, "branch_pool")
_SEVEN = tuple(f"branch7x7_{i}" for i in (1, 2, 3))
_DOUBLE_SEVEN = tuple(f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5))
_C = ("branch1x1", *_SEVEN, *_DOUBLE_SEVEN, "branch_pool")
_D = ("branch3x3_1", "branch3x3_2", *(f"branch7x7x3_{i}" for i in (1, 2, 3, 4)))
_WIDE = ("branch3x3_1", "branch3x3_2a", "branch3x3_2b")
_E = ("branch1x1", *_WIDE, *_DOUBLE[:2], "branch3x3dbl_3a", "branch3x3dbl_3b", "branch_pool")
_MIXED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("5b", "5c", "5d"), _A),
    "6a": ("branch3x3", *_DOUBLE),
    **dict.fromkeys(("6b", "6c", "6d", "6e"), _C),
    "7a": _D,
    **dict.fromkeys(("7b", "7c"), _E),
}


def _inception_v3(architecture: Architecture) -> Iterator[list[str]]:
    stem, mixed = iter(_STEM), iter(_MIXED.items())
    for row in architecture.rows:
        match row:
            case ConvBNAct():
                yield _conv_and_bn([next(stem)])
            case Inception():
                name, branches = next(mixed)
                yield _conv_and_bn([f"Mixed_{name}.{branch}" for branch in branches])
            case AuxiliaryClassifier():
                yield [*_conv_and_bn(("AuxLogits.conv0", "AuxLogits.conv1")), "AuxLogits.fc"]
            case Classifier():
                yield ["fc"]
            case _:
                yield []


def staged(architecture: Architecture, kind: type[Row] | tuple[type[Row], ...]) -> Iterator[tuple[int, int] | None]:
    """For every row of `kind` its stage and place in it, None for the others; a stage begins where the width grows."""
    stage, unit, width = 0, 0, -1
    for row in architecture.rows:
        if not isinstance(row, kind):
            yield None
            continue
        out: int = getattr(row, "out_channels")  # noqa: B009  (rows of these kinds all have it)
        stage, unit = (stage + 1, 0) if out != width else (stage, unit + 1)
        width = out
        yield stage, unit


def resnet_block(place: str, row: BasicBlock | Bottleneck, count: int, gate: str = "") -> list[str]:
    """The names of a block with `count` modules."""
    convolutions = 2 if isinstance(row, BasicBlock) else 3
    names = [f"{place}.{part}{number}" for number in range(1, convolutions + 1) for part in ("conv", "bn")]
    names += [f"{place}.{gate}.fc1", f"{place}.{gate}.fc2"] if row.squeeze else []
    return names + ([f"{place}.downsample.0", f"{place}.downsample.1"] if count > len(names) else [])


def resnet(architecture: Architecture) -> Iterator[list[str]]:
    """ResNet's and ResNeXt's names, which timm shares."""
    counts = [len(row) for row in modules(architecture)]
    places = staged(architecture, (BasicBlock, Bottleneck))
    for row, place, number in zip(architecture.rows, places, counts, strict=True):
        match row:
            case BasicBlock() | Bottleneck() if place:
                yield resnet_block(f"layer{place[0]}.{place[1]}", row, number)
            case ConvBNAct():
                yield ["conv1", "bn1"]
            case Classifier():
                yield ["fc"]
            case _:
                yield []


def _mobilenet_v2(architecture: Architecture) -> Iterator[list[str]]:
    for index, row in enumerate(architecture.rows):
        place = f"features.{index}"
        match row:
            case InvertedResidual():
                steps = 2 if row.expanded else 1
                first = [name for step in range(steps) for name in _conv_bn(f"{place}.conv.{step}")]
                yield [*first, f"{place}.conv.{steps}", f"{place}.conv.{steps + 1}"]
            case ConvBNAct():
                yield _conv_bn(place)
            case _:
                yield ["classifier.1"]


def _mobilenet_v3(architecture: Architecture) -> Iterator[list[str]]:
    for index, row in enumerate(architecture.rows):
        place = f"features.{index}"
        match row:
            case InvertedResidual():
                names: list[str] = []
                step = 0
                for part in ("expand", "depthwise", "squeeze", "project"):
                    if (part == "expand" and not row.expanded) or (part == "squeeze" and not row.squeeze):
                        continue
                    at = f"{place}.block.{step}"
                    names += [f"{at}.fc1", f"{at}.fc2"] if part == "squeeze" else _conv_bn(at)
                    step += 1
                yield names
            case ConvBNAct():
                yield _conv_bn(place)
            case _:
                yield ["classifier.0", "classifier.3"]


def _shufflenet_v2(architecture: Architecture) -> Iterator[list[str]]:
    right = ("branch2.0", "branch2.1", "branch2.3", "branch2.4", "branch2.5", "branch2.6")
    left = ("branch1.0", "branch1.1", "branch1.2", "branch1.3")
    convolutions = iter(("conv1", "conv5"))
    places = staged(architecture, (ShuffleUnitV2, ShuffleDownUnitV2))
    for row, at in zip(architecture.rows, places, strict=True):
        place = f"stage{at[0] + 1}.{at[1]}." if at else ""
        match row:
            case ShuffleDownUnitV2():
                yield [place + name for name in (*left, *right)]
            case ShuffleUnitV2():
                yield [place + name for name in right]
            case ConvBNAct():
                yield _conv_bn(next(convolutions))
            case Classifier():
                yield ["fc"]
            case _:
                yield []


def _mnasnet(architecture: Architecture) -> Iterator[list[str]]:
    yield ["layers.0", "layers.1"]
    yield [f"layers.{number}" for number in (3, 4, 6, 7)]
    for stage, (times, *_) in enumerate(B1):
        for unit in range(times):
            yield [f"layers.{8 + stage}.{unit}.layers.{number}" for number in (0, 1, 3, 4, 6, 7)]
    yield ["layers.14", "layers.15"]
    yield ["classifier.1"]


_NAMES: Mapping[str, Callable[[Architecture], Iterator[list[str]]]] = {
    "alexnet": _sequential,
    "vgg": _sequential,
    "squeezenet": _sequential,
    "googlenet": _googlenet,
    "inception_v3": _inception_v3,
    "resnet": resnet,
    "resnext": resnet,
    "mobilenet_v2": _mobilenet_v2,
    "mobilenet_v3": _mobilenet_v3,
    "shufflenet_v2": _shufflenet_v2,
    "mnasnet": _mnasnet,
}
"""By family, what torchvision calls the modules of every row."""


def names(architecture: Architecture) -> RowNames | None:
    """torchvision's names for `architecture`; None where it has no such network.

    Others of a family may have the same tensors and be another network: ResNet-50 with the stride where the paper has
    it, MobileNetV3 without h-swish.
    """
    if architecture.name in torchvision_heads.COUNTERPARTS:
        return torchvision_heads.names(architecture, lambda one: list(_mobilenet_v3(one)))
    return list(_NAMES[architecture.family](architecture)) if architecture.name in COUNTERPARTS else None


def convert(architecture: Architecture, theirs: RowNames, tensors: Tensors) -> Tensors:
    """A state dict of torchvision's under our names; auxiliary classifiers that ours does not have are left out."""
    if torchvision_heads.SCALE in tensors:
        scale = torchvision_heads.SCALE
        tensors = {scale.replace("_weight", ".weight") if name == scale else name: one for name, one in tensors.items()}
    return renamed(architecture, theirs, tensors, ignored=("aux", "AuxLogits"))


def pretrained() -> tuple[Pretrained, ...]:
    """What torchvision's registry holds for the zoo, the best of each network first."""
    from torchvision.models import get_model_weights
    from torchvision.transforms import InterpolationMode

    words = {InterpolationMode.BILINEAR: "bilinear", InterpolationMode.BICUBIC: "bicubic"}
    entries: list[Pretrained] = []
    for model, name in COUNTERPARTS.items():
        known = get_model_weights(name)
        for weights in (known["DEFAULT"], *(one for one in known if one is not known["DEFAULT"])):
            metrics = weights.meta["_metrics"].get("ImageNet-1K")
            transform = weights.transforms()
            if metrics is None or math.isnan(metrics["acc@1"]):
                continue  # a backbone without a classifier
            # Both were trained on pixels from -1 to 1; torchvision's networks convert what the transform gives.
            half = name in ("googlenet", "inception_v3")
            size, resized = transform.crop_size[0], transform.resize_size[0]
            entries.append(
                Pretrained(
                    source=NAME,
                    name=f"{name}.{weights.name}",
                    model=model,
                    size=size,
                    crop=size / resized,
                    interpolation=words[transform.interpolation],
                    mean=HALF if half else tuple(transform.mean),  # type: ignore[arg-type]
                    std=HALF if half else tuple(transform.std),  # type: ignore[arg-type]
                    top1=metrics["acc@1"] / 100,
                    top5=metrics["acc@5"] / 100,
                    url=weights.url,
                    form=form_of(find(model)),
                )
            )
    return tuple(entries)
