"""Auxiliary classifiers add their share of the loss in training, and are gone from what is deployed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from edgewise.blocks import AuxiliaryClassifier, Classifier, ConvBNAct
from edgewise.costs import count
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.training import Recipe
from edgewise.training.classify import Classify
from edgewise.weights.shapes import tensor_shapes

HELPED = Architecture(
    "helped",
    (
        ConvBNAct(out_channels=8, stride=2),
        AuxiliaryClassifier(output="auxiliary1", classes=3, reduced=4, hidden=6, dropout=0.0, weight=0.25),
        ConvBNAct(out_channels=8),
        AuxiliaryClassifier(output="auxiliary2", classes=3, reduced=4, hidden=6, dropout=0.0),
        Classifier(classes=3),
    ),
    input=(3, 16, 16),
)


def task(network: Network) -> Classify:
    return Classify(network, Recipe(epochs=1, batch_size=4, learning_rate=0.1), classes=3, steps_per_epoch=1)


def test_the_loss_is_the_weighted_sum() -> None:
    network = Network(HELPED, seed=0).eval()
    images, targets = torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 1])
    made = task(network)
    outputs = network.forward_outputs(images)
    expected = made.loss(outputs["output"], targets)
    expected = expected + 0.25 * made.loss(outputs["auxiliary1"], targets)
    expected = expected + 0.3 * made.loss(outputs["auxiliary2"], targets)
    torch.testing.assert_close(made.training_step((images, targets), 0), expected)


def test_every_part_learns() -> None:
    network = Network(HELPED, seed=0)
    made = task(network)
    made.training_step((torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 1])), 0).backward()
    gradients = [parameter.grad for parameter in network.parameters()]
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


def test_what_is_deployed_has_no_helpers() -> None:
    graph = HELPED.graph
    assert set(graph.outputs) == {"auxiliary1", "auxiliary2", "output"}
    deployed = graph.deployed()
    assert set(deployed.outputs) == {"output"}
    plain = replace(HELPED, rows=tuple(row for row in HELPED.rows if not isinstance(row, AuxiliaryClassifier)))
    assert [node.op for node in deployed.nodes] == [node.op for node in plain.graph.nodes]
    assert count(HELPED).total == count(plain).total
    assert set(tensor_shapes(graph)) > set(tensor_shapes(deployed))


@pytest.mark.parametrize("name", ["googlenet_auxiliary", "inception_v3_auxiliary"])
def test_a_fresh_head_for_every_classifier(name: str) -> None:
    network = Network(find(name).with_input(128, smallest_map=1), seed=0)
    network.reset_classifier(5)
    with torch.no_grad():
        outputs = network.eval().forward_outputs(torch.randn(1, 3, 128, 128))
    assert {tuple(scores.shape) for scores in outputs.values()} == {(1, 5)}
