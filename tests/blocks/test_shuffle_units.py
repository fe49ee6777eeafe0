"""ShuffleNets' units: which groups meet, what passes, what is added or joined, and a shuffle as its permutation."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from one_block import convolved, image, made, reached, values
from torch.nn import functional as F  # noqa: N812

from edgewise.blocks import ShuffleDownUnitV2, ShuffleUnitV1, ShuffleUnitV2
from edgewise.nn import Network
from edgewise.papers import Architecture, find

UNIT = ShuffleUnitV1(out_channels=24, inner=12, groups=3, first_groups=3, last_groups=3)


@pytest.mark.parametrize("group", range(3))
def test_without_the_shuffle_groups_never_meet(group: int) -> None:
    own = list(range(8 * group, 8 * group + 8))
    shape = (24, 6, 6)
    assert reached(made(replace(UNIT, shuffle=False), shape), shape, own) == own
    assert len(reached(made(UNIT, shape), shape, own)) == 24


@torch.no_grad()
@pytest.mark.parametrize("stride", [1, 2])
def test_a_concatenated_unit_passes_its_input(stride: int) -> None:
    row = replace(UNIT, out_channels=33, stride=stride, concatenated=True)
    block = made(row, (24, 7, 6))
    x = image(2, 24, 7, 6)
    passed = F.avg_pool2d(x, 3, stride, 1) if stride == 2 else x
    y = convolved(block, "compress", x)
    (shuffled,) = values(block, x, "shuffle")
    assert torch.equal(shuffled, y.view(2, 3, 4, 7, 6).transpose(1, 2).reshape(2, 12, 7, 6))
    y = convolved(block, "expand", convolved(block, "depthwise", shuffled, False), False)
    torch.testing.assert_close(block(x), torch.cat([passed, y], 1).relu())


@torch.no_grad()
def test_an_added_unit_at_stride_one() -> None:
    block = made(UNIT, (24, 6, 6))
    x = image(2, 24, 6, 6)
    (branch,) = values(block, x, "expand")
    torch.testing.assert_close(block(x), (x + branch).relu())


@torch.no_grad()
def test_the_shuffle_of_v1_as_an_explicit_order() -> None:
    first = made(UNIT, (24, 6, 6))
    order = tuple(group * 4 + place for place in range(4) for group in range(3))
    second = made(replace(UNIT, order=order), (24, 6, 6))
    second.load_state_dict(first.state_dict())
    x = image(2, 24, 6, 6)
    assert torch.equal(first(x), second(x))


@torch.no_grad()
def test_the_gate_of_v1_weighs_the_branch_alone() -> None:
    block = made(replace(UNIT, squeeze=4), (24, 6, 6))
    x = image(1, 24, 6, 6)
    branch, gate = values(block, x, "expand", "squeeze_excite.gate")
    assert gate.shape == (1, 24, 1, 1)
    torch.testing.assert_close(block(x), (x + branch * gate).relu())


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
    x = image(2, 3, 32, 32)
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

    whole = made(original, (8, 6, 6))
    inputs = [channel for channel in range(8) if channel >= 4 or channel in survivors]
    part = made(pruned, (len(inputs), 6, 6))
    state = whole.state_dict()
    project = [channel - 4 for channel in survivors if channel >= 4]
    for name in state:
        if name.startswith("project") and state[name].dim():
            state[name] = state[name][project]
    part.load_state_dict(state)
    x = image(2, 8, 6, 6)
    with torch.no_grad():
        torch.testing.assert_close(part(x[:, inputs]), whole(x)[:, kept_results])


@torch.no_grad()
def test_a_residual_and_a_gate_inside_a_shuffle_unit() -> None:
    """The residual is around the branch, the gate is on the whole result, the shuffle comes last."""
    block = made(ShuffleUnitV2(out_channels=8, passed=4, inner=4, squeeze=4, residual=True), (8, 6, 6))
    x = image(1, 8, 6, 6)
    branch, gate = values(block, x, "project", "squeeze_excite.gate")
    joined = torch.cat([x[:, :4], branch + x[:, 4:]], 1) * gate
    torch.testing.assert_close(block(x), joined.view(1, 2, 4, 6, 6).transpose(1, 2).reshape(1, 8, 6, 6))


def test_half_of_a_shuffle_unit_passes() -> None:
    """An input channel of the first half changes one result, one of the second half many."""
    shape = (8, 6, 6)
    block = made(ShuffleUnitV2(out_channels=8, passed=4, inner=4), shape)
    assert reached(block, shape, [1]) == [2]
    assert reached(block, shape, [5]) == [1, 3, 5, 7]
    down = ShuffleDownUnitV2(out_channels=12, projected=4, inner=6)
    assert len(reached(made(down, shape), shape, [1])) > 8
