"""`bench`: names, groups, and a budget whose reference has the same task as what it is compared with."""

import json
from pathlib import Path

import pytest
from tiny_run import TINY, Made

import edgewise
from edgewise import EdgewiseError
from edgewise.costs import count
from edgewise.papers import find
from edgewise.verbs.bench import Benched


def bench(*models: str | Path, **options: object) -> Benched:
    return edgewise.bench(list(models), seconds=0.4, **options)  # type: ignore[arg-type]


def test_models_go_by_what_they_are(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "tiny.json"
    path.write_text(TINY.to_json())
    options = {"width": 0.25, "size": 32, "classes": 5}
    found = bench(made.artifact, made.model_file, path, "mobilenet_v3_small", **options)
    scaled = find("mobilenet_v3_small").scaled(0.25).with_classes(5).with_input(32)
    assert found.multiply_adds == {
        str(made.artifact): None,
        str(made.model_file): count(TINY).multiply_adds,  # a trained model is what it is
        "tiny_0.25": count(TINY.scaled(0.25).with_classes(5).with_input(32)).multiply_adds,
        "mobilenet_v3_small_0.25": count(scaled).multiply_adds,
    }
    assert found.size_bytes[str(made.artifact)] == made.artifact.stat().st_size
    measured = [one.name for group in found.groups for one in group]
    assert sorted(measured) == sorted(found.multiply_adds)
    assert found.verdicts == {}
    assert found.budget_ms is None


def test_groups_do_not_overlap_and_the_fastest_is_first(made: Made) -> None:
    found = bench(made.artifact, "resnet18", size=32)
    assert [one.name for one in found.groups[0]] == [str(made.artifact)]
    assert [one.name for one in found.groups[-1]] == ["resnet18"]
    assert json.loads(json.dumps(found.to_json()))["groups"][0][0]["size_bytes"] == made.artifact.stat().st_size


def test_a_budget_in_time(made: Made) -> None:
    found = bench(made.artifact, "resnet18", size=32, budget="1us")
    assert {verdict.value for verdict in found.verdicts.values()} == {"missed"}
    assert found.budget_ms == 0.001
    assert bench(made.artifact, budget="10s").verdicts[str(made.artifact)].value == "met"


def test_the_reference_has_the_task_of_the_artifact(made: Made) -> None:
    found = bench(made.artifact, budget="0.5x mobilenet_v2")
    assert found.reference == find("mobilenet_v2").with_classes(3).with_input(24)
    assert found.verdicts == {str(made.artifact): found.verdicts[str(made.artifact)], "mobilenet_v2": "missed"}
    assert found.verdicts[str(made.artifact)].value == "met"
    median = {one.name: one.median_ms for group in found.groups for one in group}["mobilenet_v2"]
    assert found.budget_ms == pytest.approx(0.5 * median)
    assert found.to_json()["reference"] == {"name": "mobilenet_v2", "input": [3, 24, 24]}


def test_the_reference_keeps_its_own_width(made: Made) -> None:
    found = bench("mobilenet_v2", width=0.35, size=32, classes=4, budget="0.5x mobilenet_v2")
    assert found.reference == find("mobilenet_v2").with_classes(4).with_input(32)
    assert set(found.verdicts) == {"mobilenet_v2_0.35", "mobilenet_v2"}


def test_a_reference_for_two_tasks_is_refused(made: Made) -> None:
    with pytest.raises(EdgewiseError, match="mobilenet_v2 is measured and is the budget's reference too"):
        bench(made.artifact, "mobilenet_v2", budget="0.5x mobilenet_v2")


def test_nothing_to_measure(made: Made, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="nothing to measure"):
        bench()
    with pytest.raises(EdgewiseError, match="no artifact"):
        bench(tmp_path / "missing.onnx")
    with pytest.raises(EdgewiseError, match="lenet5"):
        bench(made.artifact, budget="0.5x lenet5")
