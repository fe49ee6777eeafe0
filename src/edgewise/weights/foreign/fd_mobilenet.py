"""The checkpoints that FD-MobileNet's authors publish."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.blocks import ConvBNAct, DepthwiseSeparable
from edgewise.papers.architecture import Architecture
from edgewise.papers.form import Form
from edgewise.weights.foreign.naming import RowNames, Tensors, renamed
from edgewise.weights.foreign.pretrained import Pretrained

NAME = "authors"


def form_of(architecture: Architecture) -> Form:
    """Nothing: the zoo's network is the authors'."""
    del architecture
    return Form()


def _names(architecture: Architecture) -> Iterator[list[str]]:
    for index, row in enumerate(architecture.rows):
        match row:
            case ConvBNAct():
                yield ["features.conv_0", "features.norm_0"]
            case DepthwiseSeparable():
                yield [f"features.{part}_{kind}_{index - 1}" for part in ("dw", "pw") for kind in ("conv", "norm")]
            case _:
                yield ["classifier"]


def names(architecture: Architecture) -> RowNames | None:
    """The authors' names; None for other families."""
    return list(_names(architecture)) if architecture.family == "fd_mobilenet" else None


def convert(architecture: Architecture, theirs: RowNames, tensors: Tensors) -> Tensors:
    """The authors' state dict under our names."""
    return renamed(architecture, theirs, tensors)


_FILES = "https://github.com/qinzheng93/FD-MobileNet/raw/master/saved_models/"


def pretrained() -> tuple[Pretrained, ...]:
    """The two checkpoints in the authors' repository, with the accuracies of its README (top-5 is not reported)."""
    return tuple(
        Pretrained(source=NAME, name=f"{width}x-FDMobileNet-224", model=f"fd_mobilenet_{width}", top1=top1, url=url)
        for width, top1, url in (
            ("0.5", 0.563, f"{_FILES}0.5x-FDMobileNet-224.pth.tar"),
            ("0.25", 0.451, f"{_FILES}0.25x-FDMobileNet-224.pth.tar"),
        )
    )
