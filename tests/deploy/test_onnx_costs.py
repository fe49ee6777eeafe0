"""Any ONNX file counted: ours against the architecture it came from in every column, others by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx.helper import make_function, make_node, make_opsetid
from onnx_graphs import RUNTIME, floats, integers, write

from edgewise import EdgewiseError
from edgewise.costs import Amounts, Profile, count
from edgewise.data import Preprocessing
from edgewise.deploy import ArtifactCard, count_onnx, export_onnx, folded, random_tensors
from edgewise.graph.ops import BatchNorm
from edgewise.papers import Architecture, find, names
from variants import structures

SMALL = 12e6
"""Larger networks of a family are longer, not different, and their weights take time to draw."""


def small_names() -> list[str]:
    """Auxiliary classifiers are outputs of the file and no part of what is deployed otherwise."""
    return [name for name in names() if "auxiliary" not in name and count(find(name)).parameters < SMALL]


def exported(architecture: Architecture, path: Path) -> Profile:
    return count_onnx(export_onnx(architecture, random_tensors(architecture), path))


def kinds(costs: Profile) -> dict[str, Amounts]:
    return {kind: amounts for kind, amounts in costs.kinds.items() if amounts != Amounts()}


@pytest.mark.parametrize("name", structures(small_names()))
def test_our_artifacts_cost_what_the_graph_they_came_from_does(name: str, tmp_path: Path) -> None:
    architecture = find(name).with_input(64)
    found = exported(architecture, tmp_path / "model.onnx")
    costs = count(folded(architecture.graph, random_tensors(architecture))[0])
    assert found.total == Amounts.of(costs.total, 4)
    assert kinds(found) == {kind: Amounts.of(cost, 4) for kind, cost in costs.by_kind().items() if any(cost)}
    assert found.peak_activation_bytes == costs.peak_activation_bytes
    assert found.uncounted == ()
    for part in ("multiply_adds", "parameters", "bytes_read", "bytes_written"):
        assert sum(getattr(line, part) for line in found.lines) == getattr(found, part)


@pytest.mark.parametrize("name", ["mobilenet_v3_large", "resnet18", "shufflenet_v2", "mobilenet_v1_0.5"])
def test_folding_is_the_whole_difference_to_the_architecture(name: str, tmp_path: Path) -> None:
    """Scale and shift of a batch norm become its convolution's bias: one number less per channel, one more read."""
    architecture = find(name)
    found, costs = exported(architecture, tmp_path / "model.onnx"), count(architecture)
    nodes = architecture.graph.nodes
    channels = sum(node.shape[0] for node in nodes if isinstance(node.op, BatchNorm))
    cells = sum(int(np.prod(node.shape)) for node in nodes if isinstance(node.op, BatchNorm))
    assert channels > 0
    assert found.multiply_adds == costs.multiply_adds
    assert found.parameters == costs.parameters - channels
    assert found.bytes_read == costs.bytes_read + 4 * channels
    assert found.bytes_written == costs.bytes_written
    assert found.total.elements == costs.total.elements - cells
    assert found.peak_activation_bytes == costs.peak_activation_bytes


def test_normalising_inside_is_three_ops_more(
    small: Architecture, preprocessing: Preprocessing, tmp_path: Path
) -> None:
    tensors = random_tensors(small)
    plain = count_onnx(export_onnx(small, tensors, tmp_path / "plain.onnx"))
    card = ArtifactCard(preprocessing, normalise_inside=True)
    path = export_onnx(small, tensors, tmp_path / "inside.onnx", card=card)
    inside = count_onnx(path)
    pixels = 3 * 8 * 12
    assert inside.multiply_adds == plain.multiply_adds
    assert inside.parameters == plain.parameters + 6
    assert inside.total.elements == plain.total.elements + 2 * pixels
    assert inside.bytes_written == plain.bytes_written + 3 * 4 * pixels
    # Pixels are bytes; then two maps of floats, and scale and shift.
    assert inside.bytes_read == plain.bytes_read + pixels + 2 * 4 * pixels + 4 * 6


def test_what_is_fused_stands_in_one_line(small: Architecture, tmp_path: Path) -> None:
    first, second, *_ = exported(small, tmp_path / "small.onnx").lines
    assert (first.row, first.description, first.output) == (
        "0.conv.conv",
        "Conv 3×3, stride 2, HardSwish",
        (1, 8, 4, 6),
    )
    assert second.description == "Conv 1×1, Relu"


CONV = {"w": floats(8, 2, 3, 3), "b": floats(8)}


@pytest.mark.parametrize(
    ("nodes", "constants", "expected"),
    [
        (
            [make_node("Conv", ["x", "w", "b"], ["y"], group=2, pads=[1, 1, 1, 1])],
            CONV,
            {"grouped 3×3": Amounts(30 * 8 * 18, 152, 0, 4 * (120 + 152), 4 * 240)},
        ),
        (  # a single channel's weight and bias are one number each, and still weights
            [make_node("ReduceMean", ["x"], ["m"], axes=[1]), make_node("Conv", ["m", "w", "b"], ["y"])],
            {"w": floats(1, 1, 1, 1), "b": floats(1)},
            {"reduce": Amounts(0, 0, 120, 480, 120), "pointwise": Amounts(30, 2, 0, 4 * 32, 120)},
        ),
        (
            [make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2])],
            {"w": floats(4, 3, 2, 2)},
            {"transposed conv 2×2": Amounts(120 * 12, 48, 0, 4 * (120 + 48), 4 * 360)},
        ),
        (
            [make_node("MatMul", ["x", "w"], ["m"]), make_node("Add", ["m", "b"], ["y"])],
            {"w": floats(5, 7), "b": floats(7)},
            {
                "linear": Amounts(24 * 5 * 7, 35, 0, 4 * (120 + 35), 4 * 168),
                "add": Amounts(0, 7, 168, 4 * (168 + 7), 4 * 168),
            },
        ),
        (
            [make_node("Transpose", ["x"], ["t"], perm=[0, 1, 3, 2]), make_node("MatMul", ["x", "t"], ["y"])],
            {},
            {"shuffle": Amounts(0, 0, 0, 480, 480), "matmul": Amounts(4 * 36 * 5, 0, 0, 960, 4 * 144)},
        ),
        (
            [make_node("Einsum", ["x", "w"], ["y"], equation="nchw,cd->ndhw")],
            {"w": floats(4, 3)},
            {"linear": Amounts(120 * 3, 12, 0, 4 * (120 + 12), 4 * 90)},
        ),
        (
            [
                make_node("GlobalAveragePool", ["x"], ["p"]),
                make_node("Flatten", ["p"], ["f"]),
                make_node("Gemm", ["f", "w", "b"], ["y"], transB=1),
            ],
            {"w": floats(3, 4), "b": floats(3)},
            {"pool": Amounts(0, 0, 120, 480, 16), "linear": Amounts(12, 15, 0, 4 * 19, 12)},
        ),
        (  # what is written as x · sigmoid(x) is one activation
            [make_node("Sigmoid", ["x"], ["s"]), make_node("Mul", ["s", "x"], ["y"])],
            {},
            {"activation": Amounts(elements=120)},
        ),
        (  # … and this is none: the gate comes from elsewhere
            [make_node("Sigmoid", ["x"], ["s"]), make_node("Mul", ["s", "s"], ["y"])],
            {},
            {"activation": Amounts(elements=120), "multiply": Amounts(0, 0, 120, 960, 480)},
        ),
        (
            [make_node("BatchNormalization", ["x", "c", "c2", "c3", "c4"], ["y"])],
            {name: floats(4) for name in ("c", "c2", "c3", "c4")},
            {"batch norm": Amounts(0, 8, 120)},
        ),
        (
            [make_node("Pad", ["x", "pads"], ["p"]), make_node("MaxPool", ["p"], ["y"], kernel_shape=[2, 2])],
            {"pads": integers(0, 0, 0, 0, 0, 0, 1, 1)},
            {"pad": Amounts(), "pool": Amounts(0, 0, 480, 480, 480)},
        ),
        (
            [make_node("Resize", ["x", "", "s"], ["y"], mode="linear")],
            {"s": np.array([1, 1, 2, 2], np.float32)},
            {"resize": Amounts(0, 0, 4 * 480, 480, 4 * 480)},
        ),
        ([make_node("LRN", ["x"], ["y"], size=3)], {}, {"response norm": Amounts(0, 0, 360, 480, 480)}),
        (
            [make_node("Split", ["x"], ["a", "c"], axis=1), make_node("Concat", ["c", "a"], ["y"], axis=1)],
            {},
            {"concat": Amounts(0, 0, 0, 480, 480)},
        ),
        (
            [make_node("Gather", ["x", "order"], ["y"], axis=1)],
            {"order": integers(1, 0)},
            {"shuffle": Amounts(0, 0, 0, 240, 240)},
        ),
        ([make_node("Mul", ["x", "half"], ["y"])], {"half": floats()}, {"multiply": Amounts(0, 0, 120, 480, 480)}),
        (
            [make_node("LSTM", ["s", "w", "r"], ["y"], hidden_size=2)],
            {"w": floats(1, 8, 5), "r": floats(1, 8, 2)},
            {"recurrent": Amounts(4 * 6 * (40 + 16), 56, 0, 4 * (120 + 56), 4 * 48)},
        ),
    ],
)
def test_nodes_by_hand(
    nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], expected: dict[str, Amounts], tmp_path: Path
) -> None:
    """On 4 channels of 6×5 cells, 480 bytes."""
    if nodes[0].op_type == "LSTM":
        nodes = [make_node("Reshape", ["x", "three"], ["s"]), *nodes]
        constants = {**constants, "three": integers(4, 6, 5)}
    found = count_onnx(write(tmp_path / "x.onnx", nodes, constants))
    assert found.kinds == expected
    assert found.uncounted == ()


def test_constants_are_computed_before_deployment(tmp_path: Path) -> None:
    """A weight that is transposed and scaled in the file is still only a weight."""
    nodes = [
        make_node("Transpose", ["w"], ["t"]),
        make_node("Mul", ["t", "half"], ["scaled"]),
        make_node("Constant", [], ["b"], value=onnx.numpy_helper.from_array(floats(7))),
        make_node("Reshape", ["x", "flat"], ["f"]),
        make_node("Gemm", ["f", "scaled", "b"], ["y"]),
    ]
    constants = {"w": floats(7, 120), "half": floats(), "flat": integers(1, -1)}
    found = count_onnx(write(tmp_path / "x.onnx", nodes, constants))
    assert found.kinds == {"linear": Amounts(840, 847, 0, 4 * (120 + 847), 28)}
    assert [line.row for line in found.lines] == ["y"]


def test_shapes_that_the_file_computes(tmp_path: Path) -> None:
    """A flattening and a half of the channels, as exporters spell them that follow the code step by step."""
    nodes = [
        make_node("Shape", ["x"], ["shape"]),
        make_node("Gather", ["shape", "one"], ["channels"]),
        make_node("Div", ["channels", "two"], ["half"]),
        make_node("Slice", ["x", "zero", "half", "one"], ["s"]),
        make_node("Shape", ["s"], ["again"]),
        make_node("ReduceProd", ["again"], ["all"], keepdims=1),
        make_node("Concat", ["one", "all"], ["flat"], axis=0),
        make_node("Reshape", ["s", "flat"], ["f"]),
        make_node("Gemm", ["f", "w"], ["y"]),
    ]
    constants = {"zero": integers(0), "one": integers(1), "two": integers(2), "w": floats(60, 3)}
    found = count_onnx(write(tmp_path / "x.onnx", nodes, constants))
    assert found.kinds == {"linear": Amounts(180, 180, 0, 4 * (60 + 180), 12)}
    assert found.uncounted == ()


def quantised(name: str, itemless: str) -> list[onnx.NodeProto]:
    return [
        make_node("QuantizeLinear", [name, "scale", "zero"], [f"{name}_q"]),
        make_node("DequantizeLinear", [f"{name}_q", "scale", "zero"], [itemless]),
    ]


QUANTISED = {
    "scale": np.array(0.1, np.float32),
    "zero": np.array(0, np.int8),
    "w": np.ones((8, 4, 3, 3), np.int8),
    "b": np.ones(8, np.int32),
}


def test_quantise_and_dequantise_pairs_are_integer_arithmetic(tmp_path: Path) -> None:
    """The convolution reads and writes bytes; only the image is really converted."""
    nodes = [
        *quantised("x", "xd"),
        make_node("DequantizeLinear", ["w", "scale", "zero"], ["wd"]),
        make_node("DequantizeLinear", ["b", "scale"], ["bd"]),
        make_node("Conv", ["xd", "wd", "bd"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        make_node("Relu", ["c"], ["r"]),
        *quantised("r", "rd"),
        make_node("GlobalAveragePool", ["rd"], ["y"], name="pool"),
    ]
    found = count_onnx(write(tmp_path / "x.onnx", nodes, QUANTISED))
    assert found.kinds["conv 3×3"] == Amounts(30 * 8 * 36, 296, 0, 120 + 288 + 4 * 8, 240)
    assert found.kinds["pool"] == Amounts(0, 0, 240, 240, 4 * 8)
    assert found.kinds["quantise"] == Amounts(elements=2 * (120 + 240), bytes_read=480, bytes_written=120)
    assert [(line.row, line.description) for line in found.lines[1:]] == [
        ("conv", "Conv 3×3, Relu"),
        ("pool", "GlobalAveragePool"),
    ]


def test_integer_operators_and_those_of_the_runtime(tmp_path: Path) -> None:
    nodes = [
        make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        make_node(
            "QLinearConv", ["q", "scale", "zero", "w", "scale", "zero", "scale", "zero", "b"], ["c"], pads=[1] * 4
        ),
        make_node("QLinearAdd", ["c", "scale", "zero", "c", "scale", "zero", "scale", "zero"], ["a"], domain=RUNTIME),
        make_node(
            "QLinearGlobalAveragePool",
            ["a", "scale", "zero", "scale", "zero"],
            ["p"],
            domain=RUNTIME,
            channels_last=0,
        ),
        make_node("DequantizeLinear", ["p", "scale", "zero"], ["y"]),
    ]
    found = count_onnx(write(tmp_path / "x.onnx", nodes, QUANTISED))
    assert found.uncounted == ()
    assert found.kinds["conv 3×3"] == Amounts(30 * 8 * 36, 296, 0, 120 + 288 + 32, 240)
    assert found.kinds["add"] == Amounts(0, 0, 240, 480, 240)
    assert found.kinds["pool"] == Amounts(0, 0, 240, 240, 8)


def test_quantising_while_it_runs(tmp_path: Path) -> None:
    nodes = [
        make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        make_node("ConvInteger", ["q", "w", "z"], ["c"]),
        make_node("Cast", ["c"], ["f"], to=TensorProto.FLOAT),
        make_node("Mul", ["f", "s"], ["y"]),
    ]
    found = count_onnx(write(tmp_path / "x.onnx", nodes, {"w": np.ones((2, 4, 1, 1), np.uint8)}))
    assert found.kinds["quantise"] == Amounts(0, 0, 120, 480, 120 + 4)
    assert found.kinds["pointwise"] == Amounts(240, 8, 0, 120 + 8, 240)
    assert found.kinds["copy"] == Amounts(0, 0, 0, 240, 240)


def test_functions_of_the_file_are_looked_into(tmp_path: Path) -> None:
    nodes = [make_node("Conv", ["a", "b"], ["c"]), make_node("Relu", ["c"], ["d"])]
    function = make_function("own", "ConvRelu", ["a", "b"], ["d"], nodes, [make_opsetid("", 17)])
    path = write(
        tmp_path / "x.onnx",
        [make_node("ConvRelu", ["x", "w"], ["y"], domain="own")],
        {"w": floats(8, 4, 1, 1)},
        functions=[function],
    )
    found = count_onnx(path)
    assert (found.multiply_adds, found.uncounted) == (30 * 32, ())


def test_what_nobody_can_count_is_named(tmp_path: Path) -> None:
    """Also what follows an op whose result has a shape that nobody knows."""
    nodes = [
        make_node("Conv", ["x", "w"], ["c"]),
        make_node("Attention", ["c", "c"], ["a"], domain=RUNTIME),
        make_node("Relu", ["a"], ["y"]),
    ]
    found = count_onnx(write(tmp_path / "x.onnx", nodes, {"w": floats(8, 4, 1, 1)}))
    assert found.uncounted == ("com.microsoft.Attention", "Relu")
    assert found.multiply_adds == 30 * 32


@pytest.mark.parametrize("image", [("batch", 4, "height", "width"), (None, 4, None, None), ("n", 4, "n2", 6)])
def test_open_lengths(image: tuple[int | str | None, ...], tmp_path: Path) -> None:
    path = write(tmp_path / "x.onnx", [make_node("Conv", ["x", "w"], ["y"])], {"w": floats(8, 4, 1, 1)}, image=image)
    found = count_onnx(path, size=6)
    assert found.inputs == ((1, 4, 6, 6),)
    assert found.multiply_adds == 36 * 32
    with pytest.raises(EdgewiseError, match=r"x\.onnx takes x of 1×4×.*--input$"):
        count_onnx(path)


def test_an_open_batch_is_one_image(tmp_path: Path) -> None:
    path = write(tmp_path / "x.onnx", [make_node("Relu", ["x"], ["y"])], image=("n", 4, 6, 5))
    assert count_onnx(path).inputs == ((1, 4, 6, 5),)
    assert count_onnx(path, size=6).inputs == ((1, 4, 6, 5),)
    with pytest.raises(EdgewiseError, match="1×4×6×5 and no other; leave --input out"):
        count_onnx(path, size=7)
    every = write(tmp_path / "every.onnx", [make_node("Relu", ["x"], ["y"])], image=("n", "c", "h", "w"))
    with pytest.raises(EdgewiseError, match="any number of channels"):
        count_onnx(every, size=7)


def test_weights_in_another_file(tmp_path: Path) -> None:
    nodes = [make_node("Reshape", ["x", "flat"], ["f"]), make_node("Gemm", ["f", "w"], ["y"])]
    constants = {"w": floats(120, 300), "flat": integers(1, 120)}
    path = write(tmp_path / "x.onnx", nodes, constants)
    inside = count_onnx(path)
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert count_onnx(path).total == inside.total == Amounts(36000, 36000, 0, 4 * 36120, 1200)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(EdgewiseError, match=r"x\.onnx keeps its weights in weights\.bin, which is not there"):
        count_onnx(path)


@pytest.mark.parametrize("content", [b"", b"\x08", b"no protobuf at all", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_files_that_are_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(content)
    with pytest.raises(EdgewiseError, match=r"odd\.onnx is no ONNX model, or is cut short"):
        count_onnx(path)
