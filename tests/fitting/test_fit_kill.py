"""`kill -9` in the middle of a rung, and the same call again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import quick_fit
import torch

from edgewise.weights import load_model


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["rung 1: resnet", "training "])
def test_a_killed_fit_ends_as_an_unbroken_one(
    tmp_path: Path, coloured_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    images = coloured_folder(tmp_path / "images", ("cat", "dog", "eel", "fox"), 200)
    killed = tmp_path / "killed"
    kill_at(moment, images, killed)
    assert not (killed / "run.json").exists()
    assert list((killed / "training").rglob("*.json"))
    quick_fit.quicken(monkeypatch)
    resumed, unbroken = quick_fit.run(images, killed), quick_fit.run(images, tmp_path / "unbroken")
    assert resumed.winner.name == unbroken.winner.name
    assert resumed.standings == unbroken.standings
    assert resumed.trained.history == unbroken.trained.history
    expected = load_model(unbroken.delivery.model_file)[0].state_dict()
    found = load_model(resumed.delivery.model_file)[0].state_dict()
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())


def kill_at(moment: str, images: Path, out: Path) -> None:
    """Starts a fit and kills it shortly after it told what begins with `moment`."""
    search_path = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        [sys.executable, "-W", "error", quick_fit.__file__, str(images), str(out)],
        env=os.environ | {"PYTHONPATH": search_path, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    told = []
    try:
        for line in process.stderr:
            told.append(line)
            if line.startswith(moment):
                break
        time.sleep(1.0)
        assert process.poll() is None, told
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL, told
