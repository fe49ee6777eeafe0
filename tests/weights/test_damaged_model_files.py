"""Files that are cut short, damaged, newer, or of something else: one sentence each, naming the file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from header import Saved, edit_card, header_length, read_header, write_header
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.weights import ModelCard, load_model, read_card

Tensors = dict[str, torch.Tensor]

PROPERTY = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def refused(path: Path, *, card_is_sound: bool = False) -> str:
    """The sentence, the same whether the card alone is read or all."""
    with pytest.raises(EdgewiseError) as caught:
        load_model(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    if card_is_sound:
        assert isinstance(read_card(path), ModelCard)
    else:
        with pytest.raises(EdgewiseError) as caught:
            read_card(path)
        assert str(caught.value) == message
    return message


def with_tensors(path: Path, change: Callable[[Tensors], object]) -> None:
    """Lets `change` work on the tensors; the card stays."""
    metadata = read_header(path)["__metadata__"]
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata=metadata)


@pytest.mark.parametrize("keep", [1, 4, 7])
def test_cut_inside_the_length(keep: int, saved: Saved) -> None:
    saved.path.write_bytes(saved.path.read_bytes()[:keep])
    assert "does not begin with a safetensors header" in refused(saved.path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_cut_inside_the_header(share: float, saved: Saved) -> None:
    content = saved.path.read_bytes()
    saved.path.write_bytes(content[: 8 + int(header_length(content) * share)])
    assert "cut short: its header is not complete" in refused(saved.path)


@pytest.mark.parametrize("missing", [1, 4, 1000])
def test_cut_inside_the_tensors(missing: int, saved: Saved) -> None:
    saved.path.write_bytes(saved.path.read_bytes()[:-missing])
    assert f"cut short by {missing} bytes" in refused(saved.path)


def test_cut_behind_the_header(saved: Saved) -> None:
    content = saved.path.read_bytes()
    end = 8 + header_length(content)
    saved.path.write_bytes(content[:end])
    assert f"cut short by {len(content) - end} bytes" in refused(saved.path)


def test_bytes_behind_the_tensors(saved: Saved) -> None:
    saved.path.write_bytes(saved.path.read_bytes() + b"more")
    assert "cannot be read" in refused(saved.path, card_is_sound=True)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.safetensors"
    path.touch()
    assert "no model file" in refused(path)


@pytest.mark.parametrize("size", [8, 9, 100, 10_000])
def test_random_bytes(size: int, tmp_path: Path) -> None:
    path = tmp_path / "noise.safetensors"
    path.write_bytes(np.random.default_rng(size).bytes(size))
    assert "no model file" in refused(path)


def test_zeros(tmp_path: Path) -> None:
    path = tmp_path / "zeros.safetensors"
    path.write_bytes(bytes(10_000))
    assert "no model file" in refused(path)


def test_a_checkpoint_of_torch(saved: Saved) -> None:
    torch.save(saved.network.state_dict(), saved.path)
    assert "no model file" in refused(saved.path)


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path)


def test_no_file(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "absent.safetensors")
    assert "File name too long" in refused(tmp_path / ("n" * 300))


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="this user may read every file")
def test_a_file_that_may_not_be_read(saved: Saved) -> None:
    saved.path.chmod(0)
    assert "Permission denied" in refused(saved.path)


def test_a_file_whose_reading_fails(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "Permission denied" in refused(saved.path)


def test_tensors_that_say_nothing_of_a_network(saved: Saved) -> None:
    tensors = load_file(saved.path)
    for metadata in (None, {"format": "pt"}):
        save_file(tensors, saved.path, metadata=metadata)
        assert "does not say of which network" in refused(saved.path)


@pytest.mark.parametrize("metadata", [None, [], ["edgewise"], "edgewise", 5])
def test_metadata_that_is_none(metadata: object, saved: Saved) -> None:
    write_header(saved.path, read_header(saved.path) | {"__metadata__": metadata})
    assert "does not say of which network" in refused(saved.path)


@pytest.mark.parametrize("header", [b"{", b"[]", b'"text"', b"nothing", b"\xff\xfe{}", b"[" * 100_000])
def test_a_header_that_is_none(header: bytes, saved: Saved) -> None:
    write_header(saved.path, header)
    assert "no model file" in refused(saved.path)


@pytest.mark.parametrize("offsets", [4, [0], [0, "9"], [0, 1e999], "09"])
def test_offsets_that_are_none(offsets: object, saved: Saved) -> None:
    metadata = read_header(saved.path)["__metadata__"]
    write_header(saved.path, {"__metadata__": metadata, "0.conv.conv.weight": {"data_offsets": offsets}})
    assert "not a safetensors header" in refused(saved.path)


@pytest.mark.parametrize("entry", [None, 5, [], {}])
def test_an_entry_that_is_none(entry: object, saved: Saved) -> None:
    metadata = read_header(saved.path)["__metadata__"]
    write_header(saved.path, {"__metadata__": metadata, "0.conv.conv.weight": entry})
    assert "not a safetensors header" in refused(saved.path)


def test_a_newer_format(saved: Saved) -> None:
    edit_card(saved.path, lambda card: card.update(format=2))
    assert "has format 2 and this edgewise reads up to 1; upgrade edgewise" in refused(saved.path)


def test_an_architecture_of_a_newer_format(saved: Saved) -> None:
    edit_card(saved.path, lambda card: card["architecture"].update(format=9))
    assert "the architecture has format 9" in refused(saved.path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda card: card.pop("format"), "damaged header (KeyError: 'format')"),
        (lambda card: card.pop("architecture"), "damaged header (KeyError: 'architecture')"),
        (lambda card: card.pop("classes"), "damaged header (KeyError: 'classes')"),
        (lambda card: card.pop("provenance"), "damaged header (KeyError: 'provenance')"),
        (lambda card: card.update(format="1"), "damaged header (TypeError"),
        (lambda card: card.update(classes="abc"), "damaged header (TypeError: classes is a str"),
        (lambda card: card.update(classes=[1, 2, 3]), "damaged header (TypeError: a value in classes is a int"),
        (lambda card: card.update(classes=["a", "b"]), "2 class names were given for small, which tells 3"),
        (lambda card: card.update(multi_label="yes"), "damaged header (TypeError: multi_label is a str"),
        (lambda card: card.update(metrics=[1]), "damaged header (TypeError: metrics is a list"),
        (lambda card: card.update(metrics={"a": "b"}), "damaged header (TypeError: a value in metrics is a str"),
        (lambda card: card.update(provenance=5), "damaged header (TypeError: provenance is a int"),
        (lambda card: card["provenance"].update(seed=[1]), "damaged header (TypeError: a value in provenance"),
        (lambda card: card["provenance"].update(colour="red"), "damaged header (TypeError"),
        (lambda card: card.update(preprocessing={}), "the preprocessing cannot be read"),
        (lambda card: card["preprocessing"].update(height=1e999), "damaged header (OverflowError"),
        (lambda card: card["preprocessing"].update(std=[0, 0, 0]), "cannot normalise"),
        (lambda card: card.update(architecture=[]), "an architecture is a JSON object"),
        (lambda card: card["architecture"].update(rows=[]), "the architecture has no rows"),
        (lambda card: card["architecture"]["rows"][0].update(row="Magic"), "row 0 of the architecture is a Magic"),
        (lambda card: card["architecture"]["rows"][0].update(out_channels="many"), "out_channels is wrong"),
        (lambda card: card["architecture"]["rows"].pop(), "does not end in a classifier"),
    ],
)  # fmt: skip
def test_a_damaged_card(change: Callable[[dict[str, Any]], object], sentence: str, saved: Saved) -> None:
    edit_card(saved.path, change)
    assert sentence in refused(saved.path)


@pytest.mark.parametrize("card", ["", "5", "null", "[]", "{}", '{"format": ', "[" * 100_000])
def test_a_card_that_is_none(card: str, saved: Saved) -> None:
    write_header(saved.path, read_header(saved.path) | {"__metadata__": {"edgewise": card}})
    assert "damaged header" in refused(saved.path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda rows: rows[0].update(out_channels=9), "0.conv.conv.weight should be [9, 3, 3, 3] and is [8, 3, 3, 3]"),
        (lambda rows: rows[1].update(kernel=5), "1.depthwise.conv.weight should be [16, 1, 5, 5]"),
        (lambda rows: rows[1].update(squeeze=0), "should be absent and is"),
        (lambda rows: rows.insert(1, rows[1]), "2.expand.conv.weight should be [16, 8, 1, 1] and is absent"),
        (lambda rows: rows[2].update(hidden=2**40), "2.hidden.weight should be [1099511627776, 8]"),
        (lambda rows: rows[0].update(groups=2), "row 0 of small, ConvBNAct: 2 groups do not divide 3"),
        (lambda rows: rows[0].update(stride=0), "row 0 of small, ConvBNAct: kernel, stride"),
        (lambda rows: rows[2].update(dropout=9.2), "damaged header (dropout probability"),
    ],
    ids=["width", "kernel", "squeeze", "a row more", "more than fits in memory", "groups", "stride", "dropout"],
)
def test_the_card_of_another_architecture(change: Callable[[list[Any]], object], sentence: str, saved: Saved) -> None:
    edit_card(saved.path, lambda card: change(card["architecture"]["rows"]))
    assert sentence in refused(saved.path, card_is_sound=True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda tensors: tensors.pop("1.expand.norm.bias"), "1.expand.norm.bias should be [16] and is absent"),
        (lambda tensors: tensors.update(more=torch.zeros(2)), "more should be absent and is [2]"),
        (
            lambda tensors: tensors.update({"2.fc.weight": tensors.pop("2.classes.weight")}),
            "2.classes.weight should be [3, 16] and is absent",
        ),
        (
            lambda tensors: tensors.update({"2.classes.weight": tensors["2.classes.weight"].T.contiguous()}),
            "2.classes.weight should be [3, 16] and is [16, 3]",
        ),
        (
            lambda tensors: tensors.update({"0.conv.conv.weight": tensors["0.conv.conv.weight"].int()}),
            "0.conv.conv.weight should be floating point and is int32",
        ),
        (
            lambda tensors: tensors.update({"0.conv.norm.num_batches_tracked": torch.tensor(3)}),
            "0.conv.norm.num_batches_tracked should be",
        ),
        (lambda tensors: tensors.clear(), "0.conv.conv.weight should be [8, 3, 3, 3] and is absent"),
    ],
    ids=["missing", "more", "renamed", "reshaped", "integers", "counter", "none"],
)
def test_the_tensors_of_another_architecture(change: Callable[[Tensors], object], sentence: str, saved: Saved) -> None:
    with_tensors(saved.path, change)
    message = refused(saved.path, card_is_sound=True)
    assert "holds the tensors of another architecture than its header says" in message
    assert sentence in message


def tried(read: Callable[[Path], Any], path: Path) -> Any:
    """What `read` gives, or the message of its `EdgewiseError`; any other error fails the test."""
    try:
        return read(path)
    except EdgewiseError as error:
        return str(error)


def read_or_refuse(path: Path) -> None:
    card, loaded = tried(read_card, path), tried(load_model, path)
    if isinstance(loaded, str):
        assert path.name in loaded
        assert isinstance(card, ModelCard) or card == loaded
    else:
        network, again = loaded
        assert isinstance(network, Network)
        assert repr(again) == repr(card)  # a metric may be no number, which equals nothing


@PROPERTY
@given(share=st.floats(0, 1, exclude_max=True))
def test_any_truncation(saved: Saved, share: float) -> None:
    path = saved.path.with_name("cut.safetensors")
    content = saved.path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(path)


@PROPERTY
@given(data=st.data())
def test_any_bytes_of_the_header_replaced(saved: Saved, data: st.DataObject) -> None:
    path = saved.path.with_name("damaged.safetensors")
    content = bytearray(saved.path.read_bytes())
    places = st.integers(0, 8 + header_length(content) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=4)):
        content[place] = byte
    path.write_bytes(content)
    read_or_refuse(path)


@PROPERTY
@given(data=st.data())
def test_any_digit_of_the_card_replaced(saved: Saved, data: st.DataObject) -> None:
    """Damage that leaves JSON: widths, strides, sizes and offsets become others."""
    path = saved.path.with_name("damaged.safetensors")
    content = bytearray(saved.path.read_bytes())
    digits = [place for place in range(8, 8 + header_length(content)) if chr(content[place]) in "0123456789"]
    for place, digit in data.draw(
        st.lists(st.tuples(st.sampled_from(digits), st.sampled_from("0123456789-.eE")), min_size=1, max_size=3)
    ):
        content[place] = ord(digit)
    path.write_bytes(content)
    read_or_refuse(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@PROPERTY
@given(data=st.data())
def test_any_value_of_the_card_replaced(saved: Saved, data: st.DataObject) -> None:
    """One place in the card's JSON, however deep, becomes another value."""
    path = saved.path.with_name("damaged.safetensors")
    path.write_bytes(saved.path.read_bytes())
    header = read_header(path)
    place = card = json.loads(header["__metadata__"]["edgewise"])
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not (isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans())):
            break
        place = place[key]
    place[key] = data.draw(json_values)
    header["__metadata__"]["edgewise"] = json.dumps(card)
    write_header(path, header)
    read_or_refuse(path)
