"""torchvision's names for detectors and segmentation networks, and the body they share with a classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edgewise.blocks import SSD, AtrousStage, ConvAct, InvertedResidual, MaxPool
from edgewise.papers.architecture import Architecture
from edgewise.weights.foreign.naming import RowNames

COUNTERPARTS: Mapping[str, str] = {
    "ssd300_vgg16": "ssd300_vgg16",
    "ssdlite_mobilenet_v3_large_torchvision": "ssdlite320_mobilenet_v3_large",
    "lr_aspp_mobilenet_v3_large_torchvision": "lraspp_mobilenet_v3_large",
    "deeplab_v3_mobilenet_v3_large_torchvision": "deeplabv3_mobilenet_v3_large",
}
"""torchvision's network by the zoo's name."""

SCALE = "backbone.scale_weight"
"""A tensor without a module of its own: what conv4_3 is scaled by."""

Body = Callable[[Architecture], RowNames]


def names(architecture: Architecture, mobilenet_v3: Body) -> RowNames:
    """torchvision's names for one of `COUNTERPARTS`; `mobilenet_v3` gives those of a classifier's rows."""
    head = architecture.rows[-1]
    if isinstance(head, SSD) and head.form == "ssd":
        return _ssd300(architecture, head)
    rows = list(mobilenet_v3(architecture))[:-1]
    if isinstance(head, SSD):
        return [*_split_at_c4(architecture, head, rows), _ssdlite_head(head)]
    body = [[f"backbone.{name.removeprefix('features.')}" for name in row] for row in rows]
    return [*body, _LR_ASPP if architecture.family == "mobilenet_v3" and hasattr(head, "low") else _DEEPLAB]


_LR_ASPP = [f"classifier.{part}" for part in ("cbr.0", "cbr.1", "scale.1", "high_classifier", "low_classifier")]

_DEEPLAB = [
    *(f"classifier.0.convs.{number}.{part}" for number in range(4) for part in (0, 1)),
    *(f"classifier.0.convs.4.{part}" for part in (1, 2)),
    *(f"classifier.{part}" for part in ("0.project.0", "0.project.1", "1", "2", "4")),
]


def _split_at_c4(architecture: Architecture, head: SSD, rows: RowNames) -> RowNames:
    """The body in two halves, between the expansion and the depthwise convolution of the row that `first` names."""
    split = int(head.first.partition(".")[0])
    row = architecture.rows[split]
    assert isinstance(row, InvertedResidual)
    made: list[list[str]] = []
    for index, names in enumerate(rows):
        inside = [name.removeprefix(f"features.{index}.") for name in names]
        if index < split:
            made.append([f"backbone.features.0.{index}.{name}" for name in inside])
        elif index > split:
            made.append([f"backbone.features.1.{index - split}.{name}" for name in inside])
        else:
            parts = [name.removeprefix("block.") for name in inside]
            first = [f"backbone.features.0.{split}.{name.removeprefix('0.')}" for name in parts[:2]]
            made.append([*first, *(f"backbone.features.1.0.{name}" for name in parts[2:])])
    return made


def _ssdlite_head(head: SSD) -> list[str]:
    names = [
        f"backbone.extra.{number}.{step}.{part}"
        for number in range(len(head.extras))
        for step in range(3)
        for part in (0, 1)
    ]
    for number in range(len(head.anchors)):
        for kind in ("regression", "classification"):
            place = f"head.{kind}_head.module_list.{number}"
            names += [f"{place}.0.0", f"{place}.0.1", f"{place}.1"]
    return names


def _ssd300(architecture: Architecture, head: SSD) -> RowNames:
    rows: list[list[str]] = []
    number, extra, pools = 0, 1, 0
    for row in architecture.rows:
        match row:
            case ConvAct() if pools < 4:
                rows.append([f"backbone.features.{number}"])
                number += 2
            case ConvAct():
                rows.append([f"backbone.extra.0.{extra}"])
                extra += 2
            case MaxPool():
                rows.append([])
                number, pools = number + 1, pools + 1
            case AtrousStage():
                rows.append([f"backbone.extra.0.{extra}.1", f"backbone.extra.0.{extra}.3"])
            case _:
                extras = [f"backbone.extra.{place + 1}.{part}" for place in range(len(head.extras)) for part in (0, 2)]
                heads = [
                    f"head.{kind}_head.module_list.{place}"
                    for place in range(len(head.anchors))
                    for kind in ("regression", "classification")
                ]
                rows.append([SCALE.removesuffix("_weight"), *extras, *heads])
    return rows
