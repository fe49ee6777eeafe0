"""Units: every node in one, and a row has the same ones wherever it stands."""

from __future__ import annotations

import pytest

from edgewise.costs.units import reads_of, units, units_of_row
from edgewise.graph import ops
from edgewise.papers import find
from heads import QUICK

NAMES = ("mobilenet_v3_small", "shufflenet_v1_g3", "shufflenet_v2_0.5", "resnet18", "googlenet", "xception", "alexnet")


@pytest.mark.parametrize("name", NAMES)
def test_every_node_but_the_image_is_in_one_unit(name: str) -> None:
    graph = find(name).graph.deployed()
    found = sorted(index for unit in units(graph) for index in unit.nodes)
    assert found == list(range(1, len(graph.nodes)))


@pytest.mark.parametrize("name", [*NAMES, *QUICK])
def test_a_row_alone_has_the_units_it_has_in_its_network(name: str) -> None:
    architecture = find(name)
    parts = units(architecture.graph)
    for index, (row, reads) in enumerate(zip(architecture.rows, reads_of(architecture), strict=True)):
        assert [unit.key for unit in units_of_row(row, reads)] == [unit.key for unit in parts if unit.row == index]


def test_what_is_fused_belongs_to_the_convolution() -> None:
    found = {unit.name: unit for unit in units(find("mobilenet_v3_small").graph)}
    expand = found["8.expand.conv"]
    assert isinstance(expand.op, ops.Convolution)
    assert expand.activation == "hard_swish"
    assert len(expand.nodes) == 3  # with its batch norm
    assert "hard_swish" in expand.key
    # The gate is an activation of the squeezed vector; the multiplication reads two values and stands alone.
    assert any(isinstance(unit.op, ops.Multiply) for unit in found.values())


def test_the_same_work_has_the_same_key() -> None:
    keys = [unit.key for unit in units(find("mobilenet_v2").graph)]
    assert len(set(keys)) < len(keys)
    assert len({unit.key for unit in units(find("mobilenet_v2").with_input(96).graph)} & set(keys)) <= 3
