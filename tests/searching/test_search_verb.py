"""The whole way: a space, images and a budget in, a front and trained models out; killed, joined or neither."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import quick_search
import tiny_space
from optuna.trial import TrialState

from edgewise.costs import count
from edgewise.errors import BudgetError, EdgewiseError
from edgewise.searching.archive import DIRECTIONS, Trial, read_archive
from edgewise.searching.run import SearchRun
from edgewise.searching.study import Asked
from edgewise.tasks import Queue
from edgewise.tasks.queue import FILE, Worker, worker_of
from edgewise.training import Recipe
from edgewise.verbs.search import Searched, _short, search
from edgewise.verbs.search_status import search_status
from edgewise.weights import load_model
from predicted_device import device

Given = tuple[Path, Path]

CLASSES = ("cat", "dog", "eel", "fox")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory, coloured_folder: Callable[..., Path]) -> Given:
    """Images, and the profile of a device."""
    folder = tmp_path_factory.mktemp("given")
    profile = folder / "device.json"
    device().write(profile)
    return coloured_folder(folder / "images", CLASSES, 40), profile


@pytest.fixture(scope="module")
def unbroken(given: Given, tmp_path_factory: pytest.TempPathFactory) -> Searched:
    return quick_search.run(*given, tmp_path_factory.mktemp("unbroken") / "run", finish=2)


def test_the_front_is_of_the_trials_and_what_was_finished_of_the_front(unbroken: Searched) -> None:
    assert len(unbroken.trials) == 20
    assert len({one.digest for one in unbroken.trials}) == 20
    assert all(one.cost <= 1.5 * unbroken.budget_ms for one in unbroken.trials)
    assert [one.ms for one in unbroken.front] == sorted(one.ms for one in unbroken.front)
    best = max(one.trial.accuracy or 0 for one in unbroken.front)
    assert best == max(one.accuracy or 0 for one in unbroken.trials) > 0.5
    first, second = unbroken.models
    assert first.name == "1x"
    # Of its trial, not of its share: more trials may find another network for that.
    assert [one.file for one in unbroken.models] == [
        f"models/trial-{one.trial}/model.safetensors" for one in unbroken.models
    ]
    assert second.trial in {one.trial.number for one in unbroken.front} - {first.trial}
    assert first.ms <= unbroken.budget_ms
    _, card = load_model(unbroken.folder / first.file)
    trial = unbroken.trials[first.trial]
    assert card.architecture.rows == unbroken.space.architecture(trial.point).rows
    assert card.classes == CLASSES
    assert card.metrics["test_accuracy"] == first.metrics["test_accuracy"]


def test_the_record_and_the_page(unbroken: Searched, given: Given) -> None:
    record = json.loads((unbroken.folder / "search.json").read_text())
    assert record["asked"]["budget"] == "0.02ms"
    assert len(record["trials"]) == 20
    assert not record["latencies_measured"]
    assert [one["trial"] for one in record["front"]] == [one.trial.number for one in unbroken.front]
    page = (unbroken.folder / "report.html").read_text()
    tree = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))
    anchors = {one.get("id") for one in tree.iter() if (one.get("id") or "").startswith("trial-")}
    links = {one.get("href") for one in tree.iter() if (one.get("href") or "").startswith("#trial-")}
    assert links == {f"#{anchor}" for anchor in anchors} == {f"#trial-{one.trial.number}" for one in unbroken.front}
    assert "kernel" in page
    assert unbroken.models[0].file in page


def test_the_trials_are_what_optunas_tools_show(unbroken: Searched) -> None:
    # On a busy machine a worker may have been taken for hung, and its trial redone.
    trials = Queue(unbroken.folder, directions=DIRECTIONS).study.get_trials(states=(TrialState.COMPLETE,))
    assert len(trials) == 20
    for one in trials:
        number = one.user_attrs["task"]["number"]
        trial = unbroken.trials[number]
        assert one.params == unbroken.space.named(trial.point)
        assert one.values == [trial.accuracy, trial.cost]


def test_the_same_call_goes_on_with_more_trials_and_nothing_twice(given: Given, unbroken: Searched) -> None:
    again = quick_search.run(*given, unbroken.folder, trials=24, finish=1)
    assert again.trials[:20] == unbroken.trials
    assert len(again.trials) == 24
    assert again.models[0] == unbroken.models[0] or again.models[0].trial >= 20
    with pytest.raises(EdgewiseError, match=r"asked for something else \(searcher\)"):
        quick_search.run(*given, unbroken.folder, searcher="random")


def test_status(unbroken: Searched) -> None:
    status = search_status(unbroken.folder)
    assert status.trials == len(read_archive(unbroken.folder))
    assert [one.number for one in status.front]
    assert status.state == f"finished; see {unbroken.folder / 'report.html'}"
    with pytest.raises(EdgewiseError, match="there is no folder nowhere; begin a search"):
        search_status(Path("nowhere"))


def test_a_supernet_judges(given: Given, tmp_path: Path) -> None:
    made = quick_search.run(*given, tmp_path / "run", evaluator="supernet", trials=15, proxy_epochs=4, finish=1)
    assert max(one.accuracy or 0 for one in made.trials) > 0.5
    assert "shared weights" in (made.folder / "report.html").read_text()
    assert made.models[0].metrics["test_accuracy"] > 0.25


@pytest.mark.slow
def test_search_then_netadapt(given: Given, tmp_path: Path) -> None:
    names = [choice.name for choice in tiny_space.TINY.choices]
    lines = [",".join([*names, "accuracy"])]
    for point in tiny_space.TINY.points():  # the larger the better
        named = tiny_space.TINY.named(point)
        accuracy = count(tiny_space.TINY.architecture(point)).multiply_adds / 1e6
        lines.append(",".join([*(str(named[name]) for name in names), f"{accuracy:.4f}"]))
    (tmp_path / "results.csv").write_text("\n".join(lines))
    made = quick_search.run(
        *given,
        tmp_path / "run",
        evaluator="lookup",
        results=tmp_path / "results.csv",
        adapt=True,
        budget="0.02ms",
    )
    found, narrowed = made.models
    assert narrowed.file == f"adapted/trial-{found.trial}/model.safetensors"
    assert narrowed.ms <= 1.01 * made.budget_ms < found.ms <= 1.25 * made.budget_ms
    assert load_model(made.folder / narrowed.file)[1].metrics == narrowed.metrics


def started(given: Given, out: Path, workers: int) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, quick_search.__file__, *map(str, given), str(out), str(workers)],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


def working(out: Path) -> list[Worker]:
    """The workers that have something to do."""
    if not (out / FILE).exists():
        return []
    running = Queue(out, directions=DIRECTIONS).look().running()
    return [worker for one in running if (worker := worker_of(one)) is not None]


def workers_of(pid: int) -> list[int]:
    """The processes that the process `pid` started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, 20])
def test_killed_at_random_the_archive_is_the_same(given: Given, unbroken: Searched, tmp_path: Path, kills: int) -> None:
    """Leaders and workers in turns, each at a moment of its own."""
    out, moments = tmp_path / "run", random.Random(0)
    for number in range(kills):
        process = started(given, out, 2)
        time.sleep(moments.uniform(6.0, 14.0))
        if number % 2:
            for worker in workers_of(process.pid)[:1]:
                os.kill(worker, signal.SIGKILL)
        else:
            process.kill()
            process.communicate()
            continue
        time.sleep(moments.uniform(0.5, 2.0))
        process.kill()
        process.communicate()
    resumed = quick_search.run(*given, out)
    assert resumed.trials == unbroken.trials[:20]
    study = Queue(out, directions=DIRECTIONS).study.get_trials(deepcopy=False)
    states = [one.state.name for one in study]
    assert states.count("COMPLETE") == 20
    assert states.count("FAIL") <= kills
    assert not {"RUNNING", "WAITING"} & set(states)


@pytest.mark.slow
def test_a_second_process_works_for_the_first(given: Given, unbroken: Searched, tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = started(given, out, 1)
    while not (out / "lock").exists():
        time.sleep(0.1)
    second = started(given, out, 1)
    # Whichever worker is first waits, with something to do, until the other one has something too: it might be done
    # with all before.
    deadline = time.monotonic() + 120
    while not (early := working(out)) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(early[0].pid, signal.SIGSTOP)
    while not set(working(out)) - {early[0]} and time.monotonic() < deadline:
        time.sleep(0.1)
    with suppress(ProcessLookupError):  # taken for hanging meanwhile
        os.kill(early[0].pid, signal.SIGCONT)
    said = second.communicate(timeout=300)[1]
    first.communicate(timeout=60)
    assert first.returncode == second.returncode == 0, said
    assert "another process leads the search in" in said
    assert tuple(read_archive(out)) == unbroken.trials[:20]
    study = Queue(out, directions=DIRECTIONS).study
    hands = {one.user_attrs["worker"][1] for one in study.get_trials() if one.state.name == "COMPLETE"}
    assert len(hands) >= 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": "mobile"}, "there is no space 'mobile'; choose one of: mnasnet, mobilenet_v3, "),
        ({"space": "none.py"}, "there is no file none.py; a space of your own is a Python file"),
        ({"space": __file__}, "has 0 spaces; a file with a space of your own has one"),
        ({"evaluator": "oracle"}, "there is no evaluator 'oracle'; choose one of: supernet, proxy, lookup"),
        ({"evaluator": "lookup"}, "--evaluator lookup reads a table of results and no other does"),
        ({"searcher": "chance"}, "there is no searcher 'chance'; choose one of: surrogate, evolution, random, ppo, "),
        (
            {"searcher": "tpe", "prefilter": True},
            "--prefilter chooses among networks drawn at random, and tpe draws none",
        ),
        ({"objective": "best"}, "there is no objective 'best'; choose one of: soft, hard, "),
        ({"budget": "soon"}, "the budget 'soon' is not one"),
        ({"measure": True}, "only this machine can be measured; leave out --measure, or --device"),
        ({"span": (1.0, 1.5)}, "the span of interest goes from below the budget (0 to 1) to 1 or more, not from 1 "),
        ({"proxy_precision": "fp16"}, "--proxy-precision is one of auto, fp32, bf16, not 'fp16'"),
        ({"trials": 0}, "trials must be at least 1, not 0"),
        ({"runtime": "torch_eager"}, "torch_eager does not say what its kernels take"),
        ({"threads": 2}, "no latency table for onnxruntime fp32, 2 threads; it has"),
    ],
)
def test_bad_input_is_one_sentence(given: Given, tmp_path: Path, change: dict[str, object], message: str) -> None:
    images, profile = given
    asked = {"space": tiny_space.__file__, "data": images, "budget": "0.02ms", "device": profile, "size": 24}
    with pytest.raises(EdgewiseError, match=re.escape(message)):
        search(**{**asked, "out": tmp_path / "run", **change})  # type: ignore[arg-type]


def test_a_table_of_results_that_is_wrong_is_told_before_anything_is_measured(given: Given, tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("accuracy\n0.5\n")
    with pytest.raises(EdgewiseError, match="has no column"):
        quick_search.run(*given, tmp_path / "run", evaluator="lookup", results=tmp_path / "results.csv")
    assert not (tmp_path / "run").exists()


def test_the_dearest_of_a_batch_are_asked_for_first_and_keep_their_numbers() -> None:
    class Quick:
        def run(self, tasks: dict[str, str], done_one: object) -> dict[str, tuple[float, float]]:
            asked.extend(tasks)
            return {name: (0.5 + index, 0.0) for index, name in enumerate(tasks)}

    asked: list[str] = []
    run = SimpleNamespace(_task=lambda one: one, tell=print)
    batch = [Asked(4, (0,), 1.0), Asked(5, (1,), 3.0), Asked(6, (2,), 2.0)]
    found = SearchRun._evaluated(run, Quick(), batch)  # type: ignore[arg-type]
    assert asked == ["trial 0005", "trial 0006", "trial 0004"]
    assert found == {4: 2.5, 5: 0.5, 6: 1.5}


def test_what_a_measurement_shows_to_be_beaten_is_not_of_the_front() -> None:
    said: list[str] = []
    points = list(tiny_space.TINY.points())[:3]
    trials = [
        Trial(number, point, str(number), 1.0 + number, 0.5 + 0.1 * number) for number, point in enumerate(points)
    ]
    run = SimpleNamespace(
        problem=SimpleNamespace(space=tiny_space.TINY),
        gauge=SimpleNamespace(here=True),
        measure=False,
        tell=said.append,
        _measured=lambda networks: [3.0, 2.5, 2.4],
    )
    found = SearchRun.front(run, trials)  # type: ignore[arg-type]
    assert [(one.trial.number, one.ms) for one in found] == [(2, 2.4)]
    assert "within 200.0% of what the table said; where that matters, --measure" in said[0]


@pytest.mark.parametrize(("name", "precision"), [("auto", "auto"), ("fp32", "32"), ("bf16", "bf16")])
def test_networks_are_judged_in_the_precision_that_was_asked_for(name: str, precision: str) -> None:
    assert _short(Recipe(epochs=10, batch_size=32), "proxy", 3, name).precision == precision
    assert _short(Recipe(epochs=10, batch_size=32), "supernet", 3, name).precision == precision


def test_a_budget_that_nothing_keeps_is_refused_before_anything_is_trained(given: Given, tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match=r"the smallest network of tiny takes [\d.]+ ms, and 0.001 ms are not"):
        quick_search.run(*given, tmp_path / "run", budget="1us")
    assert not (tmp_path / "run" / "cache").exists()


def test_the_status_of_what_has_only_begun(tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="has no search; begin one"):
        search_status(tmp_path)
    (tmp_path / "lock").touch()
    begun = search_status(tmp_path)
    assert begun.trials == 0
    assert "no network has been tried yet: first latencies are measured" in begun.state
