"""`models` and `show`: what they print, as tables and as JSON."""

import json
from pathlib import Path

import pytest
from running import Command

from edgewise.papers import Architecture, find


def listed(edgewise: Command, *arguments: str) -> list[dict[str, object]]:
    ended = edgewise("models", *arguments, "--json")
    assert ended.code == 0
    return json.loads(ended.out)


def test_models_lists_the_zoo_cheapest_first(edgewise: Command) -> None:
    found = listed(edgewise)
    assert len(found) > 20
    costs = [one["multiply_adds"] for one in found]
    assert costs == sorted(costs)  # type: ignore[type-var]
    assert {one["family"] for one in found} >= {"mobilenet_v1", "mobilenet_v2", "shufflenet_v2", "resnet"}


@pytest.mark.parametrize(
    ("order", "field"), [("parameters", "parameters"), ("memory", "peak_activation_bytes"), ("name", "name")]
)
def test_models_sorts(edgewise: Command, order: str, field: str) -> None:
    found = [one[field] for one in listed(edgewise, "--sort", order)]
    assert found == sorted(found)  # type: ignore[type-var]


def test_models_filters_by_pattern_and_family(edgewise: Command) -> None:
    names = {str(one["name"]) for one in listed(edgewise, "mobilenet_v2*")}
    assert "mobilenet_v2" in names
    assert all(name.startswith("mobilenet_v2") for name in names)
    assert {one["family"] for one in listed(edgewise, "--family", "resnet")} == {"resnet"}
    assert listed(edgewise, "*_0.5", "--family", "mobilenet_v1") != []


def test_models_counts_for_another_input(edgewise: Command) -> None:
    (large,), (small,) = listed(edgewise, "resnet18"), listed(edgewise, "resnet18", "--input", "112")
    assert (large["size"], small["size"]) == (224, 112)
    assert large["parameters"] == small["parameters"]
    assert int(str(large["multiply_adds"])) > 3 * int(str(small["multiply_adds"]))


def test_models_prints_a_line_for_every_model(edgewise: Command) -> None:
    lines = edgewise("models", "resnet*").out.splitlines()
    assert lines[0] == f"{len(lines) - 5} models"
    assert lines[1] == lines[-1] == ""
    assert lines[2].split()[:3] == ["model", "family", "input"]
    (row,) = [line for line in lines if line.split()[:1] == ["resnet18"]]
    assert row.split() == ["resnet18", "resnet", "224", "1,814.07M", "11.69M", "3.83"]
    assert all(line == line.rstrip() for line in lines)


def test_the_totals_of_show_are_the_sums_of_its_rows(edgewise: Command) -> None:
    shown = json.loads(edgewise("show", "mobilenet_v3_large", "--json").out)
    for field in ("multiply_adds", "parameters", "bytes_read", "bytes_written"):
        assert shown[field] == sum(row[field] for row in shown["rows"]), field
    for field in ("multiply_adds", "parameters"):
        assert shown[field] == sum(kind[field] for kind in shown["kinds"].values()), field
    assert Architecture.from_dict(shown["architecture"]) == find("mobilenet_v3_large")
    assert shown["digest"] == find("mobilenet_v3_large").digest
    assert shown["notes"] == []


def test_show_prints_the_table_of_the_paper(edgewise: Command) -> None:
    lines = edgewise("show", "mobilenet_v2").out.splitlines()
    assert lines[0] == "mobilenet_v2"
    rows = [line for line in lines if "InvertedResidual(" in line]
    assert len(rows) == 17
    assert rows[0].split()[:2] == ["1", "InvertedResidual(out_channels=16)"]
    assert "300.77M multiply-adds, 3.50M parameters" in lines
    assert "input 3×224×224, 1000 classes" in "\n".join(lines)
    assert not any(line.startswith("note") for line in lines)


def test_show_says_which_strides_a_small_image_lowers(edgewise: Command) -> None:
    arguments = ("show", "mobilenet_v3_small", "--input", "32", "--classes", "10", "--width", "0.5")
    out = edgewise(*arguments).out
    assert (
        "note: for images of 32×32 the stride of rows 0, 1 went down from 2 to 1, "
        "so that the last map keeps at least 4×4 cells" in out.splitlines()
    )
    shown = json.loads(edgewise(*arguments, "--json").out)
    assert shown["architecture"]["lowered"] == [0, 1]
    assert (shown["input"], shown["classes"]) == ([3, 32, 32], 10)
    assert shown["name"] == "mobilenet_v3_small_0.5"
    assert len(shown["notes"]) == 1


def test_show_reads_model_files_and_architectures(edgewise: Command, world: Path) -> None:
    from_model = json.loads(edgewise("show", "model.safetensors", "--json").out)
    from_text = json.loads(edgewise("show", "architecture.json", "--json").out)
    assert from_model == from_text
    assert from_model["classes"] == 3


def test_small_counts_are_not_rounded_away(edgewise: Command) -> None:
    out = edgewise("show", "mobilenet_v3_small").out
    (first,) = [line for line in out.splitlines() if "ConvBNAct(out_channels=16" in line]
    assert first.split()[-3] == "464"


def test_models_leaves_out_what_does_not_fit_and_says_so(edgewise: Command) -> None:
    ended = edgewise("models", "inception_v3*", "--input", "32", "--json")
    assert [one["name"] for one in json.loads(ended.out)] == ["inception_v3"]
    assert "images of 32×32 are too small for inception_v3_auxiliary" in ended.err
    assert edgewise("models", "inception_v3*", "--input", "8").code == 1


@pytest.mark.parametrize("name", ["shufflenet_v2", "shufflenet_v1_g8", "mobilenet_v2"])
def test_a_width_that_the_paper_prints_is_the_papers(edgewise: Command, name: str) -> None:
    shown = json.loads(edgewise("show", name, "--width", "0.5", "--json").out)
    assert (shown["name"], shown["digest"]) == (f"{name}_0.5", find(f"{name}_0.5").digest)
    other = json.loads(edgewise("show", name, "--width", "0.6", "--json").out)
    assert other["digest"] == find(name).scaled(0.6).digest


def test_show_says_what_only_helps_to_train(edgewise: Command) -> None:
    out = edgewise("show", "googlenet_bn_auxiliary").out
    assert "note: rows 9, 13 for training only: neither counted nor deployed" in out


def test_models_lists_the_weights_of_others(edgewise: Command) -> None:
    lines = edgewise("models", "mobilenet_v1*", "--weights").out.splitlines()
    assert lines[0].endswith("sets of weights, ImageNet accuracies as their sources report them")
    (row,) = [line for line in lines if "mobilenet_2_5_224_tf" in line]
    assert row.split() == ["mobilenet_v1_0.25", "keras", "mobilenet_2_5_224_tf", "224", "49.80%", "74.20%"]
    found = json.loads(edgewise("models", "mobilenet_v1*", "--weights", "--json").out)
    assert lines[0].startswith(f"{len(found)} sets")
    assert {one["source"] for one in found} == {"keras", "timm"}
    ended = edgewise("models", "shufflenet_v1*", "--weights")
    assert ended.code == 1
    assert "nobody that edgewise knows publishes weights" in ended.err
