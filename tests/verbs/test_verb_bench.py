"""`bench`: names, groups, and a budget whose reference has the same task as what it is compared with."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from tiny_run import TINY, Made

import edgewise
from edgewise import EdgewiseError
from edgewise.costs import count
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.devices import DeviceProfile, Latency, Variant, Worker, describe_machine, find_runtime
from edgewise.devices.profile import Peak
from edgewise.papers import find
from edgewise.verbs.bench import Benched

# Asked for without importing it: that would report this run to its makers.
openvino = pytest.mark.skipif(find_runtime("openvino").version() is None, reason=find_runtime("openvino").install_hint)


def bench(*models: str | Path, **options: object) -> Benched:
    return edgewise.bench(list(models), seconds=0.4, **options)  # type: ignore[arg-type]


def verdicts(found: Benched) -> dict[str, str | None]:
    rows = [row for group in found.to_json()["groups"] for row in group]
    return {row["name"]: row["budget"] for row in rows}


def test_models_go_by_what_they_are(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "tiny.json"
    path.write_text(TINY.to_json())
    options = {"width": 0.25, "size": 32, "classes": 5}
    found = bench(made.artifact, made.model_file, path, "mobilenet_v3_small", **options)
    scaled = find("mobilenet_v3_small").scaled(0.25).with_classes(5).with_input(32)
    assert found.multiply_adds == {
        str(made.artifact): count(TINY).multiply_adds,  # counted from the file itself
        str(made.model_file): count(TINY).multiply_adds,  # a trained model is what it is
        "tiny_0.25": count(TINY.scaled(0.25).with_classes(5).with_input(32)).multiply_adds,
        "mobilenet_v3_small_0.25": count(scaled).multiply_adds,
    }
    sizes = {one.name: facts.size_bytes for one, facts in found.facts.items()}
    assert sizes[str(made.artifact)] == made.artifact.stat().st_size
    measured = [one.name for group in found.groups for one in group]
    assert sorted(measured) == sorted(found.multiply_adds)
    assert {found.verdict(one) for group in found.groups for one in group} == {None}
    assert found.budget_ms is None


def test_groups_do_not_overlap_and_the_fastest_is_first(made: Made) -> None:
    found = bench(made.artifact, "resnet18", size=32)
    assert [one.name for one in found.groups[0]] == [str(made.artifact)]
    assert [one.name for one in found.groups[-1]] == ["resnet18"]
    assert json.loads(json.dumps(found.to_json()))["groups"][0][0]["size_bytes"] == made.artifact.stat().st_size


def _latency(one: Variant, median: float) -> Latency:
    times = (median, median, median - 0.3, median + 0.3, 0.1)
    return Latency(one.name, *times, 12, 99, None, 0, 0, True, one.runtime, one.threads, one.precision)


def test_rows_of_a_group_are_by_median(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    medians = {"mobilenet_v2": 1.2, "mobilenet_v1": 1.3, str(made.artifact): 1.1, "resnet18": 9.0}

    def measured(variants: Sequence[Variant], **options: object) -> list[Latency]:
        return [_latency(one, medians[one.name]) for one in variants]

    monkeypatch.setattr("edgewise.verbs.bench.running.measure_variants", measured)
    found = bench("resnet18", "mobilenet_v1", "mobilenet_v2", made.artifact, size=32)
    names = [[one.name for one in group] for group in found.groups]
    assert names == [[str(made.artifact), "mobilenet_v2", "mobilenet_v1"], ["resnet18"]]


def test_a_quantised_artifact_beside_its_model(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "model.int8.onnx"
    images = np.random.default_rng(0).standard_normal((8, 3, 24, 24), dtype=np.float32)
    quantize_onnx(made.artifact, images, path, SCHEMES[0])
    found = bench(made.artifact, path, made.model_file, data=made.images)
    assert {(one.name, one.precision) for one in found.facts} == {
        (str(made.artifact), "fp32"),
        (str(path), "int8"),
        (str(made.model_file), "fp32"),
    }
    assert all(facts.accuracy is not None for facts in found.facts.values())
    assert found.combinations == (("onnxruntime", "fp32"), ("onnxruntime", "int8"))


def test_more_threads_than_cores_are_told(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.verbs.runtimes.available_cores", lambda: 1)
    said = "the machine has 1 core to use: 2 threads take turns on it"
    assert said in bench(made.artifact, threads=[1, 2]).notes
    assert bench(made.artifact).notes == ()


def test_a_budget_in_time(made: Made) -> None:
    found = bench(made.artifact, "resnet18", size=32, budget="1us")
    assert set(verdicts(found).values()) == {"missed"}
    assert found.budget_ms == 0.001
    assert verdicts(bench(made.artifact, budget="10s")) == {str(made.artifact): "met"}


def test_the_reference_has_the_task_of_the_artifact(made: Made) -> None:
    found = bench(made.artifact, budget="0.5x mobilenet_v2")
    assert found.reference == find("mobilenet_v2").with_classes(3).with_input(24)
    assert verdicts(found) == {str(made.artifact): "met", "mobilenet_v2": "missed"}
    median = {one.name: one.median_ms for group in found.groups for one in group}["mobilenet_v2"]
    assert found.budget_ms == pytest.approx(0.5 * median)
    assert found.to_json()["reference"] == {"name": "mobilenet_v2", "input": [3, 24, 24]}


def test_the_reference_keeps_its_own_width(made: Made) -> None:
    found = bench("mobilenet_v2", width=0.35, size=32, classes=4, budget="0.5x mobilenet_v2")
    assert found.reference == find("mobilenet_v2").with_classes(4).with_input(32)
    assert set(verdicts(found)) == {"mobilenet_v2_0.35", "mobilenet_v2"}


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


@openvino
def test_several_runtimes_and_precisions_are_measured_together(made: Made) -> None:
    found = bench(made.artifact, runtime=["onnxruntime", "openvino"], precision="fp32", budget="10s")
    rows = [row for group in found.to_json()["groups"] for row in group]
    assert {(row["runtime"], row["precision"], row["budget"]) for row in rows} == {
        ("onnxruntime", "fp32", "met"),
        ("openvino", "fp32", "met"),
    }
    assert all(row["runtime_version"] for row in rows)
    assert found.notes == ()
    limited = bench(made.artifact, runtime=("openvino", "onnxruntime"), budget="0.5x mobilenet_v2")
    assert limited.beside is not None
    assert (limited.beside.name, limited.beside.runtime) == ("mobilenet_v2", "openvino")


@openvino
def test_what_cannot_be_combined_is_left_out_with_a_note(made: Made, tmp_path: Path) -> None:
    corrupt = tmp_path / "corrupt.onnx"
    corrupt.write_bytes(b"not a model")
    found = bench(corrupt, made.artifact, runtime=("onnxruntime", "openvino"), precision=("fp32", "bf16"))
    measured = {(one.name, one.runtime, one.precision) for group in found.groups for one in group}
    path = str(made.artifact)
    assert {(path, "onnxruntime", "fp32"), (path, "openvino", "fp32")} <= measured
    assert measured <= {(path, "onnxruntime", "fp32"), (path, "openvino", "fp32"), (path, "openvino", "bf16")}
    assert found.notes[0] == "onnxruntime does not compute in bf16: left out"
    assert [note for note in found.notes if "corrupt.onnx" in note] == [
        f"left out: {corrupt} is no ONNX model, or is cut short; export it again"
    ]
    assert len(measured) + len(found.notes) - 2 == 3  # a CPU without bf16 is one note more


def test_what_nothing_computes_in_is_refused(made: Made) -> None:
    with pytest.raises(EdgewiseError, match="computes in 'bf16': onnxruntime computes in fp32, int8; choose"):
        bench(made.artifact, precision="bf16")
    with pytest.raises(EdgewiseError, match="no runtime named 'abacus'; choose one of: onnxruntime, openvino"):
        bench(made.artifact, runtime=["onnxruntime", "abacus"])
    with pytest.raises(EdgewiseError, match="name a runtime and a precision"):
        bench(made.artifact, runtime=[])


def test_a_failure_names_the_model_not_the_file_it_was_exported_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def crashing(self: Worker, name: str, path: Path, **options: object) -> None:
        raise EdgewiseError(f"onnxruntime stopped with SIGSEGV while loading {path}; the runtime is broken")

    monkeypatch.setattr(Worker, "load", crashing)
    with pytest.raises(EdgewiseError, match="while loading mobilenet_v3_small; the runtime is broken"):
        bench("mobilenet_v3_small", size=32)


def test_accuracy_is_that_of_the_artifact_as_it_is_timed(made: Made) -> None:
    options = {"runtime": ["onnxruntime", "torch_eager"], "precision": ["fp32", "int8"], "data": made.images}
    found = bench(made.artifact, made.model_file, "mobilenet_v3_small", size=24, classes=3, **options)
    accuracies = {(one.name, one.runtime, one.precision): facts.accuracy for one, facts in found.facts.items()}
    scores = edgewise.evaluate(made.artifact, made.images).scores
    for runtime in ("onnxruntime", "torch_eager"):
        assert accuracies[str(made.model_file), runtime, "fp32"] == pytest.approx(scores.accuracy)
    assert accuracies[str(made.artifact), "onnxruntime", "fp32"] == pytest.approx(scores.accuracy)
    calibrated = accuracies[str(made.model_file), "onnxruntime", "int8"]
    assert calibrated is not None
    assert calibrated > 0.6
    assert accuracies["mobilenet_v3_small", "onnxruntime", "int8"] is None
    notes = "\n".join(found.notes)
    assert "quantised on random images, which says how fast int8 is and nothing of its accuracy: mobilenet_v3" in notes
    assert "no accuracy of mobilenet_v3_small: it has no trained weights" in notes
    row = found.to_json()["groups"][0][0]
    assert {"accuracy", "form", "size_bytes", "share_of_peak", "threads"} <= row.keys()
    assert found.to_json()["split"] == "test"


def test_data_that_nobody_can_be_scored_on_is_refused_before_anything_is_measured(
    made: Made, coloured_folder: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(EdgewiseError, match=r"nothing that was named can be scored on .*: no accuracy of mobilenet_v2"):
        bench("mobilenet_v2", data=made.images)
    other = coloured_folder(tmp_path / "other", ("horse", "ibis"), 12)
    with pytest.raises(EdgewiseError, match="horse, ibis"):
        bench(made.model_file, data=other)
    with pytest.raises(EdgewiseError, match="no split 'exam'; choose"):
        bench(made.model_file, data=made.images, split="exam")


def test_threads_are_measured_side_by_side(made: Made) -> None:
    found = bench(made.artifact, "mobilenet_v2", size=32, threads=[1, 2])
    assert {(one.name, one.threads) for one in found.facts} == {
        (name, threads) for name in (str(made.artifact), "mobilenet_v2") for threads in (1, 2)
    }


def test_a_network_with_shuffles_is_measured_in_both_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    timed = Worker.time

    def noted(self: Worker, name: str, *, iterations: int, warmup: int = 1) -> object:
        asked.append(name)
        return timed(self, name, iterations=iterations, warmup=warmup)

    monkeypatch.setattr(Worker, "time", noted)
    found = bench("shufflenet_v2_0.5", size=32)
    assert len(set(asked)) == 2
    ((latency, facts),) = found.facts.items()
    assert latency.name == "shufflenet_v2_0.5"
    assert facts.form in ("plain", "exit order")
    assert any("exit order" in note for note in found.notes)


def test_the_share_of_the_peak_is_that_of_the_profile(made: Made, tmp_path: Path) -> None:
    profile = tmp_path / "device.json"
    peak = Peak("onnxruntime", "fp32", 1, 1e12, "probe", {"probe": 1e12}, None, 0.0, 1.0)
    DeviceProfile.of(describe_machine()).with_entry(peak).write(profile)
    found = bench(made.artifact, threads=[1, 2], profile=profile)
    shares = {one.threads: (one, facts.share_of_peak) for one, facts in found.facts.items()}
    one, share = shares[1]
    assert share == pytest.approx(count(TINY).multiply_adds / (one.median_ms / 1e3) / 1e12)
    assert shares[2][1] is None
    assert "the device profile has no peak of fp32 on 2 threads" in found.notes
    assert not any("another machine" in note for note in found.notes)
    with pytest.raises(EdgewiseError, match="no device profile"):
        bench(made.artifact, profile=tmp_path / "missing.json")
