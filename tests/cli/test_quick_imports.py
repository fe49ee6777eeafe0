"""Help, `models` and `show` answer at once: they import no library that takes its time."""

import json
import os
import subprocess
import sys
from pathlib import Path

SLOW = ("torch", "torchvision", "lightning", "torchmetrics", "onnx", "onnxruntime", "sklearn", "scipy")
RUNNER = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from edgewise.cli import main

watched, commands, found = json.loads(sys.argv[1]), json.loads(sys.argv[2]), []
for command in commands:
    sys.argv = ["edgewise", *command]
    code = 0
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    found.append([code, len(out.getvalue()), [name for name in watched if name in sys.modules]])
print(json.dumps(found))
"""


def imported(watched: tuple[str, ...], commands: list[list[str]], folder: Path) -> None:
    """Runs the commands one after the other in a fresh process, and asserts that none imports what is watched."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER, json.dumps(watched), json.dumps(commands)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    for command, (code, printed, modules) in zip(commands, json.loads(ended.stdout), strict=True):
        assert (code, modules) == (0, []), command
        assert printed > 10, command


def test_help_and_the_zoo_need_no_slow_library(pristine: Path) -> None:
    verbs = ("models", "show", "fit", "train", "evaluate", "predict", "export", "bench", "convert", "quantize", "share")
    commands = [
        ["--version"],
        ["--help"],
        *([verb, "--help"] for verb in verbs),
        ["device", "--help"],
        ["device", "profile", "--help"],
        ["search", "--help"],
        ["search", "status", "--help"],
        ["models"],
        ["models", "mobilenet*", "--json"],
        ["show", "mobilenet_v3_large"],
        ["show", "mobilenet_v3_large", "--json"],
        ["show", "architecture.json"],
    ]
    imported((*SLOW, "numpy", "PIL"), commands, pristine)


def test_showing_a_model_file_needs_no_slow_library(pristine: Path) -> None:
    imported(SLOW, [["show", "model.safetensors"], ["show", "model.safetensors", "--json"]], pristine)


def test_figures_need_no_slow_library(tmp_path: Path) -> None:
    imported(SLOW, [["figures", "--list"], ["figures", "depthwise", "separable"]], tmp_path)


def test_a_searchs_status_needs_no_slow_library(tmp_path: Path) -> None:
    trial = {"number": 0, "point": [1], "digest": "a", "cost": 0.5, "accuracy": 0.9, "like": None}
    (tmp_path / "archive.json").write_text(json.dumps([trial]))
    imported(SLOW, [["search", "status", str(tmp_path)], ["search", "status", str(tmp_path), "--json"]], tmp_path)


def test_no_verb_decides_how_many_threads_torch_has() -> None:
    code = "import os, edgewise.verbs.adapt, edgewise.verbs.search; print(os.environ.get('OMP_NUM_THREADS'))"
    without = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=without | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "None"
