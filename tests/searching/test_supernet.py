"""Shared weights: which part each network uses, one training that can be killed, and networks judged by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_space
import torch

from edgewise.costs import count
from edgewise.data import Preprocessing, Split, open_dataset
from edgewise.data.decoded import hold_out
from edgewise.data.statistics import preprocessing_for
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.searching import Objective, Problem, Space, precision
from edgewise.searching.evaluators.shared import SharedWeights
from edgewise.searching.settings import Settings
from edgewise.searching.spaces import SPACES
from edgewise.searching.supernet import checkpoint, sandwich
from edgewise.searching.supernet.extremes import covering, dearest, largest, smallest
from edgewise.searching.supernet.recalibration import recalibrate
from edgewise.searching.supernet.sandwich import Sandwich
from edgewise.searching.supernet.sharing import part_of, shared_tensors
from edgewise.searching.supernet.weights import Supernet
from edgewise.training import PrecisionChoice, Recipe

RECIPE = Recipe(epochs=3, batch_size=32, learning_rate=0.05, precision="32")
CLASSES = ("cat", "dog", "eel", "fox")
SIZES = {"size": 24, "classes": len(CLASSES)}


def millions(architecture: Architecture) -> float:
    return count(architecture).multiply_adds / 1e6


def problem(space: Space = tiny_space.TINY, most: float = 0.25) -> Problem:
    return Problem(space.given(**SIZES), millions, Objective(1.0), most)


QUICK = {"mobilenet_v3_early", "nas_bench_macro"}
"""The others have more choices, and the slow tests."""


@pytest.mark.parametrize("name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in SPACES])
def test_every_network_of_a_space_finds_its_weights(name: str) -> None:
    made = problem(SPACES[name].given(width=0.25), most=1e9)
    net = Supernet.begin(made.space, covering(made), seed=0)
    random = np.random.default_rng(7)
    for _ in range(12):
        point = made.space.sample(random)
        tensors = net.tensors(point)
        with torch.device("meta"):
            network = Network(made.space.architecture(point))
        assert {key: tuple(one.shape) for key, one in network.named_parameters()} == {
            key: tuple(one.shape) for key, one in tensors.items()
        }


def test_the_ends_of_a_space() -> None:
    made = problem()
    costs = {point: made.cost(point) for point in made.space.points()}
    assert made.cost(smallest(made)) == min(costs.values())
    assert made.cost(largest(made)) == max(costs.values())
    assert made.cost(dearest(made)) <= made.most
    assert made.cost(dearest(made)) > 0.8 * made.most


def test_parts_are_the_first_channels_and_the_middle_of_kernels() -> None:
    assert part_of((16, 8, 5, 5), (4, 8, 3, 3)) == (slice(0, 4), slice(0, 8), slice(1, 4), slice(1, 4))
    made = problem()
    wide, narrow = (
        made.space.point({"blocks": 2, "width": width, "kernel": 5 if width == 24 else 3, "squeeze": False})
        for width in (24, 8)
    )
    net = Supernet.begin(made.space, covering(made), seed=0)
    whole, part = net.tensors(wide)["1.depthwise.conv.weight"], net.tensors(narrow)["1.depthwise.conv.weight"]
    assert torch.equal(whole[:16, :, 1:4, 1:4], part)
    # What a layer learns in one network it has learnt in all that have it.
    net.forward(narrow, torch.randn(8, 3, 24, 24)).sum().backward()
    shared = net.parameters[shared_tensors(made.space, narrow)["1.depthwise.conv.weight"].key]
    assert shared.grad is not None
    assert shared.grad[:16, :, 1:4, 1:4].abs().sum() > 0
    assert shared.grad[16:].abs().sum() == shared.grad[:, :, 0].abs().sum() == 0


def test_a_network_with_its_weights_gives_what_the_shared_ones_give() -> None:
    made = problem()
    net = Supernet.begin(made.space, covering(made), seed=0)
    point = made.space.sample(np.random.default_rng(0))
    images = torch.randn(16, 3, 24, 24)
    network = net.network(point)
    recalibrate(network, [(images, torch.zeros(16))])
    assert not network.training
    # Statistics of a batch divide by its size, those that are kept by one less.
    assert torch.allclose(network(images), net.forward(point, images), atol=0.05)


def test_what_is_wider_than_the_weights_is_refused() -> None:
    made = problem()
    net = Supernet.begin(made.space, [smallest(made)], seed=0)
    with pytest.raises(EdgewiseError, match="needs more than the shared weights"):
        net.tensors(largest(made))


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory, coloured_folder: Callable[..., Path]) -> dict[str, Split]:
    folder = coloured_folder(tmp_path_factory.mktemp("images") / "images", CLASSES, 60)
    return hold_out(open_dataset(folder).splits["train"], 0)


PREPROCESSING = Preprocessing(24, 24, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def training(split: Split, path: Path) -> Sandwich:
    return Sandwich(problem(), split, PREPROCESSING, RECIPE, path, "this")


class Killed(Exception):  # noqa: N818 - it stands for a signal
    pass


def test_killed_and_gone_on_with_it_ends_with_the_same_weights(
    splits: dict[str, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandwich, "SAVE_SECONDS", 0.0)
    losses: list[float] = []
    whole = training(splits["train"], tmp_path / "whole.safetensors")
    whole.train(lambda done, steps, loss: losses.append(loss))
    assert len(losses) == whole.steps == whole.done
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])

    def kill(done: int, steps: int, loss: float) -> None:
        if done in (4, 9):
            raise Killed

    parts = training(splits["train"], tmp_path / "parts.safetensors")
    for _ in range(2):
        with pytest.raises(Killed):
            parts.train(kill)
    parts.train(lambda done, steps, loss: None)
    first, _ = checkpoint.load(tmp_path / "whole.safetensors", whole.problem.space)
    second, _ = checkpoint.load(tmp_path / "parts.safetensors", whole.problem.space)
    assert first.parameters.keys() == second.parameters.keys()
    assert all(torch.equal(one, second.parameters[key]) for key, one in first.parameters.items())
    judge = SharedWeights(first, splits, PREPROCESSING)
    points = [smallest(whole.problem), dearest(whole.problem)]
    accuracies = [judge.accuracy(point, 0, lambda: None) for point in points]
    assert min(accuracies) > 0.4  # of four classes
    assert [judge.accuracy(point, 1, lambda: None) for point in points] == accuracies
    with pytest.raises(EdgewiseError, match="is of another search"):
        Sandwich(problem(), splits["train"], PREPROCESSING, RECIPE, tmp_path / "whole.safetensors", "that").train(kill)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"\x00" * 20)
    for read in (
        lambda: checkpoint.steps_done(tmp_path / "broken", "this"),
        lambda: checkpoint.load(tmp_path / "broken", tiny_space.TINY),
    ):
        with pytest.raises(EdgewiseError, match=r"cannot be read .* delete it to train anew"):
            read()


def test_the_precision_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    settings = Settings("tiny", 24, 4, 1.0, "supernet", replace(RECIPE, precision="auto"), preprocessing_for(24))
    monkeypatch.setattr(precision, "choose_precision", lambda *_, **__: PrecisionChoice("bf16", "so it was"))
    first = precision.settled(settings, tmp_path, problem(), told.append)
    assert first == replace(settings, recipe=replace(RECIPE, precision="bf16"))
    assert told == ["training steps of the largest network of interest: so it was"]
    first.write(tmp_path)
    monkeypatch.setattr(precision, "choose_precision", lambda *_, **__: pytest.fail("measured again"))
    assert precision.settled(settings, tmp_path, problem(), told.append) == first
    assert precision.settled(replace(settings, recipe=RECIPE), tmp_path, problem(), told.append).recipe == RECIPE
