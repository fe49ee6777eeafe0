"""Output shapes of the ops, against torch over many sizes, and what is said where an op does not fit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F  # noqa: N812

from edgewise.errors import EdgewiseError
from edgewise.graph import Trace, Value, ops
from edgewise.graph import functional as f
from edgewise.nn.operations import OPERATIONS, PaddedConv2d, PaddedPool2d

sizes = st.integers(1, 23)
sides = st.tuples(sizes, sizes)
small = st.integers(1, 3)


def image(*shape: int) -> Value:
    return Value(Trace(shape, ops.BatchNorm()), 0, shape)


@settings(deadline=None, max_examples=150)
@given(
    side=sides,
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=small,
    dilation=small,
    rule=st.sampled_from(["same", "valid", "tf_same"]),
)
def test_convolution_has_torchs_shape(
    side: tuple[int, int], kernel: tuple[int, int], stride: int, dilation: int, rule: f.PaddingRule
) -> None:
    try:
        y = f.conv(image(2, *side), 4, kernel=kernel, stride=stride, padding=rule, dilation=dilation, groups=2)
    except EdgewiseError:
        assert rule == "valid"
        assert any(dilation * (k - 1) + 1 > s for k, s in zip(kernel, side, strict=True))
        return
    op = y.trace.nodes[-1].op
    result = OPERATIONS[type(op)](op, (2, *side), False)(torch.zeros(1, 2, *side))
    assert tuple(result.shape[1:]) == y.shape
    if rule == "tf_same":
        assert y.map == tuple(-(-s // stride) for s in side)
    if rule == "same" and stride == 1:
        assert y.map == side


@settings(deadline=None, max_examples=300)
@given(
    kind=st.sampled_from(["max", "average"]),
    side=sides,
    kernel=st.tuples(st.integers(2, 4), st.integers(2, 4)),
    stride=st.tuples(small, small),
    padding=st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
    ceil=st.booleans(),
    count_padding=st.booleans(),
)
def test_pool_has_torchs_shape_and_finite_values(
    kind: ops.PoolKind,
    side: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: ops.Padding,
    ceil: bool,
    count_padding: bool,
) -> None:
    op = ops.Pool(kind, kernel, stride, padding, ceil, count_padding)
    try:
        shape = op.output_shape((2, *side))
    except EdgewiseError:
        return
    result = OPERATIONS[ops.Pool](op, (2, *side), False)(torch.ones(1, 2, *side))
    assert tuple(result.shape[1:]) == shape
    assert result.isfinite().all()


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("count_padding", [True, False])
def test_pool_padded_unevenly_agrees_with_an_evenly_padded_one(kind: ops.PoolKind, count_padding: bool) -> None:
    """On a map whose last row and column are cut off, padding them back on one side is padding on both."""
    x = torch.randn(2, 3, 7, 7)
    even = OPERATIONS[ops.Pool](ops.Pool(kind, (3, 3), (2, 2), (1, 1, 1, 1), False, count_padding), (3, 7, 7), False)
    uneven = PaddedPool2d(ops.Pool(kind, (3, 3), (2, 2), (1, 0, 1, 0), False, count_padding))
    torch.testing.assert_close(uneven(x)[:, :, :3, :3], even(x)[:, :, :3, :3])


def test_convolution_padded_unevenly() -> None:
    y = f.conv(image(3, 8, 8), 4, kernel=3, stride=2, padding="tf_same")
    op = y.trace.nodes[-1].op
    assert isinstance(op, ops.Convolution)
    assert op.padding == (0, 1, 0, 1)  # TensorFlow pads the far sides first
    layer = OPERATIONS[ops.Convolution](op, (3, 8, 8), False)
    assert isinstance(layer, PaddedConv2d)
    x = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(layer(x), F.conv2d(F.pad(x, (0, 1, 0, 1)), layer.weight, stride=2))


@pytest.mark.parametrize(("kernel", "expected"), [(3, (0, 1, 0, 1)), (5, (1, 2, 1, 2)), (7, (2, 3, 2, 3))])
def test_tensorflows_padding_at_even_sizes(kernel: int, expected: ops.Padding) -> None:
    op = f.conv(image(3, 224, 224), 8, kernel=kernel, stride=2, padding="tf_same").trace.nodes[-1].op
    assert isinstance(op, ops.Convolution)
    assert op.padding == expected


def test_shuffle_is_the_transposition_of_groups() -> None:
    x = torch.arange(6.0).view(1, 6, 1, 1)
    shuffled = OPERATIONS[ops.Shuffle](ops.Shuffle(2), (6, 1, 1), False)(x)
    assert shuffled.flatten().tolist() == [0, 3, 1, 4, 2, 5]
    permuted = OPERATIONS[ops.Permute](ops.Permute((0, 3, 1, 4, 2, 5)), (6, 1, 1), False)(x)
    assert torch.equal(permuted, shuffled)
    x = image(6, 1, 1)
    assert f.shuffle(x, 1) is x


def test_split_gives_consecutive_channels() -> None:
    first, second = f.split(image(6, 2, 2), 2, 4)
    assert (first.shape, second.shape) == ((2, 2, 2), (4, 2, 2))
    assert [node.op for node in first.trace.nodes[1:]] == [ops.Slice(0, 2), ops.Slice(2, 6)]


def test_local_response_norm_is_the_papers() -> None:
    """Krizhevsky et al. 2012, section 3.3: b = a / (k + alpha · sum of a² over 5 channels)^beta."""
    x = torch.randn(1, 7, 2, 2) * 30
    layer = OPERATIONS[ops.LocalResponseNorm](ops.LocalResponseNorm(), (7, 2, 2), False)
    squares = x.square()
    sums = torch.stack([squares[:, max(0, i - 2) : i + 3].sum(1) for i in range(7)], 1)
    torch.testing.assert_close(layer(x), x / (2 + 1e-4 * sums) ** 0.75)


@pytest.mark.parametrize("align_corners", [True, False])
def test_resize_is_bilinear(align_corners: bool) -> None:
    x = torch.randn(1, 2, 4, 5)
    op = ops.Resize((7, 9), align_corners)
    assert op.output_shape((2, 4, 5)) == (2, 7, 9)
    result = OPERATIONS[ops.Resize](op, (2, 4, 5), False)(x)
    torch.testing.assert_close(result, F.interpolate(x, (7, 9), mode="bilinear", align_corners=align_corners))


def test_resize_to_the_nearest_cell() -> None:
    x = torch.arange(6.0).view(1, 1, 2, 3)
    resized = OPERATIONS[ops.Resize](ops.Resize((4, 6), kind="nearest"), (1, 2, 3), False)(x)
    assert resized[0, 0].tolist() == [[0, 0, 1, 1, 2, 2]] * 2 + [[3, 3, 4, 4, 5, 5]] * 2


def test_l2_norm_scales_every_cell() -> None:
    x = torch.randn(1, 5, 2, 3)
    layer = OPERATIONS[ops.L2Norm](ops.L2Norm(), (5, 2, 3), False)
    y = layer(x)
    torch.testing.assert_close(y.norm(dim=1), torch.full((1, 2, 3), 20.0))
    torch.testing.assert_close(y / 20 * x.norm(dim=1, keepdim=True), x)
    assert not layer(torch.zeros(1, 5, 1, 1)).any()


def test_a_list_goes_through_the_cells_in_the_order_of_reading() -> None:
    """Channel c of cell (h, w) is 100 h + 10 w + c: two groups of three in each of 2 × 2 cells."""
    height, width, channel = torch.meshgrid(torch.arange(2), torch.arange(2), torch.arange(6), indexing="ij")
    x = (100 * height + 10 * width + channel).permute(2, 0, 1)[None]
    op = ops.CellList(3)
    assert op.output_shape((6, 2, 2)) == (8, 3)
    rows = OPERATIONS[ops.CellList](op, (6, 2, 2), False)(x)[0].tolist()
    assert rows[:4] == [[0, 1, 2], [3, 4, 5], [10, 11, 12], [13, 14, 15]]
    assert rows[4] == [100, 101, 102]


def test_activations() -> None:
    x = torch.linspace(-8, 8, 99)
    expected: dict[ops.ActivationKind, torch.Tensor] = {
        "relu": x.clamp(min=0),
        "relu6": x.clamp(0, 6),
        "hard_swish": x * (x + 3).clamp(0, 6) / 6,
        "hard_sigmoid": (x + 3).clamp(0, 6) / 6,
        "swish": x * torch.sigmoid(x),
        "sigmoid": torch.sigmoid(x),
        "elu": torch.where(x > 0, x, x.exp() - 1),
        "tanh": torch.tanh(x),
    }
    for kind, values in expected.items():
        result = OPERATIONS[ops.Activation](ops.Activation(kind), (99,), False)(x.clone())
        torch.testing.assert_close(result, values)
    x = image(3, 2, 2)
    assert f.activate(x, None) is x
    assert f.dropout(x, 0) is x


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: f.conv(image(6, 4, 4), 8, groups=4), "4 groups do not divide 6 input and 8 output channels"),
        (lambda: f.conv(image(6, 4, 4), 0), "at least 1; they are 0 and 1"),
        (lambda: f.conv(image(6, 4, 4), 8, groups=0), "at least 1; they are 8 and 0"),
        (lambda: f.conv(image(6, 4, 4), 8, kernel=5, padding="valid"), "window of 5 cells does not fit on a map of 4"),
        (lambda: f.conv(image(6, 4, 4), 8, stride=0), "at least 1"),
        (lambda: f.pool(image(6, 4, 4), "max", kernel=0, stride=1), "at least 1"),
        (lambda: image(6, 4, 4) + image(6, 4, 5), "cannot be added"),
        (lambda: image(6, 4, 4) * image(5, 1, 1), "cannot be scaled"),
        (lambda: f.concat(image(6, 4, 4), image(6, 4, 5)), "cannot be concatenated"),
        (lambda: f.split(image(6, 4, 4), 4, 4), "channels 4 to 8 do not exist in a value of 6 channels"),
        (lambda: f.shuffle(image(6, 4, 4), 4), "6 channels cannot be shuffled in 4 groups"),
        (lambda: f.shuffle(image(3, 4, 4), 2, order=(0, 0, 1)), "no permutation of the value's 3"),
        (lambda: f.linear(image(6, 4, 4), 10), "flatten it first"),
        (lambda: f.linear(image(6), 0), "at least one output"),
        (lambda: f.cell_list(image(6, 2, 2), 4), "cannot be listed in groups of 4"),
        (lambda: f.cell_list(image(6), 3), "cannot be listed"),
    ],
)
def test_what_does_not_fit_is_a_sentence(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(EdgewiseError, match=sentence):
        build()
