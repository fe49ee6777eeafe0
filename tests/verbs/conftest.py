"""A tiny network trained once on images it can learn, for all verbs to work with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from tiny_run import RECIPE, TINY, Made

import edgewise


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Sums are in the same order everywhere, and small tensors are not worth more threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, coloured_folder: Callable[..., Path], one_thread: None) -> Made:
    root = tmp_path_factory.mktemp("made for verbs")
    images = coloured_folder(root / "my images", ("cat", "dög pup", "eel"), 20)
    trained = edgewise.train(images, TINY, out=root / "run", recipe=RECIPE, progress=False, command="make it")
    return Made(images, trained, edgewise.export(trained.model_file).artifact)
