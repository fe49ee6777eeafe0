"""A misspelling in `bench` and `quantize` is told before anything slow is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SLOW = ("torch", "lightning", "onnx", "onnxruntime", "numpy", "PIL", "scipy")
RUNNER = """
import io, json, sys
from contextlib import redirect_stderr
from edgewise.cli import main

watched, commands, found = json.loads(sys.argv[1]), json.loads(sys.argv[2]), []
for command in commands:
    sys.argv = ["edgewise", *command]
    code = 0
    with redirect_stderr(io.StringIO()) as told:
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    found.append([code, told.getvalue(), [name for name in watched if name in sys.modules]])
print(json.dumps(found))
"""

CASES = {
    "'abacus'": ["bench", "model.onnx", "--runtime", "abacus"],
    "'fp7'": ["bench", "model.onnx", "--precision", "fp7"],
    "'fp8'": ["bench", "model.onnx", "--throughput", "--precision", "fp8"],
    "'5'": ["bench", "model.onnx", "--budget", "5"],
    "'lenet5'": ["bench", "model.onnx", "--budget", "0.5x lenet5"],
    "'onnxruntim'": ["quantize", "model.onnx", "images", "--runtime", "onnxruntim"],
}


def test_a_misspelling_is_told_at_once(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER, json.dumps(SLOW), json.dumps(list(CASES.values()))],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    for said, (code, told, modules) in zip(CASES, json.loads(ended.stdout), strict=True):
        assert (code, modules) == (1, []), said
        assert said in told
