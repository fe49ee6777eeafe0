"""Successive halving: who goes on, how long everyone trains, and that nothing is trained twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from making import candidate

from edgewise.data import Dataset, open_dataset
from edgewise.data.statistics import statistics
from edgewise.errors import EdgewiseError
from edgewise.fitting import halving as module
from edgewise.fitting.candidates import Candidate
from edgewise.fitting.halving import (
    MOST_EPOCHS,
    RUNGS,
    Halving,
    Schedule,
    Standing,
    default_recipe,
    guessing,
    score_of,
    with_epochs,
)
from edgewise.fitting.report import _doubt
from edgewise.fitting.selection import halved
from edgewise.nn import Network
from edgewise.run_folder import RunFolder
from edgewise.training import PrecisionChoice, Recipe, recipes
from edgewise.training import train as real_train

RECIPE = Recipe(epochs=20, batch_size=8, learning_rate=0.1, warmup_epochs=2, ema=0.9, precision="32")
FOUR = [candidate(name, family=name, multiply_adds=index, channels=8) for index, name in enumerate("dcba")]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, coloured_folder: Callable[..., Path]) -> Dataset:
    """60 images to train, 6 to validate."""
    return open_dataset(coloured_folder(tmp_path_factory.mktemp("halving") / "images", ("a", "b", "c"), 24))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def speed(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Images per second in training, by candidate; others take 100."""
    speeds: dict[str, float] = {}

    def choose(network: Network, recipe: Recipe, **_: object) -> PrecisionChoice:
        return PrecisionChoice("32", "said so", speeds.get(network.architecture.name, 100.0), 1.0)

    monkeypatch.setattr(module, "choose_precision", choose)
    return speeds


@dataclass
class Race:
    """Stands in for training: who was trained how far, and what everyone scores."""

    scores: Mapping[str, float]
    trained: list[tuple[str, int | None]]

    def train(self, network: Network, dataset: object, recipe: Recipe, home: Path, **options: object) -> object:
        until = options["until_step"]
        assert until is None or isinstance(until, int)
        assert home.name == network.architecture.name
        self.trained.append((network.architecture.name, until))
        return SimpleNamespace(steps=until, metrics={})

    def evaluate(self, network: Network, *_: object) -> object:
        return SimpleNamespace(metrics=lambda: {"accuracy": self.scores[network.architecture.name]})


def race(monkeypatch: pytest.MonkeyPatch, **scores: float) -> Race:
    made = Race(scores, [])
    monkeypatch.setattr(module, "train", made.train)
    monkeypatch.setattr(module, "evaluate", made.evaluate)
    return made


def halving(
    folder: RunFolder, dataset: Dataset, *, epochs: int | None = 20, seconds: float = 60, told: list[str] | None = None
) -> Halving:
    return Halving(
        folder=folder,
        dataset=dataset,
        statistics=statistics(dataset.splits["train"]),
        recipe=RECIPE,
        seconds=seconds,
        epochs=epochs,
        workers=0,
        progress=False,
        tell=(lambda text: None) if told is None else told.append,
    )


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run", {})


def steps_at(share: float, dataset: Dataset, epochs: int = 20) -> int:
    return round(share * epochs * (len(dataset.splits["train"]) // RECIPE.batch_size))


def test_the_better_half_goes_on(monkeypatch: pytest.MonkeyPatch, folder: RunFolder, dataset: Dataset) -> None:
    ran = race(monkeypatch, a=0.1, b=0.4, c=0.3, d=0.2)
    told: list[str] = []
    made = halving(folder, dataset, told=told)
    winner, _, network = made.run(FOUR)
    first, second = (steps_at(share, dataset) for share in RUNGS)
    assert ran.trained == [(name, first) for name in "dcba"] + [("b", second), ("c", second), ("b", None)]
    assert winner.name == "b"
    assert network.architecture == winner.architecture
    assert [(one.candidate, one.rung, one.step, one.score) for one in made.standings] == [
        ("d", 1, first, 0.2),
        ("c", 1, first, 0.3),
        ("b", 1, first, 0.4),
        ("a", 1, first, 0.1),
        ("b", 2, second, 0.4),
        ("c", 2, second, 0.3),
    ]
    assert "rung 1: b, c of 4 go on" in told
    assert told[-1] == "training b to the end"


def test_equal_scores_keep_the_order_of_the_rule(
    monkeypatch: pytest.MonkeyPatch, folder: RunFolder, dataset: Dataset
) -> None:
    race(monkeypatch, a=0.5, b=0.5, c=0.5, d=0.5)
    assert halving(folder, dataset).run(FOUR)[0].name == "d"


@pytest.mark.parametrize(("best", "chance"), [(0.3, True), (0.5, True), (0.9, False)])
def test_where_none_does_better_than_guessing_it_is_told(
    monkeypatch: pytest.MonkeyPatch, folder: RunFolder, dataset: Dataset, best: float, chance: bool
) -> None:
    """Three classes alike, 6 images: to two standard errors, up to 0.72 is guessing."""
    race(monkeypatch, a=0.1, b=best, c=0.3, d=0.2)
    told: list[str] = []
    halving(folder, dataset, told=told).run(FOUR)
    said = "rung 1: none of them does better than guessing yet, so that this says little; allow more --minutes"
    assert any(line.startswith(said) for line in told) == chance


def test_scores_that_are_no_accuracies_are_no_guesses(dataset: Dataset) -> None:
    low = [Standing("a", 1, 1, 0.0)]
    assert guessing(low, dataset)
    assert not guessing(low, replace(dataset, multi_label=True))
    assert not guessing([], dataset)


def test_a_late_winner_wins(monkeypatch: pytest.MonkeyPatch, folder: RunFolder, dataset: Dataset) -> None:
    """What counts is the standing of the last rung."""
    ran = race(monkeypatch, a=0.5, b=0.6, c=0.1, d=0.1)
    monkeypatch.setattr(module, "score_of", lambda metrics: scores.pop(0))
    scores = [0.1, 0.1, 0.6, 0.5, 0.7, 0.8]  # d c b a, then b a
    assert halving(folder, dataset).run(FOUR)[0].name == "a"
    assert ran.trained[-1] == ("a", None)


@pytest.mark.parametrize(("count", "trained"), [(1, 0), (2, 2), (3, 5), (4, 6), (5, 8)])
def test_every_number_of_candidates(
    monkeypatch: pytest.MonkeyPatch, folder: RunFolder, dataset: Dataset, count: int, trained: int
) -> None:
    names = "abcde"[:count]
    ran = race(monkeypatch, **{name: 1 / ord(name) for name in names})
    winner, _, _ = halving(folder, dataset).run([candidate(name, family=name) for name in names])
    assert winner.name == "a"
    assert len(ran.trained) == trained + 1


def test_finished_rungs_are_not_trained_again(
    monkeypatch: pytest.MonkeyPatch, folder: RunFolder, dataset: Dataset
) -> None:
    ran = race(monkeypatch, a=0.1, b=0.4, c=0.3, d=0.2)
    first = halving(folder, dataset)
    first.run(FOUR)
    ran.trained.clear()
    told: list[str] = []
    second = halving(folder, dataset, told=told)
    winner, _, _ = second.run(FOUR)
    assert winner.name == "b"
    assert ran.trained == [("b", None)]
    assert second.standings == first.standings
    assert not {f"rung 1: {name}" for name in "abcd"} & set(told)


def test_a_run_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch, folder: RunFolder, dataset: Dataset) -> None:
    ran = race(monkeypatch, a=0.1, b=0.4, c=0.3, d=0.2)
    train = ran.train

    def fail_at_b(network: Network, *rest: object, **options: object) -> object:
        if network.architecture.name == "b":
            raise KeyboardInterrupt
        return train(network, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "train", fail_at_b)
    with pytest.raises(KeyboardInterrupt):
        halving(folder, dataset).run(FOUR)
    assert [name for name, _ in ran.trained] == ["d", "c"]
    ran.trained.clear()
    monkeypatch.setattr(module, "train", train)
    assert halving(folder, dataset).run(FOUR)[0].name == "b"
    assert [name for name, _ in ran.trained] == ["b", "a", "b", "c", "b"]


def time_of_all(candidates: int, one: float) -> float:
    """What all rungs take together when a whole schedule takes `one`."""
    alive, done, total = candidates, 0.0, 0.0
    for rung, share in enumerate(RUNGS, 1):
        if alive == 1:
            break
        total += alive * (share - done) * one
        done = share
        alive = 1 if rung == len(RUNGS) else halved([candidate("x")] * alive)
    return total + (1 - done) * one


@given(st.integers(1, 12), st.floats(0.01, 1e6))
def test_all_rungs_together_take_the_time_given(candidates: int, seconds: float) -> None:
    assert time_of_all(candidates, module._time_of_one(candidates, seconds)) == pytest.approx(seconds)


def test_schedules_take_equal_time(folder: RunFolder, dataset: Dataset, speed: dict[str, float]) -> None:
    speed |= {"a": 200.0, "b": 100.0, "c": 50.0}
    made = halving(folder, dataset, epochs=None, seconds=200)
    candidates = [one for one in FOUR if one.name in "abc"]
    plans = made.schedules(candidates)
    images = len(dataset.splits["train"])
    whole = module._time_of_one(3, 200)
    for name, plan in plans.items():
        assert plan.images_per_second == speed[name]
        taken = plan.recipe.epochs * images / speed[name]
        assert taken <= whole < taken + images / speed[name] or plan.recipe.epochs == MOST_EPOCHS["classify"]
    assert made.schedules(candidates) == plans  # kept


def test_schedules_are_at_least_an_epoch_and_at_most_many(folder: RunFolder, dataset: Dataset) -> None:
    (short,) = halving(folder, dataset, epochs=None, seconds=1e-3).schedules(FOUR[:1]).values()
    assert short.recipe.epochs == 1
    other = RunFolder(folder.path.parent / "other", {})
    (long,) = halving(other, dataset, epochs=None, seconds=1e9).schedules(FOUR[:1]).values()
    assert long.recipe.epochs == MOST_EPOCHS["classify"]


def test_schedules_survive_json() -> None:
    schedule = Schedule(replace(recipes.quick(), epochs=7), 123.5)
    assert Schedule.from_json(schedule.to_json()) == schedule


@pytest.mark.parametrize("epochs", [1, 7, 200])
def test_another_length_keeps_the_shape(epochs: int) -> None:
    steps = replace(RECIPE, schedule="steps", step_epochs=5.0)
    for recipe in (RECIPE, steps):
        changed = with_epochs(recipe, epochs, "bf16")
        assert (changed.epochs, changed.precision) == (epochs, "bf16")
        for tenth in range(10):
            before = recipe.learning_rate_at(tenth * recipe.epochs * 700 // 10, 700)
            after = changed.learning_rate_at(tenth * epochs * 700 // 10, 700)
            assert after == pytest.approx(before, abs=0.1 / 50)


def test_scores_are_accuracy_or_mean_average_precision() -> None:
    assert score_of({"loss": 1.0, "accuracy": 0.25, "top5": 0.75}) == 0.25
    assert score_of({"loss": 1.0, "accuracy": 0.25, "mean_average_precision": 0.5}) == 0.5
    assert score_of({"loss": 1.0}) == 0.0


def test_the_default_recipe_suits_the_data(dataset: Dataset) -> None:
    small = default_recipe(dataset, 32, seed=3, flip=False)
    assert small.augmentation is not None
    assert (small.loss, small.seed, small.batch_size) == ("softmax", 3, 32)
    assert (small.augmentation.crop, small.augmentation.flip) == ("pad", False)
    large = default_recipe(replace(dataset, multi_label=True), 224, seed=0, flip=True)
    assert large.augmentation is not None
    assert (large.loss, large.augmentation.crop, large.augmentation.flip) == ("sigmoid", "resized", True)


def two() -> list[Candidate]:
    return [candidate("narrow", family="a", channels=4), candidate("wide", family="b", channels=16)]


def test_the_winner_went_through_its_own_schedule_once(folder: RunFolder, dataset: Dataset, tmp_path: Path) -> None:
    """With real training: interrupted by the rungs, the weights are those of one unbroken run."""
    made = halving(folder, dataset, epochs=3)
    winner, result, network = made.run(two())
    plan = made.schedules(two())[winner.name]
    assert result.finished
    assert result.steps == 3 * (len(dataset.splits["train"]) // RECIPE.batch_size)
    unbroken = Network(winner.architecture, seed=plan.recipe.seed)
    options = {"preprocessing": made.preprocessing(winner), "progress": False}
    real_train(unbroken, dataset, plan.recipe, tmp_path / "unbroken", **options)  # type: ignore[arg-type]
    expected = unbroken.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in network.state_dict().items())
    steps = {one.candidate: one.step for one in made.standings}
    assert set(steps.values()) == {steps_at(RUNGS[0], dataset, 3)}


def test_fewer_images_than_a_batch(folder: RunFolder, dataset: Dataset) -> None:
    """A step is then all images together; the shares of the rungs are of the steps there are."""
    made = replace(halving(folder, dataset, epochs=10), recipe=replace(RECIPE, batch_size=512))
    winner, result, _ = made.run(two())
    assert result.steps == 10
    assert {one.step for one in made.standings} == {round(RUNGS[0] * 10)}
    assert winner.name in {"narrow", "wide"}


def test_a_training_folder_of_another_network_is_refused(folder: RunFolder, dataset: Dataset) -> None:
    made = halving(folder, dataset, epochs=1)
    made.run(two()[:1])
    other = [replace(one, architecture=replace(two()[1].architecture, name=one.name)) for one in two()[:1]]
    with pytest.raises(EdgewiseError, match="narrow holds a run"):
        made.run(other)


def test_the_report_says_where_it_was_chance_that_chose(dataset: Dataset) -> None:
    first = [Standing(name, 1, 1, 0.95) for name in "ab"]
    assert _doubt([*first, Standing("a", 2, 2, 0.3), Standing("b", 2, 2, 0.2)], dataset) == {
        "chosen": "by chance at rung 2: no candidate did better than guessing; allow more --minutes, or --epochs"
    }
    early = [Standing(name, 1, 1, 0.3) for name in "abcd"]
    decided = [Standing("a", 2, 2, 0.95), Standing("b", 2, 2, 0.9)]
    assert str(_doubt([*early, *decided], dataset)["chosen"]).startswith("by chance at rung 1: ")
    assert not _doubt([*first, Standing("a", 2, 2, 0.9), Standing("b", 2, 2, 0.2)], dataset)
    assert not _doubt([Standing("a", 0, 2, 0.3)], dataset)  # nobody to choose from
    assert not _doubt([], dataset)
