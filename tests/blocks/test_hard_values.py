"""The hard networks give the values of the public implementations with the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import timm
import torch
import torchvision
from inception_rows import AuxiliaryClassifier, googlenet, inception_v3
from residual_rows import ResidualShuffleUnit, xception

from edgewise.blocks import ConvBNAct, InvertedResidual, MaxPool, ShuffleUnitV2
from edgewise.nn import Block, Network
from edgewise.papers import Architecture, find

SameWeights = Callable[[torch.nn.Module, torch.nn.Module], None]


def assert_same(network: torch.nn.Module, reference: torch.nn.Module, size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours, theirs = network(x), reference(x)
    assert theirs.std() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * float(theirs.abs().max()))


def test_inception_v3_is_torchvisions(same_weights: SameWeights) -> None:
    reference = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False)
    network = Network(inception_v3(96))
    same_weights(network, reference)
    assert_same(network, reference, (96, 96))


def test_googlenet_is_torchvisions(same_weights: SameWeights) -> None:
    reference = torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False)
    network = Network(googlenet(auxiliary=False).with_input(97, smallest_map=1))
    same_weights(network, reference)
    assert_same(network, reference, (97, 97))


def test_googlenets_auxiliary_classifiers_have_torchvisions_weights() -> None:
    reference = torchvision.models.googlenet(weights=None, aux_logits=True, init_weights=False)
    rows = googlenet(auxiliary=True).rows
    network = Network(googlenet(auxiliary=True))
    for name, index in (("aux1", 9), ("aux2", 13)):
        assert isinstance(rows[index], AuxiliaryClassifier)
        ours = [tensor.shape for tensor in network.get_submodule(str(index)).state_dict().values()]
        assert ours == [tensor.shape for tensor in reference.get_submodule(name).state_dict().values()]


def test_xception_is_timms(same_weights: SameWeights) -> None:
    reference = timm.create_model("legacy_xception", pretrained=False)
    network = Network(xception(71))
    same_weights(network, reference)
    assert_same(network, reference, (71, 71))


@pytest.mark.parametrize("size", [(64, 64), (75, 98)])
def test_tensorflows_same_padding_is_timms(size: tuple[int, int], same_weights: SameWeights) -> None:
    reference = timm.create_model("tf_mobilenetv3_small_100", pretrained=False)
    original = find("mobilenet_v3_small").with_input(*size, smallest_map=1)
    rows = [
        replace(row, padding="tf_same") if isinstance(row, ConvBNAct | InvertedResidual) else row
        for row in original.rows
    ]
    network = Network(replace(original, rows=tuple(rows)))
    same_weights(network, reference)
    assert_same(network, reference, size)


@pytest.mark.parametrize("size", [(64, 64), (75, 98)])
def test_tensorflows_padding_of_pools(size: tuple[int, int]) -> None:
    row = MaxPool(padding="tf_same")
    x = torch.randn(1, 4, *size)
    block = Block(row, (4, *size))
    bottom, right = (1 if side % 2 == 0 else 2 for side in size)
    top, left = (0 if side % 2 == 0 else 1 for side in size)
    padded = torch.nn.functional.pad(x, (left, right - left, top, bottom - top), value=float("-inf"))
    assert torch.equal(block(x), torch.nn.functional.max_pool2d(padded, 3, 2))


def test_a_shuffle_written_as_its_permutation_changes_nothing() -> None:
    original = find("shufflenet_v2_0.5").with_input(32)
    rows = []
    for row in original.rows:
        if isinstance(row, ShuffleUnitV2):
            half = row.out_channels // 2
            row = replace(row, order=tuple(channel // 2 + channel % 2 * half for channel in range(row.out_channels)))
        rows.append(row)
    explicit = replace(original, rows=tuple(rows))
    assert Architecture.from_json(explicit.to_json()) == explicit
    assert explicit.digest != original.digest
    first, second = Network(original, seed=0).eval(), Network(explicit, seed=0).eval()
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(first(x), second(x))


def test_surgery_on_a_shuffle_unit_leaves_an_irregular_permutation() -> None:
    """Channels 1 and 6 of a unit's eight results are removed: the rows say so without the unit being another one."""
    original = ShuffleUnitV2(out_channels=8, passed=4, inner=4)
    kept_results = [0, 2, 3, 4, 5, 7]  # after the shuffle
    shuffled = [0, 4, 1, 5, 2, 6, 3, 7]  # where each result stands before it
    before = [shuffled[channel] for channel in kept_results]
    survivors = sorted(before)
    order = tuple(survivors.index(channel) for channel in before)
    passed = sum(channel < 4 for channel in survivors)
    # The unit's input loses what was passed on only to be removed (channel 3), so three channels pass.
    pruned = ShuffleUnitV2(out_channels=6, passed=passed, inner=4, order=order)

    whole = Block(original, (8, 6, 6)).eval()
    inputs = [channel for channel in range(8) if channel >= 4 or channel in survivors]
    part = Block(pruned, (len(inputs), 6, 6)).eval()
    state = whole.state_dict()
    project = [channel - 4 for channel in survivors if channel >= 4]
    for name in state:
        if name.startswith("project") and state[name].dim():
            state[name] = state[name][project]
    part.load_state_dict(state)
    x = torch.randn(2, 8, 6, 6)
    with torch.no_grad():
        torch.testing.assert_close(part(x[:, inputs]), whole(x)[:, kept_results])


def test_a_residual_inside_a_shuffle_unit() -> None:
    row = ResidualShuffleUnit(out_channels=8, passed=4, inner=4, squeeze=4)
    block = Block(row, (8, 6, 6)).eval()
    x = torch.randn(1, 8, 6, 6)
    with torch.no_grad():
        # With a branch that gives nothing and a gate that is one half, the unit shuffles half of its input.
        for parameter in block.get_submodule("project.norm").parameters():
            parameter.zero_()
        for parameter in block.get_submodule("squeeze_excite.excite").parameters():
            parameter.zero_()
        expected = (x / 2).view(1, 2, 4, 6, 6).transpose(1, 2).reshape(1, 8, 6, 6)
        torch.testing.assert_close(block(x), expected)
