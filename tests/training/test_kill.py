"""`kill -9` in the middle of an epoch, and the same call again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import small_task
import torch
from safetensors.torch import load_file
from small_task import LONG_IMAGES, LONG_RECIPE, PREPROCESSING, SmallNetwork, splits

from edgewise.training import train
from edgewise.training.checkpoints import FILE_NAME, load_header

STEPS_PER_EPOCH = LONG_IMAGES // LONG_RECIPE.batch_size


def test_a_killed_run_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    def run(folder: Path) -> tuple[object, SmallNetwork]:
        network = SmallNetwork()
        options = {"preprocessing": PREPROCESSING, "accelerator": "cpu", "progress": False}
        return train(network, splits(LONG_IMAGES), LONG_RECIPE, folder, **options), network  # type: ignore[arg-type]

    killed = tmp_path / "killed"
    kill_in_second_epoch(killed)
    state = load_header(killed / FILE_NAME)
    assert state is not None
    assert state.step % STEPS_PER_EPOCH != 0
    resumed, resumed_network = run(killed)
    unbroken, unbroken_network = run(tmp_path / "unbroken")
    assert resumed.history == unbroken.history  # type: ignore[attr-defined]
    for name, tensor in unbroken_network.state_dict().items():
        assert torch.equal(tensor, resumed_network.state_dict()[name]), name
    expected, found = load_file(tmp_path / "unbroken" / FILE_NAME), load_file(killed / FILE_NAME)
    assert expected.keys() == found.keys()
    assert any(name.startswith("optimiser.") for name in expected)
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())


def kill_in_second_epoch(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", small_task.__file__, str(folder)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            state = load_header(folder / FILE_NAME)
            if state is not None and STEPS_PER_EPOCH + 5 < state.step < 2 * STEPS_PER_EPOCH - 20:
                break
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL
