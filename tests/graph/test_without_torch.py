"""From `explain` down nothing imports torch: reading and counting an architecture takes milliseconds."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from edgewise.costs import count
from edgewise.papers import Architecture, find
count(Architecture.from_json(find("mobilenet_v3_large").to_json())).peak_activation_bytes
heavy = {"torch", "torchvision", "lightning", "onnx", "onnxruntime", "numpy"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else 0)
"""


def test_counting_imports_no_torch() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
