"""Small kits, made and run as on a device: in a process that has no edgewise."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.blocks import Classifier, ConvBNAct
from edgewise.papers import Architecture
from edgewise.profiling.kit.manifest import digest_of

ALONE = """
import runpy, sys
sys.modules["edgewise"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a file where `import edgewise` fails."""


@dataclass(frozen=True)
class Ran:
    """A kit that was run to its end: its files, and the journal as it was when the first attempt was killed."""

    kit: Path
    run: Path
    result: Path
    journal: Path
    torn: str


def chain(width: int, depth: int = 3) -> Architecture:
    """A few convolutions for images of 32 × 32 pixels."""
    rows = (ConvBNAct(out_channels=width, kernel=3, stride=2), *(ConvBNAct(out_channels=width, kernel=1),) * depth)
    return Architecture(name=f"chain_{width}_{depth}", rows=(*rows, Classifier(classes=10)), input=(3, 32, 32))


NETWORKS = [chain(width, depth) for width in (24, 48, 64, 96) for depth in (2, 5)]


def unpacked(kit: Path, folder: Path) -> Path:
    """The kit's `run.py`."""
    with zipfile.ZipFile(kit) as archive:
        archive.extractall(folder)
    return folder / "run.py"


def command(run: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-c", ALONE, str(run), *arguments]


def start(run: Path, out: Path, *arguments: str) -> subprocess.Popen[str]:
    """Begins to run a kit somewhere else than where it is, with a clean environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.Popen(
        command(run, "--out", str(out), *arguments),
        cwd=out.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Who runs the tests in the background may ignore Ctrl-C, and its children would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finish(process: subprocess.Popen[str], timeout: float = 120) -> tuple[int, str]:
    """The exit status and all that was printed; one that does not end is killed."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, out + err


def changed(result: Path, to: Path, change: Callable[[dict[str, Any]], object], *, seal: bool = True) -> Path:
    """A copy of a result with a change; with its checksums put right, unless not to `seal` it."""
    content = json.loads(result.read_text())
    change(content)
    if seal:
        content["manifest"]["digest"] = content["kit"] = digest_of(
            {name: value for name, value in content["manifest"].items() if name != "digest"}
        )
        content["sha256"] = digest_of({name: value for name, value in content.items() if name != "sha256"})
    to.write_text(json.dumps(content))
    return to
