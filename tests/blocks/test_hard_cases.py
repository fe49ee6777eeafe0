"""The networks that are hardest to write down, as rows: they prove that graph and rows need not change for them.

Those that the zoo has are tested there; left are heads with several outputs and inputs. Each is counted against figures
of its paper or release, goes through JSON with row types of the caller, and runs in torch and, exported, in ONNX
Runtime. The figures without a source beside them are counts of the paper's own table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dense_rows
import onnxruntime
import pytest
import torch
from dense_rows import LARGE_HALVED, LARGE_OUTPUT_STRIDE_16, SMALL_HALVED, changed, lraspp, ssdlite

from edgewise.blocks import ROWS
from edgewise.costs import Costs, count
from edgewise.deploy import export_onnx
from edgewise.deploy.export import LOGITS
from edgewise.nn import Network
from edgewise.papers import Architecture, find

ALL_ROWS = (*ROWS, *dense_rows.ROWS)


def large_ssdlite(size: int = 320) -> Architecture:
    """The taps: the expansion inside the block that leaves 14×14 cells at 224, and the last 1×1 convolution."""
    return ssdlite(find("mobilenet_v3_large"), ("13.expand", "16"), size=size)


def small_ssdlite(size: int = 320) -> Architecture:
    return ssdlite(find("mobilenet_v3_small"), ("9.expand", "12"), size=size)


def without_norm(costs: Costs) -> int:
    return costs.parameters - costs.by_kind()["batch norm"].parameters


@dataclass(frozen=True)
class Case:
    """A network, its exact counts, and a small form of it for torch."""

    build: Callable[[], Architecture]
    parameters: int
    multiply_adds: float
    small: Callable[[], Architecture]


CASES: dict[str, Case] = {
    "ssdlite_v3_large": Case(large_ssdlite, 5_006_735, 613.1, lambda: large_ssdlite(96)),
    "ssdlite_v3_small": Case(small_ssdlite, 2_518_271, 210.4, lambda: small_ssdlite(96)),
    "lraspp_v3_large": Case(
        lambda: lraspp("mobilenet_v3_large", LARGE_HALVED, "6.depthwise"),
        1_507_198,
        9533.2,
        lambda: lraspp("mobilenet_v3_large", LARGE_HALVED, "6.depthwise", size=(97, 129), window=3, step=(2, 3)),
    ),
    "lraspp_v3_small": Case(
        lambda: lraspp("mobilenet_v3_small", SMALL_HALVED, "3.depthwise"),
        468_830,
        2780.1,
        lambda: lraspp("mobilenet_v3_small", SMALL_HALVED, "3.depthwise", size=(97, 129), window=0),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_counts_are_those_of_the_paper_or_the_release(name: str) -> None:
    case = CASES[name]
    costs = count(case.build())
    assert costs.parameters == case.parameters
    assert costs.multiply_adds / 1e6 == pytest.approx(case.multiply_adds, abs=0.06)


@pytest.mark.parametrize("name", CASES)
def test_json_and_back_with_the_rows_of_the_caller(name: str) -> None:
    architecture = CASES[name].build()
    again = Architecture.from_json(architecture.to_json(), rows=ALL_ROWS)
    assert again == architecture
    assert again.digest == architecture.digest


@pytest.mark.parametrize("name", CASES)
def test_torch_runs_it_with_the_shapes_of_the_graph(name: str) -> None:
    architecture = CASES[name].small()
    network = Network(architecture, seed=0).eval()
    graph = network.graph
    x = torch.randn(2, *architecture.input, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        outputs = network.forward_outputs(x)
        alone = network(x)
    assert {name: tuple(y.shape[1:]) for name, y in outputs.items()} == {
        name: graph.nodes[index].shape for name, index in graph.outputs.items()
    }
    assert all(y.isfinite().all() for y in outputs.values())
    assert torch.equal(alone, outputs["output"])


@pytest.mark.parametrize("name", CASES)
def test_onnx_runtime_gives_every_output_as_torch_does(name: str, tmp_path: Path) -> None:
    architecture = CASES[name].small()
    network = Network(architecture, seed=0).eval()
    tensors = {key: tensor.numpy() for key, tensor in network.state_dict().items()}
    session = onnxruntime.InferenceSession(export_onnx(architecture, tensors, tmp_path / "model.onnx"))
    x = torch.randn(1, *architecture.input, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network.forward_outputs(x)
    expected[LOGITS] = expected.pop("output")
    names = [output.name for output in session.get_outputs()]
    assert sorted(names) == sorted(expected)
    for output, values in zip(names, session.run(names, {"image": x.numpy()}), strict=True):
        largest = float(expected[output].abs().max())
        assert largest > 0
        torch.testing.assert_close(torch.from_numpy(values), expected[output], rtol=1e-4, atol=1e-5 * largest)


def test_ssdlite_gives_the_parameters_of_the_paper_without_batch_norm() -> None:
    # Howard et al. 2019, Table 6: 4.97 and 2.49 million, counted without batch norm's scale and shift.
    assert without_norm(count(large_ssdlite())) / 1e6 == pytest.approx(4.967, abs=5e-4)
    assert without_norm(count(small_ssdlite())) / 1e6 == pytest.approx(2.493, abs=6e-4)
    # Sandler et al. 2018, Table 6: 4.3 million and 0.8 G with 80 classes and background, counted with batch norm.
    v2 = count(ssdlite(find("mobilenet_v2"), ("14.expand", "18"), classes=81))
    assert (round(v2.parameters / 1e6, 1), round(v2.multiply_adds / 1e9, 1)) == (4.3, 0.8)


def test_ssdlite_anchors() -> None:
    graph = large_ssdlite().graph
    boxes = [graph.nodes[index] for name, index in graph.outputs.items() if name.startswith("boxes")]
    assert [node.shape[1:] for node in boxes] == [(20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]
    assert sum(node.shape[0] // 4 * node.shape[1] * node.shape[2] for node in boxes) == 2034


def test_the_tap_inside_a_block_is_before_its_depthwise_convolution() -> None:
    network = Network(large_ssdlite(96), seed=0).eval()
    seen: dict[str, torch.Tensor] = {}
    network.get_submodule("13.depthwise.conv").register_forward_pre_hook(lambda _, x: seen.update(depthwise=x[0]))
    network.get_submodule("21.classes_depthwise.conv").register_forward_pre_hook(lambda _, x: seen.update(head=x[0]))
    with torch.no_grad():
        network.forward_outputs(torch.randn(1, 3, 96, 96))
    assert seen["head"].shape == (1, 672, 6, 6)
    assert torch.equal(seen["head"], seen["depthwise"])


def test_lraspp_with_256_filters() -> None:
    # Howard et al. 2019, Table 7: 1.63 million parameters.
    costs = count(lraspp("mobilenet_v3_large", LARGE_HALVED, "6.depthwise", filters=256))
    assert round(costs.parameters / 1e6, 2) == 1.63
    assert costs.multiply_adds / 1e9 == pytest.approx(10.13, abs=0.005)


def test_output_stride_16_keeps_the_weights_and_the_map() -> None:
    original = find("mobilenet_v3_large").with_input(64, smallest_map=1)
    dilated = changed(original, LARGE_OUTPUT_STRIDE_16)
    assert dilated.graph.nodes[dilated.graph.index("16")].shape == (960, 4, 4)
    assert count(dilated).parameters == count(original).parameters
    first, second = Network(original), Network(dilated).eval()
    second.load_state_dict(first.state_dict())
    convolution = second.get_submodule("14.depthwise.conv")
    assert isinstance(convolution, torch.nn.Conv2d)
    assert (convolution.dilation, convolution.padding) == ((2, 2), (4, 4))
    with torch.no_grad():
        assert second(torch.randn(1, 3, 64, 64)).shape == (1, 1000)
