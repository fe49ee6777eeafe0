"""`study`: variants trained alike, kept as they come, judged and shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.studies import STUDIES, Claim, Study, Variant
from edgewise.verbs import study as module
from edgewise.verbs.study import study
from edgewise.weights import read_card


def tiny(linear: bool) -> Architecture:
    rows = (
        ConvBNAct(out_channels=8, stride=2),
        InvertedResidual(out_channels=8, expanded=16, linear=linear),
        Classifier(classes=1000),
    )
    return Architecture("tiny", rows)


def variants() -> Mapping[str, Variant]:
    return {
        "linear": Variant(tiny(True)),
        "ReLU6": Variant(tiny(False)),
        "smaller": Variant(tiny(True), 0.5),
        "int8": Variant(tiny(True), form="int8"),
    }


TINY = Study("tiny", "Is it linear?", "nobody's", variants, (Claim("linear is better", "linear", "ReLU6"),), width=1.0)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory, coloured_folder: Callable[..., Path]) -> Path:
    return coloured_folder(tmp_path_factory.mktemp("study") / "images", ("cat", "dog"), 30)


def test_a_study(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STUDIES", {"tiny": TINY})
    told: list[str] = []
    made = study("tiny", images, out=tmp_path / "run", seeds=2, epochs=2, workers=0, tell=told.append)
    assert {name: len(one.runs) for name, one in made.variants.items()} == dict.fromkeys(variants(), 2)
    assert made.variants["smaller"].architecture.input == (3, 12, 12)
    # Three networks from two seeds: int8 is the first of them quantised, and not trained again.
    assert len(list((tmp_path / "run" / "models").iterdir())) == 6
    for path in (tmp_path / "run" / "models").iterdir():
        assert read_card(path).classes == ("cat", "dog")
    kept = json.loads((tmp_path / "run" / "study.json").read_text())
    assert kept == json.loads(json.dumps(made.to_json()))
    assert kept["outcomes"][0]["seen"] in ("seen", "not seen", "contradicted")
    page = made.report.read_text(encoding="utf-8")
    ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))
    assert all(f">{name}<" in page for name in variants())
    assert not list((tmp_path / "run" / "training").iterdir())

    # What is done is not done again; more seeds are.
    told.clear()
    more = study("tiny", images, out=tmp_path / "run", seeds=3, epochs=2, workers=0, tell=told.append)
    assert [line for line in told if "seed" in line and "seed 2" not in line] == []
    assert {name: one.runs[0] for name, one in more.variants.items()} == {
        name: one.runs[0] for name, one in made.variants.items()
    }
    with pytest.raises(EdgewiseError, match=r"asked for something else \(epochs\)"):
        study("tiny", images, out=tmp_path / "run", seeds=2, epochs=3)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("bottleneck", {}, "there is no study 'bottleneck'; did you mean bottlenecks?"),
        ("zzz", {}, "there are xception_residual, "),
        ("bottlenecks", {"seeds": 0}, "seeds must be at least 1"),
        ("bottlenecks", {"data": "scenes"}, "no classes of whole images"),
    ],
)
def test_what_cannot_be_studied(name: str, options: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match=message):
        study(name, **{"data": "digits", "out": tmp_path / "run", **options})  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_every_study_is_known() -> None:
    assert len(STUDIES) >= 14
