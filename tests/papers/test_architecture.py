"""An architecture as data: JSON, digest, classes, input sizes, and what is said when it does not fit."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from edgewise.blocks import ROWS, Bottleneck, Classifier, ConvBNAct, MaxPool, Row, ShuffleUnitV2
from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.graph import Value
from edgewise.graph.ops import BatchNorm
from edgewise.papers import Architecture, find, names

TINY = Architecture(
    name="tiny",
    rows=(ConvBNAct(out_channels=8, stride=2), ConvBNAct(out_channels=16, stride=2), Classifier(classes=10)),
    input=(3, 16, 16),
)

# A digest that changes makes every saved file another network: change these only with the format.
DIGESTS = {
    "mobilenet_v2": "707793a898c2ac7354fc297898e588ff38e356686b2c90ff1e76d68da280dceb",
    "mobilenet_v3_large": "779aeb98396d0364f8ea402868d6de13730c467a88b2fc6f895c5f4aed4a93aa",
    "shufflenet_v2": "2c895dc11d51266b4cb90a2f2b3ecb3a3a8f64e7e57acc478c0c7836135e132b",
    "resnet18": "be662e3cfa5dd1cea6e48a8cd58ca9957c9516dfa2a46a47b687b2e8e70cb969",
}


def test_everything_an_architecture_holds_survives_json() -> None:
    original = replace(
        TINY,
        family="own",
        input=(3, 20, 30),
        norm=BatchNorm(eps=0.002),
        widths=replace(TINY.widths, divisor=4, head="grow"),
        lowered=(0,),
        rows=(
            ConvBNAct(out_channels=8, padding=(0, 1, 0, 1), activation=None),
            ConvBNAct(out_channels=8, padding="tf_same"),
            ShuffleUnitV2(out_channels=8, passed=4, inner=4, order=(7, 6, 5, 4, 3, 2, 1, 0)),
            Classifier(classes=3, dropout=0.25),
        ),
    )
    text = original.to_json()
    assert Architecture.from_json(text) == original
    assert json.loads(text)["format"] == 1
    assert isinstance(json.loads(text)["rows"][0]["padding"], list)


def test_json_leaves_out_what_is_at_its_default() -> None:
    rows = json.loads(TINY.to_json())["rows"]
    assert rows[0] == {"row": "ConvBNAct", "out_channels": 8, "stride": 2}


@pytest.mark.parametrize("name", DIGESTS)
def test_digests_stay(name: str) -> None:
    assert find(name).digest == DIGESTS[name]


def test_digest_is_of_what_the_network_computes() -> None:
    digest = TINY.digest
    assert replace(TINY, name="other", family="own", widths=replace(TINY.widths, divisor=4)).digest == digest
    others = [
        TINY.with_classes(11),
        replace(TINY, input=(3, 18, 16)),
        replace(TINY, norm=BatchNorm(eps=0.1)),
        replace(TINY, rows=(TINY.rows[0], replace(TINY.rows[1], activation="relu6"), TINY.rows[2])),  # type: ignore[call-arg]
    ]
    assert len({digest, *(other.digest for other in others)}) == 1 + len(others)
    distinct = {find(name).digest for name in names()}
    # Two names for one network: at width 0.5 the authors' unit and torchvision's halves are the same.
    assert len(names()) - len(distinct) == 1


def test_digest_does_not_depend_on_the_order_of_fields() -> None:
    data = TINY.to_dict()
    turned = {key: data[key] for key in reversed(data)}
    assert Architecture.from_dict(turned).digest == TINY.digest


def test_with_classes() -> None:
    smaller = find("mobilenet_v3_small").with_classes(7)
    assert smaller.classes == 7
    assert smaller.graph.nodes[-1].shape == (7,)
    assert smaller.rows[:-1] == find("mobilenet_v3_small").rows[:-1]
    with pytest.raises(EdgewiseError, match="at least one class, not 0"):
        TINY.with_classes(0)


def test_classes_of_a_network_without_classifier() -> None:
    headless = replace(TINY, rows=TINY.rows[:-1])
    with pytest.raises(EdgewiseError, match="tiny does not end in a classifier but in ConvBNAct"):
        _ = headless.classes
    with pytest.raises(EdgewiseError, match="does not end in a classifier"):
        headless.with_classes(3)
    with pytest.raises(EdgewiseError, match="does not end in a classifier"):
        _ = replace(TINY, rows=()).classes


def last_map(architecture: Architecture) -> tuple[int, ...]:
    shapes = [node.shape for node in architecture.graph.nodes if node.row == len(architecture.rows) - 2]
    return shapes[-1][1:]


@pytest.mark.parametrize("size", [4, 8, 17, 28, 32, 33, 48, 64, 96, 100, 127, 128, 160, 224, 299])
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2"])
def test_the_last_map_keeps_four_cells_and_no_stride_goes_down_in_vain(name: str, size: int) -> None:
    original = find(name)
    fitted = original.with_input(size)
    assert fitted.input == (3, size, size)
    assert min(last_map(fitted)) >= 4
    strided = [index for index, row in enumerate(original.rows) if getattr(row, "stride", 1) == 2]
    assert list(fitted.lowered) == strided[: len(fitted.lowered)]
    if fitted.lowered:
        last = fitted.lowered[-1]
        rows = [replace(row, stride=2) if index == last else row for index, row in enumerate(fitted.rows)]  # type: ignore[call-arg]
        assert min(last_map(replace(fitted, rows=tuple(rows)))) < 4
    else:
        assert fitted.rows == original.rows


@pytest.mark.parametrize("name", names())
def test_strides_come_back_for_a_larger_image(name: str) -> None:
    original = find(name)
    small = original.with_input(48)
    assert small.lowered
    assert small.with_input(128).with_input(*original.input[1:]) == original
    assert count(small).parameters <= count(original).parameters
    assert Architecture.from_json(small.to_json()) == small


def test_lowering_turns_the_pool_of_a_stem_off() -> None:
    fitted = find("resnet18").with_input(32)
    pool = fitted.rows[1]
    assert isinstance(pool, MaxPool)
    assert (fitted.lowered, pool.stride) == ((0, 1), 1)
    assert not [node for node in fitted.graph.nodes if node.row == 1]
    assert last_map(fitted) == (4, 4)


def test_smallest_map_one_keeps_the_papers_strides() -> None:
    fitted = find("mobilenet_v2").with_input(96, smallest_map=1)
    assert fitted.lowered == ()
    assert last_map(fitted) == (3, 3)


def test_images_that_are_not_square() -> None:
    fitted = find("mobilenet_v2").with_input(64, 256)
    assert fitted.input == (3, 64, 256)
    assert last_map(fitted) == (4, 16)
    assert fitted.lowered == (0,)


def test_classes_and_widths_of_a_lowered_network_keep_what_was_lowered() -> None:
    small = find("mobilenet_v2").with_input(32)
    assert small.with_classes(10).with_input(224).with_classes(1000) == find("mobilenet_v2")
    assert small.scaled(0.5).lowered == small.lowered
    assert small.scaled(0.5).with_input(224).rows == find("mobilenet_v2_0.5").rows


@pytest.mark.parametrize("size", [1, 2, 3])
def test_images_that_are_too_small(size: int) -> None:
    with pytest.raises(EdgewiseError, match=rf"images of {size}×{size} pixels are too small for mobilenet_v2; resize"):
        find("mobilenet_v2").with_input(size)


@pytest.mark.parametrize("size", [(0, None), (-5, None), (32, 0)])
def test_images_without_pixels(size: tuple[int, int | None]) -> None:
    with pytest.raises(EdgewiseError, match="at least 1×1 pixels"):
        find("mobilenet_v2").with_input(*size)


def test_a_network_that_never_fitted_is_not_blamed_on_the_image() -> None:
    broken = replace(TINY, rows=(ConvBNAct(out_channels=10, groups=3), *TINY.rows[1:]))
    with pytest.raises(EdgewiseError, match=r"row 0 of tiny, ConvBNAct: 3 groups do not divide 3 input and 10 output"):
        broken.with_input(32)


def test_rows_that_do_not_fit_are_named() -> None:
    broken = replace(TINY, rows=(*TINY.rows[:1], ShuffleUnitV2(out_channels=9, passed=4, inner=4), *TINY.rows[1:]))
    with pytest.raises(EdgewiseError, match=r"row 1 of tiny, ShuffleUnitV2: 9 channels cannot be shuffled in 2 groups"):
        _ = broken.graph


def _edit(**changes: Any) -> str:
    return json.dumps({**TINY.to_dict(), **changes})


def _edit_row(**changes: Any) -> str:
    data = TINY.to_dict()
    rows = [{**data["rows"][0], **changes}, *data["rows"][1:]]
    return json.dumps({**data, "rows": rows})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not JSON"),
        ("no json", "is not JSON"),
        (TINY.to_json()[:-20], "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[1, 2]", "is a JSON object"),
        ("null", "is a JSON object"),
        ("{}", "no field 'format'"),
        (_edit(format="1"), "no field 'format'"),
        (_edit(format=0), "no field 'format'"),
        (_edit(format=2), r"format 2 and this edgewise reads up to 1; upgrade"),
        (_edit(rows=[]), "has no rows"),
        (_edit(rows={}), "rows"),
        (_edit(rows="ConvBNAct"), "rows"),
        (_edit(rows=[5]), "row 0 of the architecture does not say what row it is"),
        (_edit(rows=[{"out_channels": 8}]), "row 0 of the architecture does not say what row it is"),
        (_edit(rows=[{"row": "Transformer"}]), "row 0 of the architecture is a Transformer, which"),
        (_edit(input=[3, 32]), "input"),
        (_edit(input=[3, "wide", 32]), "input"),
        (_edit(name=5), "name"),
        (_edit(norm={"eps": "small"}), "norm.eps is wrong"),
        (_edit(lowered=5), "lowered"),
        (_edit(surprise=1), "has a field 'surprise' that this edgewise does not know; upgrade"),
        (_edit_row(surprise=1), "row 0 of the architecture, ConvBNAct has a field 'surprise'"),
        (_edit_row(out_channels="wide"), "row 0 of the architecture, ConvBNAct: out_channels is wrong: .*integer"),
        (_edit_row(out_channels=8.5), "row 0 of the architecture, ConvBNAct: out_channels is wrong"),
        (_edit_row(out_channels=None), "row 0 of the architecture, ConvBNAct: out_channels is wrong"),
        (_edit_row(activation="gelu"), "row 0 of the architecture, ConvBNAct: activation is wrong"),
        (_edit_row(padding="reflect"), "row 0 of the architecture, ConvBNAct: padding"),
        (
            json.dumps({**TINY.to_dict(), "rows": [{"row": "ConvBNAct"}]}),
            "row 0 of the architecture, ConvBNAct: out_channels is wrong",
        ),
        (json.dumps({key: item for key, item in TINY.to_dict().items() if key != "name"}), "name is wrong"),
    ],
)
def test_bad_json_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(EdgewiseError, match=sentence) as raised:
        Architecture.from_json(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"stride": 0},
        {"stride": -1},
        {"kernel": 0},
        {"kernel": 99, "padding": "valid"},
        {"dilation": 0},
        {"out_channels": 0},
        {"out_channels": -8},
        {"groups": 0},
        {"groups": -1},
    ],
    ids=str,
)
def test_impossible_numbers_are_a_sentence_that_names_the_row(changes: dict[str, object]) -> None:
    architecture = Architecture.from_json(_edit_row(**changes))
    with pytest.raises(EdgewiseError, match="row 0 of tiny, ConvBNAct: "):
        _ = architecture.graph


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRow(Row):
    times: int = 2

    def apply(self, x: Value) -> Value:
        for _ in range(self.times):
            x = x + x
        return x


def test_rows_of_ones_own() -> None:
    architecture = replace(TINY, rows=(OwnRow(times=3), *TINY.rows))
    text = architecture.to_json()
    with pytest.raises(EdgewiseError, match=r"is a OwnRow.*pass the row's class"):
        Architecture.from_json(text)
    assert Architecture.from_json(text, rows=(*ROWS, OwnRow)) == architecture


def test_a_row_prints_what_is_not_at_its_default() -> None:
    assert str(Bottleneck(inner=64, out_channels=256, stride=2)) == "Bottleneck(inner=64, out_channels=256, stride=2)"
    assert str(OwnRow()) == "OwnRow()"


def test_find_says_the_nearest_name() -> None:
    with pytest.raises(EdgewiseError, match=r"no model is called 'mobilnet_v2'; did you mean mobilenet_v2\?"):
        find("mobilnet_v2")
    with pytest.raises(EdgewiseError, match=r"no model is called 'zzz'; `edgewise models` lists"):
        find("zzz")


def test_names_are_those_of_the_architectures() -> None:
    assert len(set(names())) == len(names())
    assert all(find(name).name == name for name in names())


@pytest.mark.parametrize("name", names())
def test_shapes_are_those_of_the_graph(name: str) -> None:
    """They are looked up row by row, without the graph."""
    architecture = find(name)
    graph = architecture.graph
    values = [graph.nodes[graph.index(str(index))].shape for index in range(len(architecture.rows))]
    assert list(architecture.shapes) == values


def test_shapes_name_the_row_that_does_not_fit() -> None:
    wrong = replace(TINY, rows=(TINY.rows[0], ConvBNAct(out_channels=16, groups=3), TINY.rows[-1]))
    with pytest.raises(EdgewiseError, match="row 1 of tiny, ConvBNAct: "):
        _ = wrong.shapes
