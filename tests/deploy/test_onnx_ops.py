"""Every op, in every form it has, gives in the exported file what it gives in torch."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import get_args

import onnx
import pytest
from through_onnx import Applies, Joins, assert_exports, made_of

from edgewise.blocks import Row
from edgewise.deploy import export_onnx, random_tensors
from edgewise.deploy.onnx_ops import EMIT
from edgewise.errors import EdgewiseError
from edgewise.graph import ops
from edgewise.graph.ops import (
    Activation,
    ActivationKind,
    Add,
    BatchNorm,
    CellList,
    Concat,
    Convolution,
    Dropout,
    Flatten,
    GlobalPool,
    L2Norm,
    Linear,
    LocalResponseNorm,
    Multiply,
    Op,
    Padding,
    Permute,
    Pool,
    PoolKind,
    Resize,
    Shuffle,
    Slice,
)

BEHIND: Padding = (0, 1, 0, 1)
AROUND: Padding = (1, 1, 1, 1)
THREE, TWO, ONE = (3, 3), (2, 2), (1, 1)

POOLS: dict[str, Row | Op] = {
    f"{kind} pool {kernel[0]} stride {stride[0]} padding {padding}"
    f"{' ceil' if ceil else ''}{' counted' if counted else ''}": Pool(kind, kernel, stride, padding, ceil, counted)
    for kind, kernel, stride, padding, ceil, counted in product(
        get_args(PoolKind), (TWO, THREE), (TWO, THREE), ((0, 0, 0, 0), AROUND, BEHIND), (False, True), (False, True)
    )
    if kind == "average" or not counted  # the maximum has no count
}

CASES: dict[str, Row | Op | tuple[Row | Op, ...]] = {
    "convolution": Convolution(6, THREE, padding=AROUND),
    "convolution with bias": Convolution(6, THREE, padding=AROUND, bias=True),
    "convolution, unequal sides": Convolution(6, (1, 5), (1, 2), (0, 0, 2, 2)),
    "convolution, tf_same": Convolution(6, THREE, TWO, BEHIND),
    "convolution, padded before": Convolution(6, THREE, TWO, (1, 0, 1, 0)),
    "convolution, tf_same of unequal sides": Convolution(6, (3, 5), TWO, (0, 1, 1, 2)),
    "convolution, dilated": Convolution(6, THREE, padding=(2, 2, 2, 2), dilation=TWO),
    "convolution, grouped": Convolution(6, THREE, groups=2),
    "convolution, depthwise": Convolution(4, THREE, padding=AROUND, groups=4),
    "convolution, depthwise with multiplier": Convolution(8, THREE, padding=AROUND, groups=4),
    **{f"activation {kind}": Activation(kind) for kind in get_args(ActivationKind)},
    **POOLS,
    "pool of unequal sides": Pool("average", (2, 3), (2, 1), (0, 1, 1, 1), ceil=True),
    "pool whose last window would start in the padding": Pool("max", TWO, TWO, (0, 1, 0, 1), ceil=True),
    "global pool": GlobalPool(),
    "l2 norm": L2Norm(),
    "list of cells": CellList(2),
    "lists of cells joined": Joins(Concat(), (CellList(2), CellList(2))),
    "resize to the nearest cell": Resize((18, 25), kind="nearest"),
    "flatten": Flatten(),
    "linear": (Flatten(), Linear(7)),
    "linear without bias": (Flatten(), Linear(7, bias=False)),
    "add": Joins(Add(), (Activation("relu"), Activation("tanh"))),
    "add three": Joins(Add(), (Activation("relu"), Activation("tanh"), Activation("elu"))),
    "multiply": Joins(Multiply(), (Activation("relu"), Activation("tanh"))),
    "multiply by one number a channel": Joins(Multiply(), (Activation("relu"), GlobalPool())),
    "multiply vectors": (Flatten(), Joins(Multiply(), (Activation("relu"), Activation("tanh")))),
    "concat": Joins(Concat(), (Activation("relu"), Convolution(2, ONE), Activation("tanh"))),
    "slice": Slice(1, 3),
    "slice of a vector": (Flatten(), Slice(5, 90)),
    "shuffle": Shuffle(2),
    "two shuffles": (Shuffle(2), Activation("relu"), Shuffle(2)),
    "permute": Permute((2, 0, 3, 1)),
    "resize up": Resize((19, 23)),
    "resize down": Resize((4, 7)),
    "resize to one cell": Resize((1, 1)),
    "resize, corners aligned": Resize((19, 23), align_corners=True),
    "resize down, corners aligned": Resize((4, 7), align_corners=True),
    "dropout": (Activation("tanh"), Dropout(0.5), Activation("relu")),
    "dropout of the image": (Dropout(0.5), Activation("relu")),
    "dropout at the end": (Activation("relu"), Dropout(0.5)),
    "response norm": LocalResponseNorm(),
    "response norm that is strong": LocalResponseNorm(size=3, alpha=0.5, beta=0.9, k=1.0),
    "batch norm alone": BatchNorm(),
    "batch norm, folded": (Convolution(6, THREE), BatchNorm(0.1)),
}


def rows_of(name: str) -> tuple[Row | Op, ...]:
    case = CASES[name]
    return case if isinstance(case, tuple) else (case,)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [(9, 10), (12, 7)], ids=["9x10", "12x7"])
def test_op(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    if name == "slice of a vector":  # has channels to spare
        size = (9, 10)
    assert_exports(made_of(*rows_of(name), image=(4, size[0], size[1])), tmp_path / "op.onnx", tolerance=1e-5)


def test_every_op_is_tested() -> None:
    """An op that is added to the graph needs a line in `EMIT` and a case above."""
    tested = {type(node.op) for name in CASES for node in made_of(*rows_of(name)).graph.nodes}
    assert tested == set(get_args(Op))
    assert set(EMIT) == set(get_args(Op)) - {ops.Input, Dropout}  # Dropout goes before anything is emitted


def test_hard_swish_is_one_node(tmp_path: Path) -> None:
    path = export_onnx(made_of(Activation("hard_swish")), {}, tmp_path / "op.onnx")
    assert [node.op_type for node in onnx.load(path).graph.node] == ["HardSwish"]


def test_an_even_response_norm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match=r"0\.op normalises over 4 channels"):
        export_onnx(made_of(LocalResponseNorm(size=4)), {}, tmp_path / "op.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "rows",
    [
        (Applies(Activation("relu"), "early"), Activation("tanh")),
        (Applies(Activation("relu"), "early"), Applies(Convolution(3, THREE), "middle"), BatchNorm(), Flatten()),
        (Activation("relu"), Applies(Activation("tanh"), "same")),
        (Applies(Activation("relu"), "before"), Dropout(0.5)),
        (Applies(Activation("relu"), "before"), Applies(Dropout(0.5), "after"), Activation("tanh")),
        (Applies(Dropout(0.5), "image_again"), Activation("tanh")),
    ],
    ids=["early", "a convolution that a norm reads", "the last, too", "dropped", "one value, two names", "the image"],
)
def test_several_outputs(rows: tuple[Row | Op, ...], tmp_path: Path) -> None:
    architecture = made_of(*rows)
    assert_exports(architecture, tmp_path / "outputs.onnx")


def test_the_main_output_is_the_first(tmp_path: Path) -> None:
    """Runtimes are asked for the first output; auxiliary ones come behind it."""
    architecture = made_of(Applies(Activation("relu"), "early"), Flatten(), Linear(5))
    path = export_onnx(architecture, random_tensors(architecture), tmp_path / "outputs.onnx")
    assert [output.name for output in onnx.load(path).graph.output] == ["logits", "early"]


@pytest.mark.parametrize("name", ["logits", "image"])
def test_an_output_with_the_name_of_another_value_is_refused(name: str, tmp_path: Path) -> None:
    architecture = made_of(Applies(Activation("relu"), name), Activation("tanh"))
    with pytest.raises(EdgewiseError, match="no valid ONNX model"):
        export_onnx(architecture, {}, tmp_path / "outputs.onnx")
    assert not list(tmp_path.iterdir())
