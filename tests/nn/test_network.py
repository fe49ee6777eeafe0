"""What one does with a network: run, tap, print and copy it, give it other classes, train, export and compile it."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from edgewise.blocks import BasicBlock, Classifier, ConvBNAct, InvertedResidual, MaxPool, ShuffleDownUnitV2
from edgewise.errors import EdgewiseError
from edgewise.nn import Block, Network
from edgewise.papers import Architecture, find

TINY = Architecture(
    name="tiny",
    rows=(
        ConvBNAct(out_channels=8, stride=2),
        InvertedResidual(out_channels=8, expanded=16, squeeze=8, activation="relu"),
        BasicBlock(inner=8, out_channels=16, stride=2),
        ShuffleDownUnitV2(out_channels=32, projected=16, inner=16),
        Classifier(classes=10, hidden=12, dropout=0.2),
    ),
    input=(3, 32, 32),
)

ONE_PER_FAMILY = ("resnet18", "mobilenet_v1_0.25", "mobilenet_v2_0.35", "shufflenet_v2_0.5", "mobilenet_v3_small_0.35")


def image(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def tiny() -> Network:
    return Network(TINY, seed=0).eval()


def small(name: str) -> Architecture:
    architecture = find(name)
    return (architecture.scaled(0.25) if name == "resnet18" else architecture).with_input(32).with_classes(10)


@pytest.mark.parametrize("name", ONE_PER_FAMILY)
def test_gradients_reach_every_parameter(name: str) -> None:
    network = Network(small(name), seed=0).train()
    loss = nn.functional.cross_entropy(network(image(8, 3, 32, 32)), torch.arange(8))
    loss.backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.isfinite().all(), parameter_name
    # Zero everywhere would mean that a value was cut off; single layers may be dead at the start.
    moved = [bool(parameter.grad.any()) for parameter in network.parameters() if parameter.grad is not None]
    assert sum(moved) > 0.95 * len(moved)


@pytest.mark.parametrize("name", ONE_PER_FAMILY)
def test_training_moves_weights_and_statistics_and_lowers_the_loss(name: str) -> None:
    torch.manual_seed(0)
    network = Network(small(name), seed=0).train()
    before = copy.deepcopy(network.state_dict())
    optimiser = torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9)
    x, targets = image(8, 3, 32, 32), torch.arange(8)
    losses: list[float] = []
    for _ in range(6):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(x), targets)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.02
    # A scale or a bias before another norm hardly matters: its gradient is there, and may be too small to move it.
    reached = {key for key, one in network.named_parameters() if one.grad is not None and one.grad.any()}
    same = {key for key, tensor in network.state_dict().items() if torch.equal(tensor, before[key])}
    assert same - reached == set()
    assert all(".norm." in key for key in same)


def test_channels_last_and_batches_of_one(tiny: Network) -> None:
    x = image(4, 3, 32, 32)
    with torch.no_grad():
        expected = tiny(x)
        torch.testing.assert_close(tiny(x.to(memory_format=torch.channels_last)), expected)
        torch.testing.assert_close(torch.cat([tiny(part) for part in x.split(1)]), expected)
    assert expected.shape == (4, 10)


def hooked(network: Network, x: Tensor) -> dict[str, Tensor]:
    """The result of every module, cloned before anything in place can overwrite it."""
    seen: dict[str, Tensor] = {}
    handles = [
        module.register_forward_hook(lambda _, __, y, name=name: seen.update({name: y.clone()}))
        for name, module in network.named_modules()
        if name in network.graph.names and network.graph.nodes[network.graph.names[name]].name == name
    ]
    with torch.no_grad():
        network(x)
    for handle in handles:
        handle.remove()
    return seen


@pytest.mark.parametrize("name", ["tiny", *ONE_PER_FAMILY])
@pytest.mark.parametrize("training", [False, True])
def test_every_value_can_be_tapped_and_none_is_overwritten(name: str, training: bool) -> None:
    """Values that an in-place ReLU would overwrite too, one at a time and all at once."""
    architecture = TINY if name == "tiny" else small(name)
    network = Network(architecture, seed=0).train(training)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    x = image(2, 3, 32, 32)
    expected = hooked(network, x)
    with torch.no_grad():
        together = network.forward_features(x, list(expected))
        assert list(together) == list(expected)
        for value, tensor in expected.items():
            torch.testing.assert_close(together[value], tensor, rtol=0, atol=0)
        for value in list(expected)[:: max(1, len(expected) // 12)]:
            torch.testing.assert_close(network.forward_features(x, [value])[value], expected[value], rtol=0, atol=0)


def test_a_tapped_value_carries_gradients() -> None:
    network = Network(TINY, seed=0).train()
    features = network.forward_features(image(2, 3, 32, 32), ["1.expand.norm", "1.expand", "2"])
    sum(value.square().mean() for value in features.values()).backward()  # type: ignore[union-attr]
    weight = network.get_parameter("1.expand.conv.weight")
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0


def test_features_are_by_default_the_last_of_every_map_size(tiny: Network) -> None:
    with torch.no_grad():
        features = tiny.forward_features(image(2, 3, 32, 32))
    assert {name: tuple(value.shape) for name, value in features.items()} == {
        "1": (2, 8, 16, 16),
        "2": (2, 16, 8, 8),
        "3": (2, 32, 4, 4),
    }
    network = Network(find("mobilenet_v2_0.35").with_input(64, smallest_map=1)).eval()
    with torch.no_grad():
        features = network.forward_features(image(1, 3, 64, 64))
    assert {name: value.shape[-1] for name, value in features.items()} == {"1": 32, "3": 16, "6": 8, "13": 4, "18": 2}


def test_features_by_name(tiny: Network) -> None:
    x = image(2, 3, 32, 32)
    with torch.no_grad():
        features = tiny.forward_features(x, ["1.expand", "input", "4"])
        logits = tiny(x)
        assert tiny.forward_features(x, []) == {}
    assert list(features) == ["1.expand", "input", "4"]
    assert features["1.expand"].shape == (2, 16, 16, 16)
    assert torch.equal(features["input"], x)
    assert torch.equal(features["4"], logits)
    with pytest.raises(EdgewiseError, match=r"no value named 1\.expnd; did you mean 1\.expand"):
        tiny.forward_features(x, ["1.expnd"])


def test_the_image_is_never_written_to() -> None:
    x = image(2, 8, 8, 8)
    before = x.clone()
    Block(MaxPool(stride=1), (8, 8, 8))(x)
    for row in (ConvBNAct(out_channels=8), InvertedResidual(out_channels=8), BasicBlock(inner=8, out_channels=8)):
        Block(row, (8, 8, 8))(x)
        assert torch.equal(x, before)


def test_reset_classifier(tiny: Network) -> None:
    x = image(2, 3, 32, 32)
    before = {name: tensor.clone() for name, tensor in tiny.state_dict().items() if not name.startswith("4.classes")}
    original = tiny.architecture
    tiny.reset_classifier(3)
    assert tiny.architecture == original.with_classes(3)
    assert tiny.graph.nodes[-1].shape == (3,)
    with torch.no_grad():
        logits = tiny(x)
        features = tiny.forward_features(x, ["4"])["4"]
    assert logits.shape == (2, 3)
    assert torch.equal(features, logits)
    after = tiny.state_dict()
    assert after["4.classes.weight"].shape == (3, 12)
    assert list(after) == list(Network(original).state_dict())
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert float(after["4.classes.bias"].abs().max()) == 0
    # What is printed, saved and trained is the new layer.
    assert "Linear(in_features=12, out_features=3, bias=True)" in str(tiny)
    assert sum(parameter.numel() for parameter in tiny.parameters()) < sum(
        parameter.numel() for parameter in Network(original).parameters()
    )


def test_reset_classifier_keeps_the_precision(tiny: Network) -> None:
    tiny.to(torch.float64).reset_classifier(3)
    with torch.no_grad():
        assert tiny(image(1, 3, 32, 32).double()).dtype == torch.float64


def test_reset_classifier_of_a_network_without_one() -> None:
    headless = Network(Architecture(name="headless", rows=TINY.rows[:2], input=(3, 16, 16)))
    with pytest.raises(EdgewiseError, match="headless does not end in a classifier"):
        headless.reset_classifier(3)


def test_parameters_are_named_after_rows_and_values(tiny: Network) -> None:
    keys = list(tiny.state_dict())
    assert keys[:6] == [
        "0.conv.conv.weight",
        "0.conv.norm.weight",
        "0.conv.norm.bias",
        "0.conv.norm.running_mean",
        "0.conv.norm.running_var",
        "0.conv.norm.num_batches_tracked",
    ]
    assert "1.squeeze_excite.squeeze.bias" in keys
    assert keys[-4:] == ["4.hidden.weight", "4.hidden.bias", "4.classes.weight", "4.classes.bias"]
    for name, _ in tiny.named_parameters():
        node, _, _ = name.rpartition(".")
        assert tiny.graph.nodes[tiny.graph.index(node)].name == node


def test_a_copy_stands_alone(tiny: Network) -> None:
    x = image(2, 3, 32, 32)
    twin = copy.deepcopy(tiny)
    with torch.no_grad():
        expected = tiny(x)
        assert torch.equal(twin(x), expected)
        for parameter in twin.parameters():
            parameter.zero_()
        assert torch.equal(tiny(x), expected)
        assert float(twin(x).abs().max()) == 0
    twin.reset_classifier(2)
    assert tiny.architecture.classes == 10


def test_weights_move_between_networks(tiny: Network) -> None:
    other = Network(TINY, seed=1).eval()
    x = image(2, 3, 32, 32)
    with torch.no_grad():
        assert not torch.equal(other(x), tiny(x))
        other.load_state_dict(tiny.state_dict())
        assert torch.equal(other(x), tiny(x))


PRINTED = """\
  (1): InvertedResidual(out_channels=8, expanded=16, squeeze=8, activation='relu')(
    (expand): (
      (conv): Conv2d(8, 16, kernel_size=(1, 1), stride=(1, 1), bias=False)
"""


def test_printing_reads_like_the_papers_table(tiny: Network) -> None:
    text = str(tiny)
    assert text.startswith("Network(\n  (0): ConvBNAct(out_channels=8, stride=2)(\n")
    assert PRINTED in text
    assert "      (activation): ReLU(inplace=True)\n" in text
    block = str(Block(TINY.rows[1], (8, 16, 16)))
    assert block.startswith("Block(\n  InvertedResidual(out_channels=8, expanded=16, squeeze=8, activation='relu')\n")


@pytest.mark.parametrize("index", range(4))
def test_a_block_alone_is_the_row_in_the_network(tiny: Network, index: int) -> None:
    x = image(2, 3, 32, 32)
    names = ["input", *map(str, range(4))]
    with torch.no_grad():
        values = list(tiny.forward_features(x, names).values())
        source, expected = values[index], values[index + 1]
        block = Block(TINY.rows[index], (source.shape[1], source.shape[2], source.shape[3])).eval()
        block.load_state_dict(tiny.get_submodule(str(index)).state_dict())
        torch.testing.assert_close(block(source), expected)
        # Other sizes run too.
        assert block(torch.cat([source, source], 3)).shape[1] == expected.shape[1]


def test_a_block_that_does_not_fit_is_a_sentence() -> None:
    with pytest.raises(EdgewiseError, match="3 groups do not divide 8"):
        Block(ConvBNAct(out_channels=8, groups=3), (8, 4, 4))


@pytest.mark.parametrize("name", ONE_PER_FAMILY)
def test_compiled_it_gives_the_same_values(name: str) -> None:
    network = Network(small(name), seed=0).eval()
    x = image(2, 3, 32, 32)
    with torch.no_grad():
        expected = network(x)
        torch.compiler.reset()
        compiled = torch.compile(network, backend="eager", fullgraph=True)
        torch.testing.assert_close(compiled(x), expected)


def test_export_with_any_batch(tiny: Network) -> None:
    batch = torch.export.Dim("batch", min=1, max=64)
    exported = torch.export.export(tiny, (image(2, 3, 32, 32),), dynamic_shapes=({0: batch},)).module()
    x = image(5, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(exported(x), tiny(x))
