"""`train --nodes`: the command hands itself to torchrun, and two of it train together."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from running import Command

TRAIN = ("train", "images", "--model", "architecture.json", "--epochs", "1", "--out", "new", "--accelerator", "cpu")


class ReplacedError(Exception):
    """The process would be another program now."""


def test_the_command_becomes_torchrun(edgewise: Command, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def execv(path: str, arguments: list[str]) -> None:
        called.extend(arguments)
        raise ReplacedError

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setenv("NODE_RANK", "1")
    monkeypatch.setenv("MASTER_ADDR", "10.0.0.7")
    with pytest.raises(ReplacedError):
        edgewise(*TRAIN, "--nodes", "2", "--devices", "4")
    assert called[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert {"--nnodes=2", "--nproc-per-node=4", "--node-rank=1", "--master-addr=10.0.0.7"} <= set(called)
    assert called[called.index("edgewise") + 1 :] == [*TRAIN, "--nodes", "2", "--devices", "4"]


@pytest.mark.slow
def test_two_machines_train_together(world: Path) -> None:
    """Both here, told apart by their ranks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OMP_NUM_THREADS": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
    }
    machines = [
        subprocess.Popen(
            [sys.executable, "-m", "edgewise", *TRAIN, "--nodes", "2"],
            env=environment | {"NODE_RANK": rank},
            cwd=world,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    try:
        printed = [machine.communicate(timeout=240) for machine in machines]
    finally:
        for machine in machines:
            machine.kill()
    assert [machine.returncode for machine in machines] == [0, 0], printed
    (first, told), (second, _) = printed
    assert "written to new/model.safetensors" in first
    assert "images: 3 classes" in told
    assert second == ""
    assert (world / "new" / "model.safetensors").exists()
