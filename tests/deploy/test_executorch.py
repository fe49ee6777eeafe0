"""Networks lowered to ExecuTorch: the outputs are torch's, XNNPACK computes all of it, and the card lies beside."""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from through_onnx import Applies, made_of, network_of, torch_outputs

from edgewise.blocks import Classifier, ConvBNAct
from edgewise.data import Preprocessing
from edgewise.deploy import ArtifactCard, export_executorch, folded, random_tensors, read_artifact
from edgewise.deploy.artifact import copy_artifact
from edgewise.deploy.parity import compare
from edgewise.deploy.rewrites import EXIT_ORDER, PLAIN
from edgewise.devices import find_runtime, run
from edgewise.errors import EdgewiseError
from edgewise.graph.ops import Activation, BatchNorm, Convolution, LocalResponseNorm, Pool
from edgewise.papers import Architecture, find

RUNTIME = find_runtime("executorch")
installed = pytest.mark.skipif(RUNTIME.version() is None, reason=f"executorch is not installed: {RUNTIME.install_hint}")

FAMILIES = ("mobilenet_v3_small", "shufflenet_v1_g3", "shufflenet_v2_0.5")

WHOLE = (
    "alexnet",
    "googlenet_bn",
    "inception_v3",
    "mobilenet_v2_0.35",
    "mnasnet_a1_0.35",
    "mobilenet_v3_small_0.35",
    "resnet18",
    "resnext50_32x4d",
    "se_shufflenet_v1_g3",
    "shufflenet_v1_g3_0.25",
    "shufflenet_v2_0.5",
    "squeezenet1_1",
    "xception",
)

Lowered = list[tuple[list[str], list[str]]]


def short(name: str) -> Architecture:
    """The network with one row of each kind, of each stride, with and without squeeze-and-excitation."""
    kinds = {}
    for row in find(name).rows:
        squeezes = bool(getattr(row, "squeeze", None))
        kinds.setdefault((type(row), getattr(row, "stride", 1), squeezes, getattr(row, "activation", "")), row)
    return replace(find(name), rows=tuple(kinds.values())).with_input(64, smallest_map=1).with_classes(7)


def images_for(architecture: Architecture, count: int = 2) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, *architecture.input), dtype=np.float32)


def difference(path: Path, architecture: Architecture, images: np.ndarray) -> float:
    """From torch, as a share of the range of its outputs."""
    network = network_of(architecture, random_tensors(architecture))
    expected = np.concatenate([torch_outputs(network, image[None])["logits"] for image in images])
    return float(np.abs(run(path, images, runtime="executorch") - expected).max() / np.ptp(expected))


@pytest.fixture
def lowered(monkeypatch: pytest.MonkeyPatch) -> Lowered:
    """For everything exported, the ops that ExecuTorch computes itself, and those it gives to XNNPACK."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import executorch.exir as exir  # type: ignore[import-not-found]

    made: Lowered = []
    lower = exir.to_edge_transform_and_lower

    def watched(*args: Any, **settings: Any) -> Any:
        program = lower(*args, **settings)
        module = program.exported_program().graph_module
        inside = [getattr(module, node.target).original_module for node in module.graph.nodes if node.op == "get_attr"]
        made.append((_ops(module), [op for part in inside for op in _ops(part)]))
        return program

    monkeypatch.setattr(exir, "to_edge_transform_and_lower", watched)
    return made


def _ops(module: torch.fx.GraphModule) -> list[str]:
    targets = [node.target for node in module.graph.nodes if node.op == "call_function"]
    return [target.name().split("::")[-1] for target in targets if hasattr(target, "name")]


@installed
@pytest.mark.parametrize("name", FAMILIES)
def test_outputs_are_those_of_torch(name: str, lowered: Lowered, tmp_path: Path) -> None:
    architecture = short(name)
    form = EXIT_ORDER if name.startswith("shufflenet_v2") else PLAIN
    path = export_executorch(architecture, random_tensors(architecture), tmp_path / "m.pte", form=form)
    assert difference(path, architecture, images_for(architecture)) < 1e-4
    ((outside, inside),) = lowered
    assert set(outside) <= {"executorch_call_delegate"}
    assert len(outside) == 1
    assert not [op for op in inside if "batch_norm" in op]
    assert form == PLAIN or "permute_copy" not in inside
    nodes = folded(architecture.graph, random_tensors(architecture))[0].nodes
    averages = [node.op for node in nodes if isinstance(node.op, Pool) and node.op.kind == "average"]
    convolutions = sum(isinstance(node.op, Convolution) for node in nodes)
    assert inside.count("convolution") == convolutions + len(averages)  # those that XNNPACK has not as pools
    assert not any(isinstance(node.op, BatchNorm) for node in nodes)
    assert inside.count("hardswish") == sum(node.op == Activation("hard_swish") for node in nodes)


@installed
@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_whole_networks(name: str, tmp_path: Path) -> None:
    architecture = find(name).with_input(75, smallest_map=1).with_classes(7)
    path = export_executorch(architecture, random_tensors(architecture), tmp_path / "m.pte")
    assert difference(path, architecture, images_for(architecture)) < 1e-4


@installed
@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v3_small", "shufflenet_v1_g3", "shufflenet_v2_0.5"])
def test_whole_networks_in_int8(name: str, tmp_path: Path) -> None:
    architecture = find(name).with_input(64).with_classes(7)
    images = images_for(architecture, 4)
    path = export_executorch(architecture, random_tensors(architecture), tmp_path / "m.pte", images=images)
    assert difference(path, architecture, images) < 0.2


@installed
def test_int8(lowered: Lowered, tmp_path: Path) -> None:
    architecture = replace(short("mobilenet_v2"), input=(3, 32, 32))
    images = images_for(architecture, 4)
    path = export_executorch(architecture, random_tensors(architecture), tmp_path / "m.pte", images=images)
    assert 1e-4 < difference(path, architecture, images) < 0.1
    ((outside, inside),) = lowered
    assert set(outside) == {"executorch_call_delegate"}
    # relu6 is one with its convolution: nothing is rounded between the two, so no bits go to what the clamp cuts off.
    ops = [op.split(".")[0] for op in inside]
    clamps = [index for index, op in enumerate(ops) if op == "hardtanh"]
    assert clamps
    assert {ops[index - 1] for index in clamps} == {"convolution"}
    layers = inside.count("convolution") + inside.count("linear")
    assert inside.count("dequantize_per_channel") == layers  # the weights, a scale for each channel
    weights = sum(array.size for array in random_tensors(architecture).values())
    assert path.stat().st_size < 2 * weights + 100_000


@installed
def test_hard_sigmoid_that_another_reads_too_response_norm_and_odd_pools(tmp_path: Path) -> None:
    """The layer before is not changed when its result is read elsewhere; what XNNPACK lacks runs all the same."""
    rows = (
        Applies(Convolution(7, (3, 3), bias=True), output="before"),
        Applies(Activation("hard_sigmoid")),
        Applies(LocalResponseNorm(4, alpha=0.5, beta=0.6, k=0.7)),
        Applies(Pool("average", (3, 3), (2, 2), (0, 1, 0, 1), count_padding=False)),
        Applies(Pool("max", (3, 3), (2, 2), (1, 1, 0, 1), ceil=True)),
    )
    architecture = made_of(*rows, image=(3, 24, 20))
    path = export_executorch(architecture, random_tensors(architecture), tmp_path / "m.pte")
    assert difference(path, architecture, images_for(architecture)) < 1e-4


@installed
@pytest.mark.parametrize("int8", [False, True])
def test_padding_on_one_side_and_average_pools_that_count_it(int8: bool, lowered: Lowered, tmp_path: Path) -> None:
    architecture = made_of(
        Convolution(8, (3, 3), (2, 2), (0, 1, 0, 1), bias=True),
        Activation("relu"),
        Pool("max", (3, 3), (2, 2), (0, 1, 0, 1)),
        Convolution(8, (3, 3), (1, 1), (0, 1, 0, 1), groups=8, bias=True),
        Pool("average", (3, 3), (2, 2), (1, 1, 1, 1)),
        image=(3, 32, 40),
    )
    images = images_for(architecture)
    given = images if int8 else None
    path = export_executorch(architecture, random_tensors(architecture), tmp_path / "m.pte", images=given)
    assert difference(path, architecture, images) < (0.05 if int8 else 1e-4)
    ((outside, inside),) = lowered
    assert outside == ["executorch_call_delegate"]
    assert inside.count("convolution") == 3
    assert inside.count("max_pool2d") == 1


@pytest.fixture
def card(preprocessing: Preprocessing) -> ArtifactCard:
    return ArtifactCard(preprocessing, ("katze", "собака", "鳥 🐦"), multi_label=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact that normalises its pixels, exported once."""
    preprocessing = Preprocessing(8, 12, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    card = ArtifactCard(preprocessing, ("a", "\udcff", "c"), multi_label=True, normalise_inside=True)
    return export_executorch(TINY, random_tensors(TINY), tmp_path_factory.mktemp("made") / "model.pte", card=card)


TINY = Architecture("tiny", (ConvBNAct(out_channels=4, stride=2), Classifier(classes=3)), input=(3, 8, 12))


@pytest.fixture
def artifact(made: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    copy_artifact(made, tmp_path / "model.pte")
    return tmp_path / "model.pte"


@installed
def test_the_card_lies_beside_it(artifact: Path) -> None:
    card = read_artifact(artifact)
    assert card.preprocessing == Preprocessing(8, 12, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert (card.classes, card.multi_label, card.normalise_inside) == (("a", "\udcff", "c"), True, True)
    assert card.digest == TINY.digest
    said = json.loads((artifact.parent / "model.pte.json").read_text())
    assert Architecture.from_dict(json.loads(said["edgewise.architecture"])) == TINY


@installed
def test_normalisation_inside(artifact: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (6, 8, 12, 3), dtype=np.uint8)
    network = network_of(TINY, random_tensors(TINY))
    preprocessing = read_artifact(artifact).preprocessing
    parity = compare(
        artifact, network, pixels, preprocessing=preprocessing, as_pixels=True, runtime="executorch", tolerance=1e-4
    )
    assert parity.images == 6


@installed
def test_a_card_that_is_missing_damaged_or_anothers(artifact: Path) -> None:
    card = artifact.parent / "model.pte.json"
    said = card.read_text()
    for damaged in (said[:50], "", "[]", "{}", "\x00", said.replace("edgewise.sha256", "edgewise.sha1")):
        card.write_text(damaged)
        with pytest.raises(EdgewiseError, match=r"model\.pte\.json is not the card of the artifact .*model\.pte as it"):
            read_artifact(artifact)
    card.write_text(said.replace("edgewise.preprocessing", "edgewise.other"))
    with pytest.raises(EdgewiseError, match="does not say how images are prepared"):
        read_artifact(artifact)
    card.write_text(said)
    artifact.write_bytes(artifact.read_bytes() + b"\0")
    with pytest.raises(EdgewiseError, match="is not the card of the artifact"):
        read_artifact(artifact)
    card.unlink()
    with pytest.raises(EdgewiseError, match=r"there is no .*model\.pte\.json: .* belong together; export again"):
        read_artifact(artifact)


@installed
def test_nothing_of_the_tools_is_left_behind(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    handlers, disabled = logging.root.handlers[:], logging.root.manager.disable
    capfd.readouterr()
    export_executorch(TINY, random_tensors(TINY), tmp_path / "m.pte")
    assert (logging.root.handlers, logging.root.manager.disable) == (handlers, disabled)
    assert capfd.readouterr() == ("", "")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.pte", "m.pte.json"]
    with pytest.raises(EdgewiseError, match="does not say how images are prepared"):
        read_artifact(tmp_path / "m.pte")


@installed
def test_a_failed_write_leaves_the_old_file(artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {file: file.read_bytes() for file in artifact.parent.iterdir()}

    def half(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(EdgewiseError, match="cannot write"):
        export_executorch(TINY, random_tensors(TINY, 1), artifact)
    assert {file: file.read_bytes() for file in artifact.parent.iterdir()} == before


@installed
@pytest.mark.parametrize("shape", [(0, 3, 8, 12), (2, 3, 12, 8), (3, 8, 12)])
def test_images_that_do_not_fit(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match=r"tiny is quantised on one image or more of shape \(3, 8, 12\)"):
        export_executorch(TINY, random_tensors(TINY), tmp_path / "m.pte", images=np.zeros(shape, np.float32))
    assert not list(tmp_path.iterdir())


@installed
def test_what_does_not_belong_together(tmp_path: Path, card: ArtifactCard) -> None:
    tensors = random_tensors(TINY)
    with pytest.raises(EdgewiseError, match=r"these are not the tensors of tiny: 1\.classes\.bias should be"):
        export_executorch(TINY, {k: v for k, v in tensors.items() if k != "1.classes.bias"}, tmp_path / "m.pte")
    with pytest.raises(EdgewiseError, match="2 class names were given"):
        export_executorch(TINY, tensors, tmp_path / "m.pte", card=replace(card, classes=("a", "b")))
    square = replace(card, preprocessing=replace(card.preprocessing, width=8))
    with pytest.raises(EdgewiseError, match="takes images of 8×12 pixels and the preprocessing makes 8×8"):
        export_executorch(TINY, tensors, tmp_path / "m.pte", card=square)
    assert not list(tmp_path.iterdir())


@installed
def test_a_network_that_the_tools_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise RuntimeError("no such op\nand a trace of it")

    monkeypatch.setattr(torch.export, "export", refuse)
    with pytest.raises(EdgewiseError, match=r"^executorch cannot export tiny: no such op$"):
        export_executorch(TINY, random_tensors(TINY), tmp_path / "m.pte")
    assert not list(tmp_path.iterdir())


def test_without_executorch_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(RUNTIME), "version", lambda self: None)
    with pytest.raises(EdgewiseError, match=r'install it with: pip install "edgewise\[executorch\]"'):
        export_executorch(TINY, random_tensors(TINY), tmp_path / "m.pte")
