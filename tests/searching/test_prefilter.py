"""Which of several untrained networks is chosen, and by what."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import toy
from test_lookup import written
from torch import Tensor, nn
from toy import TOY, accuracy, problem

from edgewise.costs import count
from edgewise.data import open_dataset
from edgewise.data.statistics import preprocessing_for, statistics
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.searching import Point, Problem, Result
from edgewise.searching.naswot import naswot
from edgewise.searching.prefilter import EVIDENCE, Prefilter, at_equal_cost
from edgewise.searching.searchers import Evolution, RandomSearch, Searcher, Surrogate
from edgewise.searching.searchers.named import find_searcher
from edgewise.searching.untrained import UntrainedScores
from edgewise.training.threads import one_thread
from edgewise.verbs.search import search
from predicted_device import device


def test_ranks_at_equal_cost() -> None:
    random = np.random.default_rng(0)
    costs, own = random.normal(size=400), random.normal(size=400)
    accuracies = 10 * costs + own
    assert at_equal_cost(costs**3, accuracies, costs) == 0  # nothing that the cost does not say
    assert at_equal_cost(own, accuracies, costs) > 0.8
    assert at_equal_cost(-own, accuracies, costs) < -0.8
    assert abs(at_equal_cost(random.normal(size=400), accuracies, costs)) < 0.15
    assert at_equal_cost(np.ones(400), accuracies, costs) == 0
    assert at_equal_cost(own, own**3, np.ones(400)) == pytest.approx(1)


def kernel(architecture: Architecture) -> float:
    """A score: the size of the toy's first kernels."""
    return float(architecture.rows[0].kernel)  # type: ignore[attr-defined]


def multiply_adds(architecture: Architecture) -> float:
    return float(count(architecture).multiply_adds)


def told(value: Callable[[Architecture], float], number: int) -> list[Result]:
    """Networks that cost the same, with accuracies that follow from `value`."""
    points = problem().distinct(list(TOY.points()), set())
    some = [points[place] for place in np.random.default_rng(1).permutation(len(points))[:number]]
    return [Result(point, 0.5 + 1e-9 * value(TOY.architecture(point)), 1.0) for point in some]


SMALL_KERNEL, LARGE_KERNEL = (3, 0, 1, 4), (0, 1, 0, 0)
"""The first does more multiply-adds."""


def test_at_first_the_score_chooses_and_then_what_ranks_trained_networks_better() -> None:
    said: list[str] = []
    prefilter = Prefilter(TOY, kernel, said.append)
    assert prefilter.best([SMALL_KERNEL, LARGE_KERNEL]) == LARGE_KERNEL
    prefilter.tell(told(multiply_adds, EVIDENCE - 1))
    assert prefilter.best([SMALL_KERNEL, LARGE_KERNEL]) == LARGE_KERNEL  # too few to say
    assert not said
    prefilter.tell(told(multiply_adds, EVIDENCE))
    assert prefilter.best([SMALL_KERNEL, LARGE_KERNEL]) == SMALL_KERNEL
    assert f"the {2 * EVIDENCE - 1} networks judged so far are ranked at 0." in said[-1]
    assert "by the untrained score and at 1.00 by multiply-adds" in said[-1]
    assert said[-1].endswith("multiply-adds will be what they are chosen by")
    prefilter.tell(told(multiply_adds, 5))
    assert len(said) == 1  # of what stays as it is nothing is said


def test_where_neither_ranks_better_than_chance_nothing_chooses() -> None:
    said: list[str] = []
    prefilter = Prefilter(TOY, kernel, said.append)
    prefilter.tell(told(lambda one: -multiply_adds(one) - 1e6 * kernel(one), 40))
    assert not prefilter.chooses
    assert prefilter.best([SMALL_KERNEL, LARGE_KERNEL]) == SMALL_KERNEL  # the first
    assert said[-1].endswith("they will be chosen by neither")
    made = RandomSearch(problem(), seed=4, prefilter=prefilter)
    assert made.ask() == RandomSearch(problem(), seed=4).ask()  # no more are drawn than are needed
    assert made.ask() != RandomSearch(problem(), seed=4, prefilter=Prefilter(TOY, kernel)).ask()


def test_what_could_not_be_trained_says_nothing() -> None:
    prefilter = Prefilter(TOY, kernel)
    prefilter.tell([Result(one.point, 0.0, one.cost) for one in told(kernel, 40)])
    assert prefilter.chooses


@cache
def by_digest() -> dict[str, Point]:
    return {TOY.architecture(point).digest: point for point in problem().distinct(list(TOY.points()), set())}


def knowing(architecture: Architecture) -> float:
    """A score that ranks the toy's networks as training does."""
    return accuracy(by_digest()[architecture.digest])


DRAWING: dict[str, Callable[[Problem, int, Prefilter | None], Searcher]] = {
    "random": lambda made, seed, prefilter: RandomSearch(made, seed=seed, prefilter=prefilter),
    "evolution": lambda made, seed, prefilter: Evolution(made, seed=seed, population=12, prefilter=prefilter),
    "surrogate": lambda made, seed, prefilter: Surrogate(made, seed=seed, prefilter=prefilter),
}


def searched(name: str, seed: int, prefilter: Prefilter | None, number: int) -> list[Result]:
    made = problem()
    searcher = DRAWING[name](made, seed, prefilter)
    found: list[Result] = []
    while len(found) < number and (points := searcher.ask()):
        batch = [Result(point, accuracy(point), made.cost(point)) for point in points]
        searcher.tell(batch)
        found += batch
    return found


@pytest.mark.parametrize("name", list(DRAWING))
def test_searchers_begin_with_better_networks_that_cost_as_much(name: str) -> None:
    def first(prefilter: Callable[[], Prefilter | None]) -> tuple[float, float]:
        found = [one for seed in range(5) for one in searched(name, seed, prefilter(), 8)[:8]]
        return float(np.mean([one.accuracy for one in found])), float(np.mean([one.cost for one in found]))

    filtered, filtered_cost = first(lambda: Prefilter(TOY, knowing))
    drawn, drawn_cost = first(lambda: None)
    assert filtered > drawn + 0.02
    assert filtered_cost < 1.4 * drawn_cost  # the dearest of 24 costs more than twice as much


@pytest.mark.parametrize("name", list(DRAWING))
def test_searchers_with_a_prefilter_repeat_and_come_to_an_end(name: str) -> None:
    found, again = (searched(name, 3, Prefilter(TOY, knowing), 100) for _ in range(2))
    assert found == again
    made = problem()
    assert len({made.key(one.point) for one in found}) == len(found) == 66


def test_after_a_choice_of_good_ones_worse_ones_count_too() -> None:
    """Those of a surrogate's first networks that it chose itself do not say where accuracies end that are of use."""
    first = [0.9, 0.8, 0.85]
    assert Surrogate(problem())._least(first) == 0.8
    assert Surrogate(problem(), prefilter=Prefilter(TOY, knowing))._least(first) == pytest.approx(0.7)


def test_only_searchers_that_draw_networks_take_a_prefilter() -> None:
    for name in DRAWING:
        assert find_searcher(name, prefilter=True)
    with pytest.raises(EdgewiseError, match="--prefilter chooses among networks drawn at random, and ppo draws none"):
        find_searcher("ppo", prefilter=True)


def test_naswot_is_what_its_authors_wrote_down() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.Hardswish(), nn.Flatten())
    images = torch.randn(6, 3, 8, 8)
    first = network[1](network[0](images))
    second = network[3](network[2](first))
    codes = torch.cat([(first > 0).flatten(1), (second > 0).flatten(1)], 1).int()
    hamming = (codes[:, None] != codes[None]).sum(-1)
    kernel = (codes.shape[1] - hamming).double()
    assert naswot(network, images) == pytest.approx(float(torch.logdet(kernel)), rel=1e-9)
    assert naswot(nn.Sequential(nn.Conv2d(3, 4, 3)), images) == 0


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_a_larger_network_scores_more_and_nobody_elses_random_numbers_are_taken(images: Tensor) -> None:
    networks = [Network(find("mobilenet_v3_small").scaled(width).with_input(32), seed=0) for width in (0.5, 1.0)]
    state = torch.random.get_rng_state()
    small, large = (naswot(network, images) for network in networks)
    assert small < large
    assert torch.equal(torch.random.get_rng_state(), state)  # though there is dropout


def test_untrained_scores_are_kept(
    tmp_path: Path, coloured_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    split = open_dataset(coloured_folder(tmp_path / "images", ("cat", "dog"), 20)).splits["train"]
    preprocessing = preprocessing_for(16, statistics(split))
    path = tmp_path / "untrained.json"
    said: list[str] = []
    scores = UntrainedScores(split, preprocessing, seed=0, path=path, tell=said.append)
    first, second = (TOY.architecture(point) for point in ((0, 0, 0, 0), (3, 2, 1, 4)))
    found = scores(first), scores(second)
    assert found[0] < found[1]
    assert len(said) == 1
    with one_thread():
        assert UntrainedScores(split, preprocessing, seed=0, path=tmp_path / "other.json")(second) == found[1]
    monkeypatch.setattr("edgewise.searching.untrained.naswot", None)
    again = UntrainedScores(split, preprocessing, seed=0, path=path)
    assert (again(first), again(second)) == found
    path.write_text("{")
    with pytest.raises(EdgewiseError, match=r"untrained\.json cannot be used \(.*\); delete it to score again"):
        UntrainedScores(split, preprocessing, seed=0, path=path)


def test_a_whole_search_with_a_prefilter(tmp_path: Path, coloured_folder: Callable[..., Path]) -> None:
    images = coloured_folder(tmp_path / "images", ("cat", "dog"), 12)
    device().write(tmp_path / "device.json")
    table = written(tmp_path / "results.csv")

    def run(out: str, trials: int, *, prefilter: bool = True) -> list[Point]:
        made = search(
            toy.__file__,
            images,
            "0.05ms",
            out=tmp_path / out,
            evaluator="lookup",
            results=table,
            device=tmp_path / "device.json",
            size=16,
            trials=trials,
            finish=0,
            workers=1,
            searcher="evolution",
            prefilter=prefilter,
        )
        return [one.point for one in made.trials]

    whole = run("whole", 16)
    assert run("part", 8) == whole[:8]
    assert run("part", 16) == whole
    assert run("without", 8, prefilter=False) != whole[:8]
    assert len(json.loads((tmp_path / "whole" / "untrained.json").read_text())) > 16
