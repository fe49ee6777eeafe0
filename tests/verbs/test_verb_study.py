"""`study`: variants trained alike, kept as they come, judged and shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tiny_study

from edgewise.errors import EdgewiseError
from edgewise.studies import STUDIES
from edgewise.tasks import Pool
from edgewise.verbs.study import study
from edgewise.weights import read_card

TINY = tiny_study.__file__


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory, coloured_folder: Callable[..., Path]) -> Path:
    return coloured_folder(tmp_path_factory.mktemp("study") / "images", ("cat", "dog"), 30)


def test_a_study(images: Path, tmp_path: Path) -> None:
    told: list[str] = []
    made = study(TINY, images, out=tmp_path / "run", seeds=2, epochs=2, workers=2, tell=told.append)
    assert {name: len(one.runs) for name, one in made.variants.items()} == dict.fromkeys(tiny_study.variants(), 2)
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
    assert all(f">{name}<" in page for name in tiny_study.variants())
    assert not list((tmp_path / "run" / "training").iterdir())

    # What is done is not done again; more seeds are.
    told.clear()
    more = study(TINY, images, out=tmp_path / "run", seeds=3, epochs=2, workers=2, tell=told.append)
    assert [line for line in told if "seed" in line and "seed 2" not in line] == []
    assert {name: one.runs[0] for name, one in more.variants.items()} == {
        name: one.runs[0] for name, one in made.variants.items()
    }
    with pytest.raises(EdgewiseError, match=r"asked for something else \(epochs\)"):
        study(TINY, images, out=tmp_path / "run", seeds=2, epochs=3)


def test_a_run_that_failed_is_named(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pool, "run", lambda self, tasks, done_one: dict.fromkeys(list(tasks)[1:], (0.5,)))
    with pytest.raises(EdgewiseError, match="linear, seed 0 could not be trained"):
        study(TINY, images, out=tmp_path / "run", seeds=1, epochs=1, workers=1)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("bottleneck", {}, "there is no study 'bottleneck'; did you mean bottlenecks?"),
        ("zzz", {}, "there are xception_residual, "),
        ("mine.py", {}, "there is no file mine.py; a study of your own is a Python file with one Study in it"),
        (__file__, {}, "has 0 studies; a file with a study of your own has one"),
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
