"""What holds for every variant of every family: it builds, trains, survives JSON, counts as torch does, gives the maps
it announces, and `torch.export` takes it. That its ONNX file gives the same values is in tests/deploy."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from edgewise.blocks import AuxiliaryClassifier
from edgewise.costs import count
from edgewise.nn import Network
from edgewise.papers import Architecture, find, names
from random_weights import images, random_network
from variants import narrowest, narrowest_of_families, one_of_each_family, structures, variant

ODD = (75, 64)
SIZES = ((48, 48), ODD, (97, 97))


def at(name: str, height: int, width: int) -> Architecture:
    """With ten classes at another size, at the paper's strides where the windows fit on the maps."""
    return variant(name).with_input(height, width, smallest_map=1).with_classes(10)


def trained_at() -> list[object]:
    """One variant of every family at all sizes, and those of other structures at one; the rest with the slow tests."""
    quick = {size: narrowest_of_families() | (narrowest() if size == ODD else set()) for size in SIZES}
    return [
        pytest.param(
            name,
            size,
            id=f"{name}-{size[0]}x{size[1]}",
            marks=[] if name in quick[size] else [pytest.mark.slow],
        )
        for name in names()
        for size in SIZES
    ]


@pytest.mark.parametrize(("name", "size"), trained_at())
def test_every_parameter_learns(name: str, size: tuple[int, int]) -> None:
    """Forward and backward with the starting weights, through all outputs: each has the graph's shape."""
    architecture = at(name, *size)
    network = Network(architecture, seed=0).train()
    outputs = network.forward_outputs(images(architecture.input))
    graph = architecture.graph
    assert {key: tuple(value.shape) for key, value in outputs.items()} == {
        key: (2, *graph.nodes[index].shape) for key, index in graph.outputs.items()
    }
    losses = [nn.functional.cross_entropy(scores, torch.arange(2)) for scores in outputs.values()]
    torch.stack(losses).sum().backward()
    gradients = {key: parameter.grad for key, parameter in network.named_parameters()}
    assert [key for key, gradient in gradients.items() if gradient is None or not gradient.isfinite().all()] == []
    # Zero everywhere would mean that a value was cut off; single layers may be dead at the start.
    moved = sum(bool(gradient.any()) for gradient in gradients.values() if gradient is not None)
    assert moved > 0.95 * len(gradients)


@pytest.mark.parametrize("name", names())
def test_json_and_back(name: str) -> None:
    original = find(name)
    again = Architecture.from_json(original.to_json())
    assert again == original
    assert again.digest == original.digest
    assert again.graph.nodes == original.graph.nodes


STRIDES = {
    "alexnet": (4, 8, 16, 32),
    "vgg": (1, 2, 4, 8, 16, 32),
    "squeezenet": (2, 4, 8, 16),
}
"""Strides of the maps by family; all others halve the image five times."""


def strides(architecture: Architecture, maps: list[tuple[int, ...]]) -> list[int]:
    """How many pixels a cell stands for, as powers of two: maps without padding are a little smaller."""
    return sorted({2 ** round(torch.tensor(architecture.input[1] / shape[-1]).log2().item()) for shape in maps})


@pytest.mark.parametrize("name", structures(names()))
def test_counts_and_maps_at_the_papers_size(name: str) -> None:
    """Counts from shapes are those of torch's own counter, and values have the announced shapes; without memory."""
    architecture = find(name)
    with torch.device("meta"):
        network = Network(architecture).eval()
        x = torch.zeros(1, *architecture.input)
    counter = FlopCounterMode(display=False)  # it counts two operations per multiply-add
    with counter, torch.no_grad():
        network(x)
    costs = count(architecture)
    assert counter.get_total_flops() == 2 * costs.multiply_adds
    helpers = [str(row) for row, kind in enumerate(architecture.rows) if isinstance(kind, AuxiliaryClassifier)]
    main = [value for key, value in network.named_parameters() if key.partition(".")[0] not in helpers]
    assert sum(parameter.numel() for parameter in main) == costs.parameters

    graph = architecture.graph
    with torch.no_grad():
        features = network.forward_features(x)
    assert {key: tuple(value.shape[1:]) for key, value in features.items()} == {
        key: graph.nodes[graph.index(key)].shape for key in features
    }
    maps = [tuple(value.shape) for value in features.values()]
    assert len({shape[2:] for shape in maps}) == len(maps)
    assert [shape[-1] for shape in maps] == sorted((shape[-1] for shape in maps), reverse=True)
    assert strides(architecture, maps) == list(STRIDES.get(architecture.family, (2, 4, 8, 16, 32)))


@pytest.mark.parametrize("name", one_of_each_family())
def test_torch_export_gives_the_same_values(name: str) -> None:
    architecture = at(name, 64, 75)
    network = random_network(architecture)
    x = images(architecture.input)
    with torch.no_grad():
        expected = network(x)
        values = torch.export.export(network, (x,)).module()(x)
    assert float(expected.std()) > 0
    assert float((values - expected).abs().max()) <= 1e-4 * float(expected.abs().max())


@pytest.mark.parametrize("name", [name for name in names() if name.endswith("_auxiliary")])
def test_auxiliary_classifiers_run_only_where_asked_for(name: str) -> None:
    network = Network(at(name, 96, 96), seed=0).eval()
    outputs = network.architecture.graph.outputs
    helpers = [key for key in outputs if key != "output"]
    calls: list[str] = []
    for row, kind in enumerate(network.architecture.rows):
        if isinstance(kind, AuxiliaryClassifier):
            network.get_submodule(f"{row}.classes").register_forward_hook(lambda *_, key=kind.output: calls.append(key))
    x = images(network.architecture.input)
    with torch.no_grad():
        network(x)
        assert calls == []
        assert list(network.forward_outputs(x)) == [*helpers, "output"]
    assert calls == helpers
    assert network.architecture.graph.training_only == set(helpers)
