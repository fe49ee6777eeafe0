"""Fine-tuning for int8 computes what the artifact computes, and trains an ordinary network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from edgewise.data import Preprocessing, open_dataset
from edgewise.deploy import export_onnx, tensors_of
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.deploy.quantization.aware import QuantisationAware, Rounded, fine_tune, rounded_weight
from edgewise.deploy.quantization.places import Place, Places, places_of
from edgewise.devices import run
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.training import Recipe


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def _random_statistics(network: Network) -> None:
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)


def test_it_computes_what_the_artifact_does(small: Architecture, tmp_path: Path) -> None:
    """In a network of few layers: in a deep one the first sum that is rounded the other way changes all that follow."""
    network = Network(small, seed=0).eval()
    _random_statistics(network)
    plain, integer = tmp_path / "plain.onnx", tmp_path / "int8.onnx"
    images = np.random.default_rng(0).standard_normal((64, *small.input)).astype(np.float32)
    export_onnx(small, tensors_of(network), plain)
    quantize_onnx(plain, images, integer, SCHEMES[0])
    places = places_of(onnx.load(integer))
    module = QuantisationAware(network, places).eval()
    assert len(module.rounded) == len(places.values)
    with torch.inference_mode():
        exact, found = (one(torch.from_numpy(images)).numpy() for one in (network, module))
    wanted = run(integer, images, precision="int8")
    noise, away = ((exact - wanted) ** 2).sum(), ((found - wanted) ** 2).sum()
    assert ((exact - found) ** 2).sum() == pytest.approx(noise, rel=0.2)
    assert away < 0.3 * noise


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_0.5", "mobilenet_v1_0.25", "squeezenet1_1"])
def test_without_roundings_it_computes_what_the_network_does(name: str) -> None:
    network = Network(find(name).with_input(64).with_classes(5), seed=0).eval()
    _random_statistics(network)
    images = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        exact, bare = (one(images) for one in (network, QuantisationAware(network, Places({}, {})).eval()))
    assert float((bare - exact).abs().max()) < 1e-4 * float(exact.abs().max())


def test_gradients_pass_the_rounding_and_stop_where_it_clips() -> None:
    rounded = Rounded(Place(0.1, 0, 0, 255)).eval()
    x = torch.tensor([-1.0, 0.13, 5.0, 30.0], requires_grad=True)
    y = rounded(x)
    assert y.tolist() == pytest.approx([0, 0.1, 5.0, 25.5])
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 1, 0]


def test_ranges_follow_the_batches_in_training_alone() -> None:
    rounded = Rounded(Place(0.1, 0, 0, 255)).eval()
    wide = torch.tensor([-10.0, 100.0])
    rounded(wide)
    assert float(rounded.high) == pytest.approx(25.5)
    for _ in range(1000):
        rounded.train()(wide)
    assert (float(rounded.low), float(rounded.high)) == pytest.approx((-10, 100), rel=1e-3)


def test_weights_have_a_scale_per_channel() -> None:
    weight = torch.tensor([[127.0, 1.4], [0.0, 0.0], [-1.27, 0.012]])
    assert rounded_weight(weight).flatten().tolist() == pytest.approx([127, 1, 0, 0, -1.27, 0.01])


def test_fine_tuning_trains_the_network_itself(small: Architecture, tmp_path: Path) -> None:
    train = open_dataset("digits").splits["train"].take(range(160))
    network = Network(small.with_classes(10), seed=0)
    preprocessing = Preprocessing(8, 12, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    names, before = list(network.state_dict()), {name: one.clone() for name, one in network.state_dict().items()}
    graph = network.architecture.graph
    values = {node.name: Place(0.1, 128, 0, 255) for node in graph.nodes if node.name.endswith("activation")}
    recipe = Recipe(epochs=2, batch_size=32, learning_rate=0.05, precision="32")
    fine_tune(network, {"train": train}, recipe, tmp_path / "run", Places(values, {}), preprocessing=preprocessing)
    assert list(network.state_dict()) == names
    assert not network.training
    after = network.state_dict()
    moved = {name for name in names if not torch.equal(before[name], after[name])}
    trained = {name for name, _ in network.named_parameters()}
    assert moved == trained  # the statistics of batch norm stand still
