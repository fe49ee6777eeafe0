"""Workers: what they did is kept, what fails is told, and one that dies or hangs is told of and its work done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgewise.errors import EdgewiseError
from edgewise.tasks import Pool, Queue, Task
from edgewise.tasks import pool as pool_module
from edgewise.tasks.queue import worker_of

DIRECTIONS = ("maximize", "minimize")


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the module of this folder."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), *sys.path]))


def pool(folder: Path, told: list[str], workers: int = 1) -> Pool:
    return Pool(folder, workers, told.append, module="counting_worker", directions=DIRECTIONS)


def task(to: int, **more: Any) -> Task:
    return Task({"to": to, **more}, more.get("out"))


def test_what_is_done_stays_done_and_what_fails_is_left_out(tmp_path: Path) -> None:
    told: list[str] = []
    with pool(tmp_path, told, workers=2) as workers:
        done = workers.run({"three": task(3, out="three"), "four": task(4), "none": task(0)})
    assert done == {"three": (3.0, 2.0), "four": (4.0, 3.0)}
    assert "none is left out: there is nothing to count" in told
    written = (tmp_path / "three").stat().st_mtime_ns
    seen: list[tuple[str, int]] = []
    with pool(tmp_path, told) as workers:
        tasks = {"three": task(3, out="three"), "two": task(2), "one": task(1)}
        assert workers.missing(tasks) == ["two", "one"]
        assert workers.run(tasks, lambda *done: seen.append(done))["three"] == (3.0, 2.0)
    assert seen == [("two", 1), ("one", 0)]
    assert (tmp_path / "three").stat().st_mtime_ns == written
    (tmp_path / "three").unlink()
    with pool(tmp_path, told) as workers:
        assert workers.run({"three": task(3, out="three")}) == {"three": (3.0, 2.0)}
    assert (tmp_path / "three").exists()


def test_options_are_there_for_optunas_own_tools_also_after_a_worker_is_gone(tmp_path: Path) -> None:
    queue = Queue(tmp_path, directions=DIRECTIONS)
    queue.add("one", Task({"to": 1}, options={"kernel": (5, (3, 5)), "op": ("conv", ("conv", "separable"))}))
    assert queue.take() is not None
    queue.again(queue.look().running()[0])
    trial = queue.take()
    assert trial is not None
    assert trial.params == {"kernel": 5, "op": "conv"}
    queue.done(trial, (1.0, 0.5))
    assert [(one.params, one.values) for one in queue.study.best_trials] == [({"kernel": 5, "op": "conv"}, [1.0, 0.5])]


def test_empty_trials_are_swept_up(tmp_path: Path) -> None:
    queue = Queue(tmp_path, directions=DIRECTIONS)
    queue.study.ask()  # and killed
    with pool(tmp_path, []) as workers:
        workers.run({"one": task(1)})
    assert sorted(one.state.name for one in queue.study.get_trials()) == ["COMPLETE", "PRUNED"]


@pytest.fixture
def harm(tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """Sends a signal to the first worker that works, once."""
    threads: list[threading.Thread] = []

    def of(number: int) -> None:
        def act() -> None:
            queue = Queue(tmp_path, directions=DIRECTIONS)
            for _ in range(600):
                for trial in queue.look().running():
                    worker = worker_of(trial)
                    if worker is not None:
                        os.kill(worker.pid, number)
                        return
                time.sleep(0.05)

        threads.append(threading.Thread(target=act))
        threads[-1].start()

    yield of
    for thread in threads:
        thread.join()


def test_a_worker_that_dies_is_told_and_its_work_done_again(tmp_path: Path, harm: Callable[[int], None]) -> None:
    told: list[str] = []
    with pool(tmp_path, told) as workers:
        harm(signal.SIGKILL)
        assert set(workers.run({"long": task(300)})) == {"long"}
    assert any("ended (signal 9); long is done again" in line for line in told), told


def test_a_worker_that_hangs_is_told_and_its_work_done_again(
    tmp_path: Path, harm: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "PATIENCE_SECONDS", 6.0)
    told: list[str] = []
    with pool(tmp_path, told) as workers:
        harm(signal.SIGSTOP)
        assert set(workers.run({"long": task(300)})) == {"long"}
    assert any(line.startswith("long: its worker (") and "has not got on for 6 s" in line for line in told), told


def test_workers_that_cannot_start_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        pytest.raises(EdgewiseError, match=r"workers keep ending \(exit status 1\)"),
        pool(tmp_path, []) as workers,
    ):
        workers.run({"never": task(1)})


def test_what_a_worker_does_when_its_run_is_killed_is_finished_and_kept(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from test_pool import pool, task; "
        "run = pool(Path(sys.argv[1]), []); run.__enter__(); run.run({'long': task(200), 'next': task(1)})"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    queue = Queue(tmp_path, directions=DIRECTIONS)
    _until(lambda: [one for one in queue.look().running() if worker_of(one)])
    process.kill()
    process.wait()
    _until(lambda: "long" in queue.look().results())
    time.sleep(1.0)
    assert queue.look().asked() == {"next"}  # nobody takes what comes after it
    assert not queue.look().running()


def _until(what: Callable[[], object]) -> None:
    for _ in range(1200):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def test_the_patience_is_what_was_promised() -> None:
    """Dead or hanging, a worker is reported within 30 s."""
    assert pool_module.PATIENCE_SECONDS + 2 < 30
