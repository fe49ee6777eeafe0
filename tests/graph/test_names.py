"""Values have names: a node's own, that of the step it ends, that of its row."""

from __future__ import annotations

import pytest

from edgewise.blocks import ConvBNAct, InvertedResidual
from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.errors import EdgewiseError
from edgewise.graph import Graph, Trace, Value
from edgewise.graph import functional as f
from edgewise.graph.ops import BatchNorm
from edgewise.papers import Architecture, find


def start(shape: tuple[int, ...] = (3, 8, 8)) -> Value:
    trace = Trace(shape, BatchNorm())
    trace.enter(0)
    return Value(trace, 0, shape)


def finished(x: Value) -> Graph:
    x.trace.leave(x)
    x.trace.outputs["output"] = x.index
    return x.trace.graph_so_far()


def test_a_block_names_its_values() -> None:
    rows = (
        ConvBNAct(out_channels=8),
        InvertedResidual(out_channels=8, expanded=16, squeeze=4),
    )
    graph = Architecture(name="two", rows=rows, input=(3, 8, 8)).graph
    assert [node.name for node in graph.nodes] == [
        "input",
        "0.conv.conv",
        "0.conv.norm",
        "0.conv.activation",
        "1.expand.conv",
        "1.expand.norm",
        "1.expand.activation",
        "1.depthwise.conv",
        "1.depthwise.norm",
        "1.depthwise.activation",
        "1.squeeze_excite.pool",
        "1.squeeze_excite.squeeze",
        "1.squeeze_excite.activation",
        "1.squeeze_excite.excite",
        "1.squeeze_excite.gate",
        "1.multiply",
        "1.project.conv",
        "1.project.norm",
        "1.add",
    ]
    for name, node in {
        "0": "0.conv.activation",
        "1.expand": "1.expand.activation",
        "1.depthwise": "1.depthwise.activation",
        "1.squeeze_excite": "1.multiply",
        "1.project": "1.project.norm",
        "1": "1.add",
        "input": "input",
    }.items():
        assert graph.nodes[graph.index(name)].name == node
    assert [node.row for node in graph.nodes] == [-1, 0, 0, 0] + [1] * 15


def test_an_unknown_name_is_a_sentence_with_the_nearest() -> None:
    graph = find("mobilenet_v2").graph
    with pytest.raises(EdgewiseError, match=r"no value named 13\.expnd; did you mean 13\.expand"):
        graph.index("13.expnd")


def test_every_node_has_its_own_name() -> None:
    for name in ("mobilenet_v3_large", "shufflenet_v2", "resnet50"):
        graph = find(name).graph
        assert len({node.name for node in graph.nodes}) == len(graph.nodes)
        assert all(graph.names[node.name] == index for index, node in enumerate(graph.nodes))


def test_repeated_ops_are_numbered() -> None:
    x = start()
    graph = finished(f.activate(f.activate(f.activate(x, "relu"), "relu"), "relu"))
    assert [node.name for node in graph.nodes[1:]] == ["0.activation", "0.activation_2", "0.activation_3"]


def test_two_steps_of_one_name_are_a_mistake() -> None:
    x = start()
    y = conv_bn_act(x, 8, activation="relu", name="branch")
    with pytest.raises(EdgewiseError, match="two steps of the row are called branch"):
        conv_bn(y, 8, name="branch")


def test_an_op_and_a_step_of_one_name_are_a_mistake() -> None:
    x = f.conv(start(), 8, name="branch")
    with pytest.raises(EdgewiseError, match="an op and a step of the row are both called branch"):
        conv_bn(x, 8, name="branch")


def test_a_value_of_an_earlier_row() -> None:
    x = start()
    y = conv_bn_act(x, 8, activation="relu", name="conv")
    x.trace.leave(y)
    x.trace.enter(1)
    taken = y.elsewhere("0.conv")
    assert (taken.index, taken.shape) == (y.index, (8, 8, 8))
    assert y.elsewhere("input").index == 0
    with pytest.raises(EdgewiseError, match=r"no value named 0\.cony; did you mean 0\.conv"):
        y.elsewhere("0.cony")


def test_outputs_have_names_of_their_own() -> None:
    x = start()
    x.emit("boxes")
    with pytest.raises(EdgewiseError, match="already has an output called boxes"):
        x.emit("boxes")
    with pytest.raises(EdgewiseError, match="already has an output called output"):
        x.emit("output")
    graph = finished(f.activate(x, "relu"))
    assert graph.outputs == {"boxes": 0, "output": 1}


def test_consumers() -> None:
    x = start()
    y = f.activate(x, "relu")
    graph = finished(y + f.activate(y, "tanh"))
    assert graph.consumers == ((1,), (2, 3), (3,), ())


def test_nodes_come_after_what_they_read() -> None:
    for name in ("mobilenet_v3_large", "shufflenet_v2", "resnet50"):
        for index, node in enumerate(find(name).graph.nodes):
            assert all(source < index for source in node.inputs)
