"""`models` and `show` as functions."""

from pathlib import Path

import pytest
from tiny_run import TINY, Made

import edgewise
from edgewise import Architecture, EdgewiseError
from edgewise.costs import count
from edgewise.papers import find


def test_models_counts_what_show_counts() -> None:
    (info,) = edgewise.models("mobilenet_v2_0.5")
    shown = edgewise.show("mobilenet_v2_0.5")
    assert (info.multiply_adds, info.parameters) == (shown.costs.multiply_adds, shown.costs.parameters)
    assert info.peak_activation_bytes == shown.costs.peak_activation_bytes
    assert info.paper.startswith("Sandler et al.")


def test_show_takes_names_files_and_architectures(tmp_path: Path, made: Made) -> None:
    path = tmp_path / "tiny.json"
    path.write_text(TINY.to_json())
    assert edgewise.show(path).costs == edgewise.show(TINY).costs == count(TINY)
    assert edgewise.show(made.model_file).architecture == made.trained.card.architecture


def test_show_scales_in_the_order_the_papers_do() -> None:
    shown = edgewise.show("mobilenet_v2", width=0.5, size=96, classes=7).architecture
    assert shown == find("mobilenet_v2").scaled(0.5).with_classes(7).with_input(96)
    assert isinstance(shown, Architecture)


def test_notes_name_the_lowered_rows() -> None:
    (note,) = edgewise.show("resnet18", size=64).notes
    assert note.startswith("for images of 64×64 the stride of row 0 went down from 2 to 1")
    assert edgewise.show("resnet18").notes == ()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[1, 2]", b'{"format": 1}', b'{"format": 99}', b"{"])
def test_an_architecture_that_is_none_names_its_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    with pytest.raises(EdgewiseError, match=r"odd\.json"):
        edgewise.show(path)
