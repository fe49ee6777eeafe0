import numpy as np
import pytest
import torch
from small_task import SmallNetwork
from torch import nn

from edgewise.training import Recipe, TensorFlowRMSprop
from edgewise.training.optimisers import build_optimiser, parameter_groups


def test_rmsprop_follows_tensorflows_formula() -> None:
    random = np.random.default_rng(0)
    start, gradients = random.normal(size=5), random.normal(size=(4, 5))
    parameter = nn.Parameter(torch.tensor(start))
    optimiser = TensorFlowRMSprop([parameter], lr=0.1, decay=0.8, momentum=0.7, eps=1e-3, weight_decay=0.01)
    expected, square, moment = start.copy(), np.ones(5), np.zeros(5)
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        optimiser.step()
        total = gradient + 0.01 * expected
        square = 0.8 * square + 0.2 * total**2
        moment = 0.7 * moment + 0.1 * total / np.sqrt(square + 1e-3)
        expected = expected - moment
    assert parameter.detach().numpy() == pytest.approx(expected, rel=1e-12)


def test_decay_spares_norm_and_bias_and_if_asked_depthwise() -> None:
    network = SmallNetwork()

    def decayed(recipe: Recipe) -> set[str]:
        groups = parameter_groups(network, recipe)
        touched = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
        assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))
        return {name for name, parameter in network.named_parameters() if id(parameter) in touched}

    assert decayed(Recipe(epochs=1, batch_size=1)) == {"stem.weight", "depthwise.weight", "classes.weight"}
    assert decayed(Recipe(epochs=1, batch_size=1, decay_depthwise=False)) == {"stem.weight", "classes.weight"}


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop"])
def test_every_optimiser_lowers_a_loss(name: str) -> None:
    network = SmallNetwork().train()
    recipe = Recipe.from_json({"epochs": 1, "batch_size": 1, "optimiser": name, "learning_rate": 0.02})
    optimiser = build_optimiser(network, recipe)
    x, y = torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(32) % 3
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
