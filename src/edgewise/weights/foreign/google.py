"""TensorFlow's names: Keras's MobileNet v1, and slim's MobileNet v1 and v2 with batch norm folded in.

Kernels are `(height, width, in, out)`, those of depthwise convolutions `(height, width, channels, 1)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from edgewise.blocks import Classifier, ConvBNAct, DepthwiseSeparable, InvertedResidual
from edgewise.graph.ops import BatchNorm, Convolution
from edgewise.papers.architecture import Architecture
from edgewise.papers.form import Form
from edgewise.papers.zoo import find
from edgewise.weights.foreign.naming import (
    Module,
    NotTheirsError,
    RowNames,
    Tensors,
    looked_up,
    no_surprise,
    paired,
    shaped,
)
from edgewise.weights.foreign.pretrained import HALF, Pretrained

NAME = "keras"

BACKGROUND = 1001
"""TensorFlow's ImageNet networks count a background class, the first."""

_PARTS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def form_of(architecture: Architecture) -> Form:
    """TensorFlow's padding and epsilon; its MobileNet v1 has ReLU6 where the paper says ReLU."""
    return Form(eps=1e-3, padding="tf_same", relu="relu6" if architecture.family == "mobilenet_v1" else None)


def _keras(architecture: Architecture) -> Iterator[list[str]]:
    for index, row in enumerate(architecture.rows):
        match row:
            case ConvBNAct():
                yield ["conv1", "conv1_bn"]
            case DepthwiseSeparable():
                yield [f"conv_{part}_{index}{norm}" for part in ("dw", "pw") for norm in ("", "_bn")]
            case _:
                yield ["conv_preds"]


def _slim_v2(architecture: Architecture) -> Iterator[list[str]]:
    for index, row in enumerate(architecture.rows):
        place = "MobilenetV2/expanded_conv" + (f"_{index - 1}" if index > 1 else "")
        match row:
            case InvertedResidual():
                steps = ([f"{place}/expand"] if row.expanded else []) + [place, f"{place}/project"]
                yield [name for step in steps for name in (step, step)]
            case ConvBNAct():
                layer = "MobilenetV2/Conv" if index == 0 else "MobilenetV2/Conv_1"
                yield [layer, layer]
            case Classifier():
                yield ["MobilenetV2/Logits/Conv2d_1c_1x1"]
            case _:
                yield []


_NAMES: Mapping[str, Callable[[Architecture], Iterator[list[str]]]] = {
    "mobilenet_v1": _keras,
    "mobilenet_v2": _slim_v2,
}


def names(architecture: Architecture) -> RowNames | None:
    """Keras's or slim's names for `architecture`; None where they are not known."""
    naming = _NAMES.get(architecture.family)
    return list(naming(architecture)) if naming else None


def layers(tensors: Tensors) -> dict[str, np.ndarray]:
    """The arrays as `layer/part`, whatever the file wraps around that: `conv1/conv1/kernel:0` (Keras's HDF5) and
    `000|conv|MobilenetV2/Conv|kernel` (a flat archive) become `conv1/kernel` and `MobilenetV2/Conv/kernel`."""
    plain: dict[str, np.ndarray] = {}
    for name, tensor in tensors.items():
        *layer, part = re.split(r"[|/]", name.partition(":")[0])
        if "|" in name:
            layer = layer[2:]
        elif len(layer) > 1:
            layer = layer[-1:]
        plain["/".join([*layer, part])] = tensor
    return plain


def convert(architecture: Architecture, theirs: RowNames, tensors: Tensors) -> Tensors:
    """The arrays of a `.npz` or `.h5` under our names and in our order of axes.

    Where a layer has a bias in the place of batch norm, the norm becomes the identity and takes the bias as its shift.
    """
    plain = layers(tensors)
    read: set[str] = set()

    def take(key: str) -> np.ndarray:
        read.add(key)
        return looked_up(plain, key)

    made: dict[str, np.ndarray] = {}
    for module, layer in paired(architecture, theirs):
        folded = isinstance(module.op, BatchNorm) and f"{layer}/bias" in plain
        for part, shape in module.parameters.items():
            if isinstance(module.op, BatchNorm):
                value = (
                    _identity(part, take(f"{layer}/bias"), module.op.eps) if folded else take(f"{layer}/{_PARTS[part]}")
                )
            elif part == "bias":
                value = take(f"{layer}/bias")
            else:
                value = _kernel(module, layer, plain, read)
            value = value[1:] if len(value) == shape[0] + 1 == BACKGROUND else value
            made[f"{module.name}.{part}"] = shaped(value, shape, f"{layer}/{part}")
    no_surprise(plain, read, ())
    return made


def classes(theirs: RowNames, tensors: Tensors) -> int:
    """How many classes the file tells apart, without a background class."""
    found = looked_up(layers(tensors), f"{theirs[-1][-1]}/bias").shape[0]
    return found - 1 if found == BACKGROUND else found


def _kernel(module: Module, layer: str, plain: Tensors, read: set[str]) -> np.ndarray:
    """A kernel with its output channels first."""
    depthwise = isinstance(module.op, Convolution) and module.op.groups > 1
    keys = (f"{layer}/depthwise_kernel", f"{layer}/kernel") if depthwise else (f"{layer}/kernel",)
    key = next((key for key in keys if key in plain), keys[-1])
    kernel = looked_up(plain, key)
    read.add(key)
    if depthwise:
        kernel = kernel[..., None] if kernel.ndim == 3 else kernel
        return kernel.transpose(2, 3, 0, 1)
    if kernel.ndim != 4:
        raise NotTheirsError(f"{key} has {kernel.ndim} axes and should have 4")
    return kernel.transpose(3, 2, 0, 1)


def _identity(part: str, bias: np.ndarray, eps: float) -> np.ndarray:
    """A batch norm that adds `bias` and does nothing else: its deviation with epsilon is one."""
    fill = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1 - eps}
    return bias if part == "bias" else np.full_like(bias, fill[part])


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"

_ACCURACIES: Mapping[str, Mapping[int, tuple[float, float]]] = {
    "1_0": {224: (70.9, 89.9), 192: (70.0, 89.2), 160: (68.0, 87.7), 128: (65.2, 85.8)},
    "7_5": {224: (68.4, 88.2), 192: (67.2, 87.3), 160: (65.3, 86.0), 128: (62.1, 83.9)},
    "5_0": {224: (63.3, 84.9), 192: (61.7, 83.6), 160: (59.1, 81.9), 128: (56.3, 79.4)},
    "2_5": {224: (49.8, 74.2), 192: (47.7, 72.3), 160: (45.5, 70.3), 128: (41.5, 66.3)},
}
"""Top-1 and top-5 of slim's checkpoints (nets/mobilenet_v1.md), which Keras converted, by width and pixels."""

_WIDTHS = {"1_0": "mobilenet_v1", "7_5": "mobilenet_v1_0.75", "5_0": "mobilenet_v1_0.5", "2_5": "mobilenet_v1_0.25"}


def pretrained() -> tuple[Pretrained, ...]:
    """Keras's MobileNet v1 at every width and size."""
    return tuple(
        Pretrained(
            source=NAME,
            name=f"mobilenet_{width}_{size}_tf",
            model=_WIDTHS[width],
            size=size,
            mean=HALF,
            std=HALF,
            top1=top1 / 100,
            top5=top5 / 100,
            url=f"{_KERAS}mobilenet_{width}_{size}_tf.h5",
            form=form_of(find(_WIDTHS[width])),
        )
        for width, sizes in _ACCURACIES.items()
        for size, (top1, top5) in sizes.items()
    )
