"""What `quantize` prints of what it found, and how unsettled measurements are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from running import Command

from edgewise.cli.settling import note_unsettled
from edgewise.deploy.quantization.trials import Attempt
from edgewise.devices import Latency
from edgewise.verbs.quantize import Quantized

PLAIN = Latency("fp32", 1.5, 1.0, 1.0, 2.0, 0.1, 12, 99, None, 0, 0, True, "onnxruntime", 1)


def _found(span: tuple[float, float], *, settled: bool = True) -> Quantized:
    low, high = span
    latency = replace(PLAIN, name="u8s8", median_ms=(low + high) / 2, low_ms=low, high_ms=high, settled=settled)
    plain = Attempt("fp32", "onnxruntime", "fp32", 0.9, latency=PLAIN, size_bytes=4 * 2**20)
    kept = Attempt("u8s8", "onnxruntime", "int8", 0.9, latency=latency, size_bytes=2**20)
    left = Attempt("s8s8", "onnxruntime", "int8", 0.1, size_bytes=2**21)
    return Quantized(Path("x.int8.onnx"), kept, (plain, kept, left))


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ((0.5, 0.6), ""),
        ((0.9, 1.1), "within the noise int8 is no faster than fp32 here; "),
        ((1.9, 2.5), "within the noise int8 is no faster than fp32 here; "),
        ((2.5, 3.0), "int8 is not faster than fp32 here; "),
    ],
)
def test_not_faster_only_where_it_is_not(
    span: tuple[float, float], said: str, edgewise: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.verbs.quantize.quantize", lambda *_, **__: _found(span))
    ended = edgewise("quantize", "x.onnx", "images")
    advice = "deploy the fp32 artifact unless its size matters: int8 1.00 MiB, fp32 4.00 MiB\n"
    assert (ended.code, ended.err) == (0, said + advice if said else "")


def test_intervals_and_sizes_are_in_the_table(edgewise: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.verbs.quantize.quantize", lambda *_, **__: _found((0.5, 0.6), settled=False))
    ended = edgewise("quantize", "x.onnx", "images")
    _, _, header, _, *rows = ended.out.splitlines()
    assert header.endswith("file, MiB")
    assert rows[0].split() == ["fp32", "onnxruntime", "fp32", "90.00%", "1.500", "1.000–2.000", "4.00"]
    assert rows[1].split() == ["u8s8", "(kept)", "onnxruntime", "int8", "90.00%", "0.550", "0.500–0.600", "1.00"]
    assert rows[2].split() == ["s8s8", "onnxruntime", "int8", "10.00%", "–", "–", "2.00"]
    assert ended.err == "1 of 2 latencies did not settle (u8s8 in onnxruntime int8); give more --seconds\n"


def test_at_most_three_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    note_unsettled(["a", "b", "c", "d"], 18)
    note_unsettled(["a", "b", "c"], 3, what="rates")
    note_unsettled([], 18)
    assert capsys.readouterr().err.splitlines() == [
        "4 of 18 latencies did not settle (a, b, c, …); give more --seconds",
        "3 of 3 rates did not settle (a, b, c); give more --seconds",
    ]
