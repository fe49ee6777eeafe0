"""A study: the same trials however often it is interrupted, no network evaluated twice, and the front of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from toy import accuracy, problem

from edgewise.errors import EdgewiseError
from edgewise.searching.archive import Trial, front_of, read_archive, write_archive
from edgewise.searching.searchers import PPO, ControllerSearch, RandomSearch, Surrogate
from edgewise.searching.study import Asked, Study


class Recorder:
    """Evaluates, and remembers what it was asked for."""

    def __init__(self, failing: Sequence[int] = ()) -> None:
        self.asked: list[Asked] = []
        self.failing = failing

    def __call__(self, asked: Sequence[Asked]) -> Mapping[int, float]:
        self.asked += asked
        return {one.number: accuracy(one.point) for one in asked if one.number not in self.failing}


def test_the_same_trials_whether_at_once_or_in_parts() -> None:
    made = problem()
    whole = Study(made, Surrogate(made, seed=1), Recorder()).run(23)
    again = problem()
    part = Study(again, Surrogate(again, seed=1), Recorder()).run(12)
    assert part == whole[:12]
    assert [one.number for one in whole] == list(range(23))


def test_what_is_proposed_again_is_not_evaluated_again() -> None:
    made, recorder = problem(), Recorder()
    sure = ControllerSearch(made, ppo=PPO(batch=10, learning_rate=0.05))
    trials = Study(made, sure, recorder).run(150)
    evaluated = [one for one in trials if one.like is None and one.digest is not None]
    assert len(recorder.asked) == len(evaluated) < 100
    for one in trials:
        if one.like is not None:
            first = trials[one.like]
            assert first.number < one.number
            assert (one.digest, one.cost, one.accuracy) == (first.digest, first.cost, first.accuracy)
    none = [one for one in trials if one.digest is None]
    assert none  # points that are no network
    assert all(one.accuracy is None for one in none)


def test_what_cannot_be_evaluated_is_none_of_the_front() -> None:
    made = problem()
    trials = Study(made, RandomSearch(made, seed=0), Recorder(failing=(2, 3))).run(10)
    assert [one.number for one in trials if one.accuracy is None] == [2, 3]
    best = front_of(trials)
    assert all(one.accuracy is not None for one in best)
    assert [one.cost for one in best] == sorted(one.cost for one in best)
    for one in trials:
        assert one.accuracy is None or any(
            other.cost <= one.cost and (other.accuracy or 0) >= one.accuracy for other in best
        )


def test_measured_costs_replace_expected_ones() -> None:
    made = problem()
    trials = Study(made, RandomSearch(made), Recorder(), lambda points: [7.0] * len(points)).run(5)
    assert {one.cost for one in trials} == {7.0}


def test_it_ends_when_it_is_told_to_and_when_the_space_has_no_more() -> None:
    made = problem()
    batches: list[int] = []
    study = Study(made, RandomSearch(made), Recorder(), told=lambda trials: batches.append(len(trials)))
    assert len(study.run(1000)) == 66
    made = problem()
    count = iter(range(100))
    assert len(Study(made, RandomSearch(made), Recorder()).run(1000, lambda: next(count) == 3)) == 12
    assert batches[:3] == [4, 8, 12]


def test_the_archive_is_read_as_it_was_written(tmp_path: Path) -> None:
    trials = [
        Trial(0, (1, 2), "abc", 0.5, 0.9),
        Trial(1, (0, 0), None, 2.0, None),
        Trial(2, (1, 2), "abc", 0.5, 0.9, 0),
    ]
    write_archive(tmp_path, trials)
    assert read_archive(tmp_path) == trials
    (tmp_path / "archive.json").write_text("[{}]")
    with pytest.raises(EdgewiseError, match="cannot be used"):
        read_archive(tmp_path)
    with pytest.raises(EdgewiseError, match="has no search; begin one with `edgewise search --out"):
        read_archive(tmp_path / "nowhere")
