"""Shuffles taken out: the same outputs, the same multiply-adds, and no pass where the order of channels matters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, ShuffleUnitV2
from edgewise.costs import count
from edgewise.deploy import exit_ordered, export_fastest, export_onnx, folded, random_tensors
from edgewise.deploy.rewrites import EXIT_ORDER
from edgewise.graph.ops import Add, Permute, Shuffle, Slice
from edgewise.papers import Architecture, find


def outputs(path: Path, architecture: Architecture) -> np.ndarray:
    image = np.random.default_rng(0).standard_normal((1, *architecture.input)).astype(np.float32)
    return np.asarray(onnxruntime.InferenceSession(path).run(["logits"], {"image": image})[0])


@pytest.mark.parametrize(
    "name",
    ["shufflenet_v2", "shufflenet_v2_0.5", "shufflenet_v2_1.5_torchvision", "shufflenet_v2_2", "shufflenet_v2_50"],
)
def test_the_same_outputs_without_shuffles(name: str, tmp_path: Path) -> None:
    architecture = find(name).with_input(64).with_classes(10)
    tensors = random_tensors(architecture)
    plain = outputs(export_onnx(architecture, tensors, tmp_path / "plain.onnx"), architecture)
    path = export_onnx(architecture, tensors, tmp_path / "exit.onnx", form=EXIT_ORDER)
    assert not {"Transpose", "Reshape", "Gather"} & {node.op_type for node in onnx.load(path).graph.node}
    found = outputs(path, architecture)
    assert float(np.abs(found - plain).max()) <= 1e-5 * float(np.abs(plain).max())
    graph, constants = folded(architecture.graph, tensors)
    rewritten, permuted = exit_ordered(graph, constants)
    assert count(rewritten).multiply_adds == count(graph).multiply_adds
    assert {key: array.shape for key, array in permuted.items()} == {key: a.shape for key, a in constants.items()}
    assert sum(count(rewritten).by_kind()[kind].written for kind in ("concat",)) < 0.8 * sum(
        count(graph).by_kind()[kind].written for kind in ("concat", "shuffle")
    )


def test_every_unit_reads_whole_slices() -> None:
    """In a stage of n units, the active half of unit k is cut from at most the k results before it."""
    architecture = find("shufflenet_v2")
    graph, constants = folded(architecture.graph, random_tensors(architecture))
    rewritten, _ = exit_ordered(graph, constants)
    slices = [node for node in rewritten.nodes if isinstance(node.op, Slice)]
    assert not any(isinstance(node.op, Shuffle | Permute) for node in rewritten.nodes)
    units = sum(isinstance(row, ShuffleUnitV2) for row in architecture.rows)
    assert len(slices) < 6 * units


def test_an_irregular_order_goes_too(tmp_path: Path) -> None:
    """What surgery leaves of a shuffle, an explicit permutation, is followed like a shuffle."""
    architecture = find("shufflenet_v2_0.5").with_input(32).with_classes(5)
    random = np.random.default_rng(1)
    rows = [
        replace(row, order=tuple(map(int, random.permutation(row.out_channels))))
        if isinstance(row, ShuffleUnitV2)
        else row
        for row in architecture.rows
    ]
    architecture = replace(architecture, rows=tuple(rows))
    tensors = random_tensors(architecture)
    plain = outputs(export_onnx(architecture, tensors, tmp_path / "plain.onnx"), architecture)
    found = outputs(export_onnx(architecture, tensors, tmp_path / "exit.onnx", form=EXIT_ORDER), architecture)
    assert float(np.abs(found - plain).max()) <= 1e-5 * float(np.abs(plain).max())


@pytest.mark.parametrize("name", ["shufflenet_v1_g3", "shufflenet_v2_2_se", "mobilenet_v2", "googlenet_bn"])
def test_networks_that_need_their_order_keep_it(name: str) -> None:
    """ShuffleNet v1 adds, and gates weigh channels by their place; the others have nothing to take out."""
    architecture = find(name).with_input(64)
    graph, constants = folded(architecture.graph, random_tensors(architecture))
    rewritten, kept = exit_ordered(graph, constants)
    assert rewritten is graph
    assert all(kept[key] is constants[key] for key in constants)


@pytest.mark.parametrize("branch_first", [False, True])
def test_an_addition_after_a_shuffle_keeps_it(branch_first: bool) -> None:
    """Whichever of the addition's inputs was shuffled."""
    rows = (
        ConvBNAct(out_channels=24, stride=2),
        ShuffleUnitV2(out_channels=24, passed=12, inner=12),
        InvertedResidual(out_channels=24, expanded=48, activation="relu"),
        Classifier(classes=4),
    )
    graph = Architecture("mixed", rows, input=(3, 24, 24)).graph
    if branch_first:
        graph = replace(
            graph,
            nodes=tuple(
                replace(node, inputs=node.inputs[::-1]) if isinstance(node.op, Add) else node for node in graph.nodes
            ),
        )
    rewritten, _ = exit_ordered(graph, {})
    assert rewritten is graph


def test_the_faster_form_is_kept_by_measurement(tmp_path: Path) -> None:
    architecture = find("shufflenet_v2_0.5").with_input(64)
    tensors = random_tensors(architecture)
    forms = export_fastest(architecture, tensors, tmp_path / "model.onnx")
    assert [one.name for one in forms.latencies] == ["plain", "exit order"]
    written = {node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node}
    assert ("Transpose" in written) == (forms.kept == "plain")
    plain, other = forms.latencies
    assert forms.kept == ("exit order" if other.high_ms < plain.low_ms else "plain")
    single = export_fastest(
        find("mobilenet_v3_small").with_input(32),
        random_tensors(find("mobilenet_v3_small").with_input(32)),
        tmp_path / "single.onnx",
    )
    assert (single.kept, single.latencies) == ("plain", ())
