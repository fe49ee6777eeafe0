"""Worker processes on this machine: how they are started and ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_GRACE_SECONDS = 5.0


def start(module: str, folder: Path, storage: str | None) -> subprocess.Popen[bytes]:
    """A process that runs the worker `module` on the run in `folder`, and ends after what it is doing when this one
    does. One thread: every core has a worker of its own."""
    command = [sys.executable, "-m", module, str(folder), "--parent", str(os.getpid())]
    if storage:
        command += ["--storage", storage]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})


def end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Stops all of them, with force where they do not end by themselves."""
    stopped = list(processes)
    for one in stopped:
        one.terminate()
    for one in stopped:
        try:
            one.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            one.kill()
            one.wait()
