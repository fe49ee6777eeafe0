"""Two processes on this CPU, started here and by `torchrun`."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
import small_task
import torch
from small_task import PREPROCESSING, SmallNetwork, splits
from torch import nn

from edgewise.errors import EdgewiseError
from edgewise.training import Recipe, evaluate, train

# Without dropout, mixing and batch norm the share of a batch that a process gets does not matter.
RECIPE = Recipe(epochs=2, batch_size=20, learning_rate=0.05, precision="32")


class NoNormNetwork(SmallNetwork):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.Identity()  # type: ignore[assignment]
        self.dropout = nn.Identity()  # type: ignore[assignment]


def test_two_processes_average_gradients_and_count_each_image_once(tmp_path: Path) -> None:
    one, two = NoNormNetwork(), NoNormNetwork()
    options = {"preprocessing": PREPROCESSING, "accelerator": "cpu", "progress": False}
    expected = train(one, splits(), RECIPE, tmp_path / "one", **options)  # type: ignore[arg-type]
    result = train(two, splits(), RECIPE, tmp_path / "two", devices=2, **options)  # type: ignore[arg-type]
    for name, tensor in one.state_dict().items():
        torch.testing.assert_close(two.state_dict()[name], tensor, rtol=1e-4, atol=1e-6)
    assert result.steps == expected.steps
    # 33 images are no multiple of two: the metric must neither repeat nor drop any.
    exact = evaluate(two, splits()["val"], PREPROCESSING)
    assert result.metrics == pytest.approx(exact.metrics(), rel=1e-6)
    assert result.history[0].train_loss == pytest.approx(expected.history[0].train_loss, rel=1e-4)


def test_a_batch_that_cannot_be_shared_is_a_sentence(tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, batch_size=21)
    with pytest.raises(EdgewiseError, match="cannot be shared equally by 2 devices"):
        train(
            SmallNetwork(),
            splits(),
            recipe,
            tmp_path,
            preprocessing=PREPROCESSING,
            accelerator="cpu",
            devices=2,
            progress=False,
        )


@pytest.mark.slow
def test_torchrun_joins_the_processes_and_goes_on_where_one_was(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port=29517"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([*command, small_task.__file__, str(tmp_path)], check=True, env=environment, timeout=240)
    network = SmallNetwork()
    data = splits(small_task.LONG_IMAGES)
    result = train(network, data, small_task.LONG_RECIPE, tmp_path, preprocessing=PREPROCESSING, progress=False)
    assert result.finished
    assert result.metrics == pytest.approx(evaluate(network, data["val"], PREPROCESSING).metrics(), rel=1e-6)
