"""Accuracies read off a table, and a search by them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import few_space
import pytest
import toy
from toy import TOY, accuracy, problem

from edgewise.errors import EdgewiseError
from edgewise.searching.evaluators import Lookup
from edgewise.verbs.search import Searched, search
from predicted_device import device


def written(path: Path, skipped: str = "") -> Path:
    names = [choice.name for choice in TOY.choices if choice.name != skipped]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "accuracy"])
        for point in TOY.points():
            named = TOY.named(point)
            writer.writerow([*(named[name] for name in names), accuracy(point)])
    return path


def test_a_table_is_read(tmp_path: Path) -> None:
    lookup = Lookup.read(written(tmp_path / "results.csv"), TOY)
    beats: list[int] = []
    assert lookup.accuracy((1, 1, 1, 2), 0, lambda: beats.append(1)) == pytest.approx(accuracy((1, 1, 1, 2)))
    assert beats
    with pytest.raises(EdgewiseError, match=r"has no line for stem=8, kernel=3, "):
        Lookup({}, TOY).accuracy((0, 0, 0, 0), 0, lambda: None)


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="has no column 'kernel'"):
        Lookup.read(written(tmp_path / "results.csv", skipped="kernel"), TOY)
    text = (tmp_path / "results.csv").read_text().replace("kernel", "k")
    (tmp_path / "other.csv").write_text(text)
    (tmp_path / "bad.csv").write_text("stem,kernel,second,width,accuracy\n9,3,True,8,0.5\n")
    with pytest.raises(EdgewiseError, match="stem is none of 8, 16, 24, 32 but '9'"):
        Lookup.read(tmp_path / "bad.csv", TOY)
    for accuracy_of_it, message in (
        ("87.5", r"bad.csv, line 2: accuracy goes from 0 to 1 and is 87.5; divide percentages by 100"),
        ("oops", r"bad.csv, line 2: accuracy is no number but 'oops'"),
        ("nan", r"bad.csv, line 2: accuracy goes from 0 to 1 and is nan"),
        ("", r"bad.csv, line 2: accuracy is no number but ''"),
    ):
        (tmp_path / "bad.csv").write_text(f"stem,kernel,second,width,accuracy\n8,3,True,8,{accuracy_of_it}\n")
        with pytest.raises(EdgewiseError, match=message):
            Lookup.read(tmp_path / "bad.csv", TOY)
    (tmp_path / "bytes.csv").write_bytes(bytes(range(256)))
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(text.encode())[:100])
    for name in ("nowhere.csv", "bytes.csv", "cut.csv.gz"):
        with pytest.raises(EdgewiseError, match="cannot be read as a table of results"):
            Lookup.read(tmp_path / name, TOY)


def test_a_search_by_a_table(tmp_path: Path, coloured_folder: Callable[..., Path]) -> None:
    images = coloured_folder(tmp_path / "images", ("cat", "dog"), 12)
    device().write(tmp_path / "device.json")
    made = search(
        toy.__file__,
        images,
        "0.05ms",
        out=tmp_path / "run",
        evaluator="lookup",
        results=written(tmp_path / "results.csv"),
        device=tmp_path / "device.json",
        size=16,
        trials=12,
        finish=0,
        workers=1,
    )
    assert all(one.accuracy == pytest.approx(accuracy(one.point)) for one in made.trials if one.digest)
    assert problem().space.name == made.space.name


def test_a_space_of_few_networks_is_measured_whole_and_searched_on(
    tmp_path: Path, coloured_folder: Callable[..., Path]
) -> None:
    """Latencies of this machine, and more trials than there are networks, asked for twice."""
    images = coloured_folder(tmp_path / "images", ("cat", "dog"), 12)
    table = tmp_path / "results.csv"
    table.write_text("width,kernel,accuracy\n8,3,0.5\n8,5,0.6\n32,3,0.7\n32,5,0.8\n")

    def run(trials: int) -> Searched:
        return search(
            few_space.__file__,
            images,
            "1ms",
            out=tmp_path / "run",
            evaluator="lookup",
            results=table,
            size=16,
            trials=trials,
            finish=0,
            workers=1,
        )

    first, more = run(2), run(10)
    assert [one.trial.cost for one in first.front] == sorted(one.trial.cost for one in first.front)
    assert more.trials[:2] == first.trials
    assert {one.accuracy for one in more.trials} == {0.5, 0.6, 0.7, 0.8}
    assert len(more.trials) == 4  # the space has no more
    assert len(json.loads((tmp_path / "run" / "networks.json").read_text())) == 4
    best = max(more.front, key=lambda one: one.trial.accuracy or 0)
    assert 0 < best.ms < 1
    assert best.trial.accuracy == 0.8
