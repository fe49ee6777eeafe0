"""`bench --throughput`: streams beside one stream and batches, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_run import Made

from edgewise import EdgewiseError
from edgewise.devices import Variant
from edgewise.devices.throughput import Rate, Way
from edgewise.verbs.bench import Throughput, throughput


def a_rate(streams: int, threads: int, batch: int, low: float, high: float) -> Rate:
    way = Way(Variant("net", Path("net.onnx"), threads=threads), streams, batch)
    return Rate(way, (low + high) / 2, low, high, 1.0, 12, 0, 0, True)


@pytest.mark.parametrize(
    ("streams", "batch", "ending"),
    [
        ((20.0, 21.0), (14.0, 15.0), "2 streams give 1.95× one stream, batches of 8 on 2 threads 1.38×: streams win"),
        ((20.0, 21.0), (24.0, 25.0), ": batches win"),
        ((20.0, 21.0), (20.5, 22.0), ": streams and batches are level within noise"),
        ((9.0, 9.5), (8.0, 8.5), ": one stream wins"),
        ((20.0, 21.0), None, "2 streams give 1.95× one stream: streams win"),
    ],
)
def test_it_is_said_plainly_who_wins(
    streams: tuple[float, float], batch: tuple[float, float] | None, ending: str
) -> None:
    batches = None if batch is None else a_rate(1, 2, 8, *batch)
    row = Throughput("net", "onnxruntime", "fp32", a_rate(2, 1, 1, *streams), a_rate(1, 1, 1, 10.0, 11.0), batches)
    assert row.sentence.endswith(ending)
    assert row.to_json()["best"] == list(row.best)


@pytest.mark.slow
def test_artifacts_and_names_are_measured_in_all_ways(made: Made, tmp_path: Path) -> None:
    found = throughput([made.artifact, "mobilenet_v3_small"], size=32, streams=2, seconds=0.1)
    assert {row.name for row in found.rows} == {str(made.artifact), "mobilenet_v3_small"}
    assert found.rows[0].name == str(made.artifact)
    for row in found.rows:
        ways = [rate.way for rate in (row.streams, row.one, row.batch) if rate is not None]
        assert [(way.streams, way.variant.threads, way.batch) for way in ways] == [(2, 1, 1), (1, 1, 1), (1, 2, 8)]
    body = json.loads(json.dumps(found.to_json()))
    assert body["rows"][0]["streams"]["streams"] == 2
    assert body["rows"][0]["batch"]["batch"] == 8


def test_runtimes_whose_artifacts_take_one_image_have_no_batches(made: Made) -> None:
    found = throughput([made.model_file], runtime="torch_eager", streams=2, seconds=0.1)
    assert [row.batch for row in found.rows] == [None]
    assert found.notes == ("no batches in torch_eager, whose artifacts take one image",)


def test_a_batch_with_other_outputs_is_not_measured(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgewise.verbs.bench.streaming import run

    answers: list[int] = []

    def wrong(artifact: Path, *given: object, **options: object) -> object:
        answers.append(1)
        return run(artifact, *given, **options) * len(answers)  # type: ignore[arg-type]

    monkeypatch.setattr("edgewise.verbs.bench.streaming.run", wrong)
    found = throughput([made.artifact], streams=2, seconds=0.1)
    assert [row.batch for row in found.rows] == [None]
    (note,) = found.notes
    assert "gives other outputs for a batch than for its images" in note


def test_what_makes_no_sense_is_refused(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EdgewiseError, match="streams must be at least 2, not 1"):
        throughput([made.artifact], streams=1)
    with pytest.raises(EdgewiseError, match="0 seconds are no time"):
        throughput([made.artifact], seconds=0)
    with pytest.raises(EdgewiseError, match=r"fewer models, or give fewer --streams"):
        throughput([made.artifact], streams=1_000_000)
    monkeypatch.setattr("edgewise.verbs.bench.streaming.available_cores", lambda: 1)
    with pytest.raises(EdgewiseError, match="one core to use here"):
        throughput([made.artifact])
