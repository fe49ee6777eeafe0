"""The networks that are hardest to write down, as rows: they prove that graph and rows need not change for them.

Each is counted against figures of its paper or release, goes through JSON with its own row types, and runs in torch
and, exported, in ONNX Runtime. The figures without a source beside them are counts of the public
implementation named, or of the paper's own table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import dense_rows
import inception_rows
import onnxruntime
import pytest
import residual_rows
import torch
from dense_rows import LARGE_HALVED, LARGE_OUTPUT_STRIDE_16, SMALL_HALVED, changed, lraspp, ssdlite
from inception_rows import googlenet, inception_v3
from residual_rows import alexnet, gated, se_resnet50, shufflenet_v1, shufflenet_v2_164, xception

from edgewise.blocks import ROWS
from edgewise.costs import Costs, count
from edgewise.deploy import export_onnx
from edgewise.deploy.export import LOGITS
from edgewise.nn import Network
from edgewise.papers import Architecture, find

ALL_ROWS = (*ROWS, *inception_rows.ROWS, *residual_rows.ROWS, *dense_rows.ROWS)


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


def smaller(architecture: Architecture, size: int) -> Architecture:
    return architecture.with_input(size, smallest_map=1).with_classes(10)


def small_shufflenet_v1(groups: int, widths: tuple[int, int, int]) -> Architecture:
    return smaller(shufflenet_v1(groups, widths), 64)


G1, G3, G8 = (144, 288, 576), (240, 480, 960), (384, 768, 1536)

CASES: dict[str, Case] = {
    # torchvision's inception_v3 without its auxiliary head
    "inception_v3": Case(inception_v3, 23_834_568, 5713.2, lambda: smaller(inception_v3(), 96)),
    # torchvision's googlenet
    "googlenet": Case(
        lambda: googlenet(auxiliary=False), 6_624_904, 1498.4, lambda: smaller(googlenet(auxiliary=False), 64)
    ),
    "googlenet_auxiliary": Case(
        lambda: googlenet(auxiliary=True), 13_004_888, 1506.7, lambda: smaller(googlenet(auxiliary=True), 96)
    ),
    # Chollet 2016, Table 3: 22,855,952 parameters
    "xception": Case(xception, 22_855_952, 8357.4, lambda: smaller(xception(), 71)),
    # Zhang et al. 2017, Table 1 prints 143, 140, 137, 133, 137 without the last layer
    **{
        f"shufflenet_v1_g{groups}": Case(
            partial(shufflenet_v1, groups, widths), parameters, cost, partial(small_shufflenet_v1, groups, widths)
        )
        for groups, widths, parameters, cost in (
            (1, G1, 1_531_936, 143.08),
            (3, G3, 1_865_728, 137.46),
            (8, G8, 2_434_768, 138.37),
        )
    },
    # Ma et al. 2018, Table 6: 12.7 G (parameters are not printed)
    "shufflenet_v2_164": Case(
        shufflenet_v2_164, 194_288_480, 12665.4, lambda: smaller(shufflenet_v2_164((136, 160, 168, 176)), 64)
    ),
    # Hu et al. 2017, Table 2: 3.87 G; 28.1 million parameters
    "se_resnet50": Case(se_resnet50, 28_088_024, 3860.5, lambda: smaller(se_resnet50(), 64)),
    # Krizhevsky et al. 2012: 60 million parameters; Howard et al. 2017 quote 720 million multiply-adds
    "alexnet": Case(alexnet, 60_965_224, 724.4, lambda: replace(alexnet(), input=(3, 99, 99))),
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


# Zhang et al. 2017, Tables 1, 2 and 5 (millions; Table 1 leaves the last layer out, Table 5 does not).
@pytest.mark.parametrize(
    ("groups", "widths", "printed"),
    [(1, G1, 143), (2, (200, 400, 800), 140), (3, G3, 137), (4, (272, 544, 1088), 133), (8, G8, 137)],
)
def test_shufflenet_v1_table_1_counts_no_last_layer(groups: int, widths: tuple[int, int, int], printed: int) -> None:
    architecture = shufflenet_v1(groups, widths)
    costs = count(architecture)
    without_last = costs.multiply_adds - costs.by_kind()["linear"].multiply_adds
    assert without_last / 1e6 == pytest.approx(printed, abs=0.51)
    if groups > 1:  # grouping the first 1×1 too misses the table
        grouped = count(shufflenet_v1(groups, widths, group_first=True))
        assert printed - grouped.multiply_adds / 1e6 + costs.by_kind()["linear"].multiply_adds / 1e6 > 0.9


def test_shufflenet_v1_at_twice_the_width_and_with_squeeze_and_excitation() -> None:
    twice = (480, 960, 1920)
    assert round(count(shufflenet_v1(3, twice, stem=48)).multiply_adds / 1e6) == 524
    assert count(shufflenet_v1(3, twice, stem=48, se=16)).multiply_adds / 1e6 == pytest.approx(527, abs=0.6)


def test_shufflenet_v2_with_squeeze_and_excitation() -> None:
    # Ma et al. 2018, Table 8: 597 million at width 2.
    assert round(count(gated(find("shufflenet_v2_2"))).multiply_adds / 1e6) == 597


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


def test_auxiliary_outputs_are_run_only_where_asked_for() -> None:
    network = Network(smaller(googlenet(auxiliary=True), 96), seed=0).eval()
    calls: list[str] = []
    network.get_submodule("9.classes").register_forward_hook(lambda *_: calls.append("aux1"))
    x = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        network(x)
        assert calls == []
        assert list(network.forward_outputs(x)) == ["aux1", "aux2", "output"]
    assert calls == ["aux1"]
