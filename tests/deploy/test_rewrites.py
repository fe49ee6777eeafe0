"""Forms of one network: which there are, and that they give the same outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from edgewise.deploy import export_onnx, folded, random_tensors
from edgewise.deploy.exit_order import exit_ordered
from edgewise.deploy.rewrites import EXIT_ORDER, GATHER, PLAIN, forms_of
from edgewise.papers import find


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("mobilenet_v3_small", (PLAIN,)),
        ("shufflenet_v1_g3", (PLAIN, GATHER)),
        ("shufflenet_v2_0.5", (PLAIN, EXIT_ORDER)),
        ("shufflenet_v2_2_se", (PLAIN, GATHER)),
    ],
)
def test_the_forms_there_are(name: str, forms: tuple[str, ...]) -> None:
    architecture = find(name).with_input(64)
    assert forms_of(architecture.graph) == forms
    # Asked of the graph alone, and true of the folded one with its tensors.
    graph, tensors = folded(architecture.graph, random_tensors(architecture))
    assert (exit_ordered(graph, tensors)[0] is not graph) == (EXIT_ORDER in forms)


@pytest.mark.parametrize("name", ["shufflenet_v1_g3", "shufflenet_v2_0.5", "shufflenet_v1_g8_0.5"])
def test_a_gathered_shuffle_moves_the_same_channels(name: str, tmp_path: Path) -> None:
    architecture = find(name).with_input(64).with_classes(10)
    tensors = random_tensors(architecture)
    image = np.random.default_rng(0).standard_normal((1, 3, 64, 64)).astype(np.float32)
    found = []
    for form in (PLAIN, GATHER):
        path = export_onnx(architecture, tensors, tmp_path / f"{form}.onnx", form=form)
        kinds = {node.op_type for node in onnx.load(path).graph.node}
        assert ("Transpose" in kinds) == (form == PLAIN)
        assert ("Gather" in kinds) == (form == GATHER)
        found.append(np.asarray(onnxruntime.InferenceSession(path).run(["logits"], {"image": image})[0]))
    plain, gathered = found
    assert float(np.abs(gathered - plain).max()) <= 1e-5 * float(np.abs(plain).max())
