"""What holds for every searcher, and what each is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy import TOY, accuracy, problem, results

from edgewise.searching import Problem, Result, hypervolume
from edgewise.searching.gaussian_process import Data, fitted
from edgewise.searching.searchers import (
    PPO,
    ControllerSearch,
    Evolution,
    OptunaSearch,
    RandomSearch,
    Searcher,
    Surrogate,
)

Make = Callable[[Problem, int], Searcher]

SEARCHERS: dict[str, Make] = {
    "random": lambda made, seed: RandomSearch(made, seed=seed),
    "evolution": lambda made, seed: Evolution(made, seed=seed, population=10, sample=3),
    "surrogate": lambda made, seed: Surrogate(made, seed=seed),
    "controller": lambda made, seed: ControllerSearch(made, seed=seed, ppo=PPO(batch=5)),
}


def searched(make: Make, evaluations: int, seed: int = 0) -> list[Result]:
    """The first results of a search, fewer where the space has no more."""
    made = problem()
    searcher = make(made, seed)
    found: list[Result] = []
    while len(found) < evaluations and (points := searcher.ask()):
        batch = results(made, points)
        searcher.tell(batch)
        found += batch
    return found[:evaluations]


@pytest.fixture(params=SEARCHERS.values(), ids=list(SEARCHERS))
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


def test_what_is_told_again_leads_to_the_same(make: Make) -> None:
    made = problem()
    first, state = make(made, 3), torch.random.get_rng_state()
    told: list[list[Result]] = []
    for _ in range(5):
        batch = results(made, first.ask())
        first.tell(batch)
        told.append(batch)
    second = make(problem(), 3)
    for batch in told:
        second.ask()
        second.tell(batch)
    assert second.ask() == first.ask()
    assert torch.equal(torch.random.get_rng_state(), state)  # nobody else's random numbers are taken
    assert searched(make, 8, seed=1) != searched(make, 8, seed=2)


@pytest.mark.parametrize("name", ["random", "evolution", "surrogate"])
def test_no_network_twice_and_an_end(name: str) -> None:
    made = problem()
    found = searched(SEARCHERS[name], 100)
    keys = [made.key(one.point) for one in found]
    assert len(set(keys)) == len(keys) == 66
    assert None not in keys


def test_the_surrogate_finds_the_front_sooner_than_chance() -> None:
    made = problem()
    whole = [Result(point, accuracy(point), made.cost(point)) for point in made.distinct(list(TOY.points()), set())]
    worst = (0.3, max(one.cost for one in whole))

    def covered(found: list[Result]) -> float:
        return hypervolume([(one.accuracy, one.cost) for one in found], worst)

    best = covered(whole)
    chance = np.mean([covered(searched(SEARCHERS["random"], 32, seed)) for seed in range(5)]) / best
    guided = np.mean([covered(searched(SEARCHERS["surrogate"], 32, seed)) for seed in range(5)]) / best
    assert 1 - guided < 0.5 * (1 - chance)


def test_the_surrogate_begins_with_the_network_that_a_space_is_around() -> None:
    plain = problem()
    around = (1, 1, 1, 2)
    begun = replace(plain, space=replace(TOY, around=TOY.named(around)))
    first = Surrogate(begun).ask()
    assert first[0] == around
    assert len(set(first)) == len(first) == len(Surrogate(plain).ask())
    beyond = replace(begun, most=0.9 * plain.cost(around))
    assert around not in Surrogate(beyond).ask()


def test_the_surrogate_looks_where_costs_are_of_interest() -> None:
    def best_within(most: float, seed: int, least: float) -> float:
        found = searched(lambda made, seed: Surrogate(replace(made, least=least), seed=seed), 14, seed)
        return max(one.accuracy for one in found if one.cost <= most)

    seeds = range(5)
    aimed, wide = (np.mean([best_within(0.8, seed, least) for seed in seeds]) for least in (0.8, 0.0))
    assert aimed > wide + 0.01


def test_the_process_predicts_what_follows_from_options() -> None:
    made = problem()
    points = made.distinct(list(TOY.points()), set())
    random = np.random.default_rng(0)
    order = random.permutation(len(points))
    seen, unseen = ([points[index] for index in part] for part in (order[:30], order[30:]))

    def data(some: list[tuple[int, ...]]) -> Data:
        return Data(np.array(some), np.log([made.cost(point) for point in some]))

    process = fitted(data(seen), np.array([accuracy(point) for point in seen]))
    truth = np.array([accuracy(point) for point in unseen])
    mean, deviation = process.predicted(data(unseen))
    assert float(np.abs(mean - truth).mean()) < 0.25 * float(truth.std())
    assert float(np.mean(np.abs(mean - truth) < 3 * deviation)) > 0.9
    again, surer = process.given(data(unseen), truth).predicted(data(unseen))
    assert float(np.abs(again - truth).mean()) < float(np.abs(mean - truth).mean())
    assert (surer < deviation).all()


def test_the_controller_learns_what_is_rewarded() -> None:
    found = searched(lambda made, seed: ControllerSearch(made, seed=seed, ppo=PPO(learning_rate=1e-2, batch=10)), 600)
    made = problem()
    rewards = [made.reward(one) for one in found]
    assert np.mean(rewards[-100:]) > np.mean(rewards[:100]) + 0.05


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_optunas_samplers(sampler: str) -> None:
    made = problem()
    searcher = OptunaSearch(made, sampler=sampler, batch=4)  # type: ignore[arg-type]
    for _ in range(3):
        asked = searcher.ask()
        assert all(len(TOY.named(point)) == 4 for point in asked)
        searcher.tell([Result(point, accuracy(point), 1.0) for point in asked])
