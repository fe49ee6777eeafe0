"""Where a fit may deploy."""

from __future__ import annotations

import pytest

from edgewise.devices import find_runtime
from edgewise.errors import EdgewiseError
from edgewise.fitting.combinations import combinations

RUNTIME = "onnxruntime"


def test_auto_is_everything_that_is_installed_with_floating_point_first() -> None:
    found = combinations(["auto"])
    assert {name for name, _ in found} >= {RUNTIME}
    assert all(find_runtime(name).version() is not None and find_runtime(name).suffix == ".onnx" for name, _ in found)
    integer = [precision.startswith("int8") for _, precision in found]
    assert integer == sorted(integer)
    assert combinations([RUNTIME]) == [(RUNTIME, "fp32"), (RUNTIME, "int8")]


def test_one_precision() -> None:
    assert combinations([RUNTIME], "fp32") == [(RUNTIME, "fp32")]
    assert combinations([RUNTIME, RUNTIME], "int8") == [(RUNTIME, "int8")]


@pytest.mark.parametrize(
    ("runtimes", "precision", "sentence"),
    [
        ([RUNTIME], "int4", "there is no precision 'int4'; choose one of: auto, fp32, bf16, int8"),
        ([RUNTIME], "bf16", "nothing computes in bf16 among onnxruntime; choose another"),
        (["abacus"], "auto", "there is no runtime named 'abacus'"),
        ([], "auto", "there is no runtime to deploy in"),
        (["torch_eager"], "auto", "candidates cannot be ranked in torch_eager"),
    ],
)
def test_what_is_not_there(runtimes: list[str], precision: str, sentence: str) -> None:
    with pytest.raises(EdgewiseError, match=sentence):
        combinations(runtimes, precision)
