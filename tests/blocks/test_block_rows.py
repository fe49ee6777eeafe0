"""What each block does, where no comparison with another library shows it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from one_block import convolved, image, made, reached, values
from torch import nn
from torch.nn import functional as F  # noqa: N812

from edgewise.blocks import (
    AuxiliaryClassifier,
    BasicBlock,
    Bottleneck,
    Classifier,
    ConvAct,
    ConvBNAct,
    ConvClassifier,
    DepthwiseSeparable,
    Fire,
    FullyConnected,
    Inception,
    InvertedResidual,
    MaxPool,
    ResponseNorm,
    Row,
    ShuffleUnitV2,
    SpatiallySeparable,
    SqueezeExcite,
    Step,
    XceptionModule,
)
from edgewise.nn import Block


@torch.no_grad()
@pytest.mark.parametrize("intermediate", [True, False])
def test_the_activation_between_depthwise_and_pointwise(intermediate: bool) -> None:
    block = made(DepthwiseSeparable(out_channels=6, intermediate=intermediate), (4, 6, 6))
    x = image(2, 4, 6, 6)
    (between,) = values(block, x, "depthwise")
    assert bool((between < 0).any()) != intermediate
    torch.testing.assert_close(between, convolved(block, "depthwise", x, intermediate))
    torch.testing.assert_close(block(x), convolved(block, "pointwise", between))


@pytest.mark.parametrize(
    "row",
    [
        DepthwiseSeparable(out_channels=6, groups=2, activation="elu"),
        InvertedResidual(out_channels=6, expanded=24, groups=2),
        InvertedResidual(out_channels=8, expanded=24, groups=2),
        BasicBlock(inner=4, out_channels=8, groups=2),
    ],
    ids=str,
)
def test_groups_of_pointwise_convolutions_stay_apart(row: Row) -> None:
    shape = (8, 6, 6)
    block = made(row, shape)
    half = block.graph.nodes[-1].shape[0] // 2
    assert reached(block, shape, range(4)) == list(range(half))
    assert reached(block, shape, range(4, 8)) == list(range(half, 2 * half))
    alone = made(replace(row, groups=1), shape)  # type: ignore[call-arg]
    assert len(reached(alone, shape, range(4))) == 2 * half


@torch.no_grad()
def test_the_gate_of_a_separable_convolution_is_behind_it() -> None:
    block = made(DepthwiseSeparable(out_channels=6, squeeze=2), (4, 6, 6))
    x = image(2, 4, 6, 6)
    pointwise, gate = values(block, x, "pointwise", "squeeze_excite.gate")
    torch.testing.assert_close(block(x), pointwise * gate)


@torch.no_grad()
def test_the_shortcut_of_an_inverted_residual() -> None:
    row = InvertedResidual(out_channels=8, expanded=16)
    x = image(2, 8, 6, 6)
    block = made(row, (8, 6, 6))
    (projected,) = values(block, x, "project")
    torch.testing.assert_close(block(x), x + projected)
    for other in (replace(row, shortcut=False), replace(row, stride=2), replace(row, out_channels=4)):
        without = made(other, (8, 6, 6))
        torch.testing.assert_close(without(x), values(without, x, "project")[0])


@torch.no_grad()
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize(
    "row",
    [
        DepthwiseSeparable(out_channels=8),
        InvertedResidual(out_channels=8, expanded=16),
        BasicBlock(inner=8, out_channels=8),
        Bottleneck(inner=4, out_channels=8),
        ShuffleUnitV2(out_channels=8, passed=4, inner=4),
        XceptionModule(widths=(8,)),
        ConvBNAct(out_channels=8),
        ConvAct(out_channels=8),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_dilation_keeps_the_map_and_looks_further(row: Row, dilation: int) -> None:
    block = made(replace(row, dilation=dilation), (8, 15, 15))  # type: ignore[call-arg]
    x = image(1, 8, 15, 15)
    other = x.clone()
    other[:, :, 7, 7] += 1
    rows = (block(x) - block(other)).abs().amax((0, 1, 3)) > 1e-7
    times = 2 if isinstance(row, BasicBlock) else 1
    assert rows.nonzero().flatten().tolist() == list(range(7 - times * dilation, 8 + times * dilation, dilation))


@torch.no_grad()
@pytest.mark.parametrize(("gate", "function"), [("sigmoid", torch.sigmoid), ("hard_sigmoid", F.hardsigmoid)])
def test_squeeze_and_excitation_is_its_formula(gate: str, function: object) -> None:
    block = made(SqueezeExcite(squeeze=3, gate=gate), (6, 5, 5))  # type: ignore[arg-type]
    x = image(2, 6, 5, 5)
    squeeze, excite = (block.get_submodule(f"squeeze_excite.{part}") for part in ("squeeze", "excite"))
    assert isinstance(squeeze, nn.Conv2d)
    assert squeeze.bias is not None
    expected = x * function(excite(squeeze(x.mean((2, 3), keepdim=True)).relu()))  # type: ignore[operator]
    torch.testing.assert_close(block(x), expected)
    plain = made(SqueezeExcite(squeeze=3, bias=False), (6, 5, 5))
    assert not [name for name, _ in plain.named_parameters() if name.endswith("bias")]


@torch.no_grad()
def test_a_spatially_separable_convolution() -> None:
    block = made(SpatiallySeparable(out_channels=6, inner=5, kernel=7), (4, 9, 8))
    kernels = [part.kernel_size for part in block.modules() if isinstance(part, nn.Conv2d)]
    assert kernels == [(1, 7), (7, 1)]
    x = image(2, 4, 9, 8)
    torch.testing.assert_close(block(x), convolved(block, "tall", convolved(block, "wide", x)))
    assert block(x).shape == (2, 6, 9, 8)
    assert made(SpatiallySeparable(out_channels=6, inner=5, stride=2), (4, 9, 8))(x).shape == (2, 6, 5, 4)


@torch.no_grad()
@pytest.mark.parametrize("between", [None, "relu", "elu"])
def test_what_stands_inside_xceptions_separable_convolution(between: str | None) -> None:
    block = made(XceptionModule(widths=(8, 8), between=between), (8, 6, 6))  # type: ignore[arg-type]
    x = image(1, 8, 6, 6)
    y = block.get_submodule("separable0.depthwise")(x.relu())
    y = y if between is None else F.relu(y) if between == "relu" else F.elu(y)
    y = block.get_submodule("separable0.norm")(block.get_submodule("separable0.pointwise")(y))
    torch.testing.assert_close(values(block, x, "separable0")[0], y)
    (last,) = values(block, x, "separable1")
    torch.testing.assert_close(block(x), x + last)
    without = made(XceptionModule(widths=(8, 8), residual=False), (8, 6, 6))
    torch.testing.assert_close(without(x), values(without, x, "separable1")[0])


@torch.no_grad()
@pytest.mark.parametrize("stride", [1, 2])
def test_xceptions_residual_is_projected_where_the_shape_changes(stride: int) -> None:
    block = made(XceptionModule(widths=(8, 12), stride=stride, trailing="relu"), (8, 7, 6))
    x = image(1, 8, 7, 6)
    (filtered,) = values(block, x, "separable1")
    pooled = F.max_pool2d(filtered, 3, 2, 1) if stride == 2 else filtered
    torch.testing.assert_close(block(x), (pooled + convolved(block, "shortcut", x, False)).relu())


def test_senet_154s_bottleneck() -> None:
    row = Bottleneck(reduced=4, inner=8, out_channels=16, groups=4, stride=2, stride_in="spatial", shortcut_kernel=3)
    convolutions = [part for part in made(row, (8, 6, 6)).modules() if isinstance(part, nn.Conv2d)]
    assert [(part.out_channels, part.kernel_size[0], part.stride[0], part.groups) for part in convolutions] == [
        (4, 1, 1, 1),
        (8, 3, 2, 4),
        (16, 1, 1, 1),
        (16, 3, 2, 1),
    ]
    in_first = replace(row, stride_in="reduce", reduced=0)
    convolutions = [part for part in made(in_first, (8, 6, 6)).modules() if isinstance(part, nn.Conv2d)]
    assert [(part.out_channels, part.stride[0]) for part in convolutions] == [(8, 2), (8, 1), (16, 1), (16, 2)]


@torch.no_grad()
@pytest.mark.parametrize("row", [BasicBlock(inner=8, out_channels=8), Bottleneck(inner=4, out_channels=8)], ids=str)
def test_the_gate_of_a_residual_block_is_before_the_addition(row: BasicBlock | Bottleneck) -> None:
    block = made(replace(row, squeeze=2), (8, 6, 6))
    x = image(1, 8, 6, 6)
    last, gate = values(block, x, "second" if isinstance(row, BasicBlock) else "restore", "squeeze_excite.gate")
    torch.testing.assert_close(block(x), (x + last * gate).relu())


@torch.no_grad()
@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_step_with_a_turned_kernel_beside_it(batch_norm: bool) -> None:
    branches = (
        (Step(out_channels=3), Step(out_channels=4, kernel=(1, 3), beside=5)),
        (Step(pool="average", kernel=(3, 3)), Step(out_channels=2)),
    )
    block = made(Inception(branches=branches, batch_norm=batch_norm), (6, 5, 7))
    x = image(1, 6, 5, 7)
    y = block(x)
    assert y.shape == (1, 11, 5, 7)
    names = ("branch0_1", "branch0_1_beside", "branch1_1")
    torch.testing.assert_close(y, torch.cat(values(block, x, *names), 1))
    convolutions = [part for part in block.modules() if isinstance(part, nn.Conv2d)]
    assert [part.kernel_size for part in convolutions] == [(1, 1), (1, 3), (3, 1), (1, 1)]
    assert all((part.bias is None) == batch_norm for part in convolutions)


@torch.no_grad()
def test_fire() -> None:
    block = made(Fire(squeezed=3, pointwise=4, spatial=5), (6, 5, 5))
    x = image(1, 6, 5, 5)
    y = block.get_submodule("squeeze.conv")(x).relu()
    parts = [block.get_submodule(f"{name}.conv")(y).relu() for name in ("pointwise", "spatial")]
    torch.testing.assert_close(block(x), torch.cat(parts, 1))


@pytest.mark.parametrize("size", [(64, 64), (75, 98)])
def test_tensorflows_padding_of_pools(size: tuple[int, int]) -> None:
    block = Block(MaxPool(padding="tf_same"), (4, *size))
    x = image(1, 4, *size)
    bottom, right = (1 if side % 2 == 0 else 2 for side in size)
    top, left = (0 if side % 2 == 0 else 1 for side in size)
    padded = F.pad(x, (left, right - left, top, bottom - top), value=float("-inf"))
    assert torch.equal(block(x), F.max_pool2d(padded, 3, 2))


def test_response_normalisation_is_the_papers_formula() -> None:
    """Krizhevsky et al. 2012, section 3.3: k = 2, n = 5, α = 1e-4 over the plain sum, β = 0.75."""
    x = 100 * image(1, 9, 2, 3).double()
    expected = torch.empty_like(x)
    for channel in range(9):
        near = x[:, max(0, channel - 2) : channel + 3]
        expected[:, channel] = x[:, channel] / (2 + 1e-4 * near.square().sum(1)) ** 0.75
    torch.testing.assert_close(Block(ResponseNorm(), (9, 2, 3)).double()(x), expected)
    assert float(expected.abs().max()) < 0.5 * float(x.abs().max())  # it does something here


@torch.no_grad()
def test_a_classifier_on_maps_of_scores() -> None:
    block = made(ConvClassifier(classes=5), (6, 4, 3))
    x = image(2, 6, 4, 3)
    torch.testing.assert_close(block(x), block.get_submodule("classes")(x).relu().mean((2, 3)))


@torch.no_grad()
def test_fully_connected_layers_see_the_whole_map() -> None:
    block = made(FullyConnected(out_features=5), (6, 4, 3))
    x = image(2, 6, 4, 3)
    torch.testing.assert_close(block(x), block.get_submodule("linear")(x.flatten(1)).relu())


def test_a_classifier_without_bias() -> None:
    names = [name for name, _ in made(Classifier(classes=5, bias=False), (6, 4, 3)).named_parameters()]
    assert names == ["classes.weight"]


@torch.no_grad()
@pytest.mark.parametrize("wide", [0, 3])
def test_the_main_path_passes_by_an_auxiliary_classifier(wide: int) -> None:
    row = AuxiliaryClassifier(output="helper", classes=5, reduced=4, hidden=7, wide=wide)
    block = made(row, (6, 14, 15))
    x = image(2, 6, 14, 15)
    assert torch.equal(block(x), x)
    outputs = block.forward_outputs(x)
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {"helper": (2, 5), "output": (2, 6, 14, 15)}
    assert block.graph.training_only == {"helper"}
    y = convolved(block, "reduce", F.avg_pool2d(x, 5, 3))
    y = convolved(block, "hidden", y).mean((2, 3)) if wide else block.get_submodule("hidden")(y.flatten(1)).relu()
    torch.testing.assert_close(outputs["helper"], block.get_submodule("classes")(y))
